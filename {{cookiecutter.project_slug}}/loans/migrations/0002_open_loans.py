from django.db import migrations, models

from common.migrations import AddIndexOnline


class Migration(migrations.Migration):

    atomic = False

    dependencies = [("loans", "0001_initial")]

    operations = [
        AddIndexOnline(
            model_name="loan",
            index=models.Index(
                condition=models.Q(("is_returned", False)),
                fields=["user"],
                name="open_loans",
            ),
        ),
    ]
