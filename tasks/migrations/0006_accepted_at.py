"""The weekly look at measured time reads what was accepted in its weeks, not every submission there ever was."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tasks", "0005_reports_of_fraud")]
    operations = [
        migrations.AddIndex(
            "submission",
            models.Index(fields=["decided_at"], condition=models.Q(status="accepted"), name="accepted_at"),
        )
    ]
