class Migration(migrations.Migration):
    operations = [
        # It shall not fail only because somebody else has a lock for a while.
        migrations.RunSQL("SET lock_timeout = 0", migrations.RunSQL.noop),
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
        migrations.CreateModel(
            name="TokenFamily",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("token_hash", models.CharField(max_length=64)),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="logged in at"
                    ),
                ),
                ("expires_at", models.DateTimeField()),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="token_families",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "token families",
                "ordering": ["-created_at"],
            },
        ),
    ]
