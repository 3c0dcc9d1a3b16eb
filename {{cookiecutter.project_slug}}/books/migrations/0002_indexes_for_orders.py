from django.db import migrations, models

from common.migrations import AddIndexOnline


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
    ]
