"""A payment page counts the keys under which Stripe was asked for it."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0019_idle_funds")]
    operations = [migrations.AddField("funding", "run", models.PositiveSmallIntegerField(default=1, editable=False))]
