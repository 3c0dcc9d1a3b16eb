"""Takes the tokens out of the tables that held them in clear, before TokenFamily.

The release before this one may still be running, or come back: it needs the rows, which
say which of its tokens are used up, but not their texts. Without a user, a row is in no
deletion's way. A later release can drop both tables (see CHANGELOG.md).
"""

from django.db import migrations

TABLE = "token_blacklist_outstandingtoken"


def clear(apps, schema_editor):
    connection = schema_editor.connection
    if TABLE in connection.introspection.table_names():
        schema_editor.execute(f"UPDATE {TABLE} SET token = '', user_id = NULL")


class Migration(migrations.Migration):

    dependencies = [("users", "0003_token_families")]

    operations = [migrations.RunPython(clear, migrations.RunPython.noop)]
