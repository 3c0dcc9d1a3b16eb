"""Takes the tokens out of the tables that held them in clear, before TokenFamily.

The release before this one may still be running, or come back. It needs the rows, which
say which of its tokens are used up, but neither their texts nor their users; and it may
add some. None is to be in the way when a user is deleted. Later both tables can be
dropped: CHANGELOG.md of the template says when.
"""

from django.db import migrations

TABLE = "token_blacklist_outstandingtoken"


def clear(apps, schema_editor):
    connection = schema_editor.connection
    if TABLE not in connection.introspection.table_names():
        return
    schema_editor.execute(f"UPDATE {TABLE} SET token = '', user_id = NULL")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            found = connection.introspection.get_constraints(cursor, TABLE)
        for name in (name for name, each in found.items() if each["foreign_key"]):
            schema_editor.execute(f'ALTER TABLE {TABLE} DROP CONSTRAINT "{name}"')


class Migration(migrations.Migration):

    dependencies = [("users", "0003_token_families")]

    operations = [migrations.RunPython(clear, migrations.RunPython.noop)]
