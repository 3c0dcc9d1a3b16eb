from django.db import migrations

from common.migrations import AddTrigramIndexes


class Migration(migrations.Migration):

    atomic = False

    dependencies = [("books", "0002_indexes")]

    operations = [
        AddTrigramIndexes("books_book", ["title", "author"], before="0002"),
    ]
