"""The seats an expert holds, in an order that no other index has: a claim counts them along this one (queue.STANDING)."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tasks", "0001_initial")]

    operations = [
        migrations.RemoveIndex(model_name="seat", name="seat_live"),
        migrations.AddIndex(
            model_name="seat",
            index=models.Index(
                condition=models.Q(("lease_until__isnull", False), ("status", "claimed")),
                fields=["expert", "lease_until"],
                name="seat_live",
            ),
        ),
    ]
