import core.ids
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("experts", "0017_audiences"),
    ]

    operations = [
        migrations.CreateModel(
            name="OrcidItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", core.ids.PublicIdField(prefix="oit")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("education", "Education"),
                            ("qualification", "Qualification"),
                            ("employment", "Employment"),
                            ("work", "Work"),
                        ],
                        max_length=13,
                    ),
                ),
                ("put_code", models.PositiveBigIntegerField()),
                ("title", models.CharField(blank=True, max_length=255)),
                ("department", models.CharField(blank=True, max_length=255)),
                ("organisation", models.CharField(blank=True, max_length=255)),
                ("country", models.CharField(blank=True, max_length=2)),
                ("started", models.CharField(blank=True, max_length=10)),
                ("ended", models.CharField(blank=True, max_length=10)),
                ("asserted", models.BooleanField(default=False)),
                ("source", models.CharField(blank=True, max_length=255)),
                ("source_id", models.CharField(blank=True, max_length=40)),
                ("read_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "credential",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="orcid_items",
                        to="experts.credential",
                    ),
                ),
                (
                    "expert",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="orcid_items", to="experts.expert"
                    ),
                ),
                (
                    "institution",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="experts.institution",
                    ),
                ),
            ],
            options={
                "ordering": ["kind", "-ended", "-started", "put_code"],
                "constraints": [models.UniqueConstraint(fields=("expert", "kind", "put_code"), name="orcid_item_once")],
            },
        ),
    ]
