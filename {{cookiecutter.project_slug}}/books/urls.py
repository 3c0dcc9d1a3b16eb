"""Books and tags."""

from django.urls import path

from books import views

urlpatterns = [
    path("books", views.BookList.as_view(), name="books"),
    path("books/<int:book_id>", views.BookDetail.as_view(), name="book"),
    path("books/<int:book_id>/tags", views.BookTags.as_view(), name="book-tags"),
    path("tags", views.TagList.as_view(), name="tags"),
    path("tags/<int:tag_id>", views.TagDetail.as_view(), name="tag"),
]
