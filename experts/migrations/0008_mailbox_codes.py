import core.ids
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("experts", "0007_life_after"),
    ]

    operations = [
        migrations.CreateModel(
            name="MailboxCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", core.ids.PublicIdField(prefix="mbx")),
                ("address", models.EmailField(max_length=254)),
                ("asked_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "credential",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mailbox_codes",
                        to="experts.credential",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["address", "asked_at"], name="mailbox_by_address")],
            },
        ),
    ]
