import core.ids
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("experts", "0010_joining"),
    ]

    operations = [
        migrations.CreateModel(
            name="RegisterEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "profession",
                    models.CharField(
                        choices=[
                            ("physician", "Physician"),
                            ("attorney", "Attorney"),
                            ("accountant", "Certified public accountant"),
                            ("engineer", "Professional engineer"),
                            ("nurse", "Registered nurse"),
                            ("pharmacist", "Pharmacist"),
                        ],
                        max_length=12,
                    ),
                ),
                ("place", models.CharField(max_length=6)),
                ("number", models.CharField(max_length=40)),
                ("name", models.CharField(max_length=200)),
                ("active", models.BooleanField(default=True)),
                ("expires_on", models.DateField(blank=True, null=True)),
                ("source", models.CharField(max_length=200)),
                ("loaded_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "verbose_name_plural": "register entries",
                "constraints": [models.UniqueConstraint(fields=("profession", "place", "number"), name="licence_once")],
            },
        ),
        migrations.CreateModel(
            name="Inquiry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", core.ids.PublicIdField(prefix="inq")),
                (
                    "road",
                    models.CharField(
                        choices=[
                            ("document", "Document"),
                            ("mailbox", "Institutional mailbox"),
                            ("orcid", "ORCID record"),
                            ("diploma", "Signed diploma"),
                            ("register", "Licence register"),
                        ],
                        max_length=8,
                    ),
                ),
                ("subject", models.CharField(max_length=40)),
                ("asked_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("due_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("problem", models.CharField(blank=True, max_length=200)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "credential",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="inquiries",
                        to="experts.credential",
                    ),
                ),
                (
                    "expert",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="inquiries", to="experts.expert"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "inquiries",
                "indexes": [
                    models.Index(condition=models.Q(("closed_at__isnull", True)), fields=["due_at"], name="inquiry_due")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("closed_at__isnull", True)),
                        fields=("expert", "credential", "road"),
                        name="inquiry_one_at_a_time",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
    ]
