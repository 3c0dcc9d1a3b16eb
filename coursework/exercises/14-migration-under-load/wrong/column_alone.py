class Migration(migrations.Migration):
    operations = [
        migrations.AddField(
            model_name="user",
            name="token_salt",
            field=models.CharField(
                editable=False,
                max_length=32,
                db_default="",
                default="",
            ),
        ),
    ]
