from __future__ import annotations

import core.ids
import django.db.models.deletion
import django.utils.timezone
import experts.models.joining
from django.conf import settings
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def give_codes(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Each expert a code of their own: a column's default would be one for all."""
    experts = apps.get_model("experts", "Expert")._base_manager
    for expert in experts.filter(join_code=None).iterator():
        experts.filter(pk=expert.pk).update(join_code=core.ids.new_id("ref"))


class Migration(migrations.Migration):
    dependencies = [
        ("experts", "0009_signed_diplomas"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(model_name="expert", name="join_code", field=models.CharField(max_length=20, null=True)),
        migrations.RunPython(give_codes, migrations.RunPython.noop),
        migrations.AlterField(model_name="expert", name="join_code", field=core.ids.PublicIdField(prefix="ref")),
        migrations.CreateModel(
            name="Partner",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", core.ids.PublicIdField(prefix="ptn")),
                ("slug", models.SlugField(max_length=60, unique=True)),
                ("name", models.CharField(max_length=120)),
                ("blurb", models.TextField(blank=True, max_length=5000)),
                ("logo", models.FileField(blank=True, upload_to=experts.models.joining.logo_path)),
                (
                    "status",
                    models.CharField(choices=[("open", "Open"), ("closed", "Closed")], default="open", max_length=6),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
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
        ),
        migrations.CreateModel(
            name="Arrival",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", core.ids.PublicIdField(prefix="arr")),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "referrer",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="brought",
                        to="experts.expert",
                    ),
                ),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="arrival", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="arrivals",
                        to="experts.partner",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("partner__isnull", False), ("referrer__isnull", True)),
                            models.Q(("partner__isnull", True), ("referrer__isnull", False)),
                            _connector="OR",
                        ),
                        name="arrival_through_one",
                    )
                ],
            },
        ),
    ]
