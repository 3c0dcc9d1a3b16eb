from django.db import migrations, models

from common.migrations import AddIndexOnline, AddPostgresIndexes


class Migration(migrations.Migration):

    atomic = False

    dependencies = [("books", "0001_initial")]

    operations = [
        AddIndexOnline(
            model_name="book",
            index=models.Index(fields=["title", "-id"], name="book_by_title"),
        ),
        AddIndexOnline(
            model_name="book",
            index=models.Index(fields=["published_at", "-id"], name="book_by_day"),
        ),
        # Django makes the table of links, and one index for each of its columns:
        # this one finds the books of a tag without looking at the links themselves.
        AddPostgresIndexes(book_by_tag="books_book_tags (tag_id, book_id)"),
    ]
