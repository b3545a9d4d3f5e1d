"""Customers and accounts count the keys under which Stripe was asked for them, and remember since when."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0022_ways_out")]
    operations = [
        migrations.AddField(model, name, field)
        for model in ("customer", "payee")
        for name, field in (
            ("asked_at", models.DateTimeField(null=True, editable=False)),
            ("run", models.PositiveSmallIntegerField(default=1, editable=False)),
        )
    ]
