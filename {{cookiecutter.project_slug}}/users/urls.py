"""Users and tokens."""

from django.urls import path

from users import views

urlpatterns = [
    path("users", views.UserList.as_view(), name="users"),
    path("users/<int:user_id>", views.UserDetail.as_view(), name="user"),
    path("auth/login", views.LogIn.as_view(), name="login"),
    path("auth/logout", views.LogOut.as_view(), name="logout"),
    path("auth/logout-all", views.LogOutEverywhere.as_view(), name="logout-all"),
    path("auth/password", views.Password.as_view(), name="password"),
    path("token/refresh", views.RotateTokens.as_view(), name="token-refresh"),
]
