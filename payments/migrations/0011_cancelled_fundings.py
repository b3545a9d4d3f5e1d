from django.db import migrations, models


class Migration(migrations.Migration):
    """A lab takes a payment back, and its page at Stripe is closed."""

    dependencies = [
        ("payments", "0010_refunds_seen"),
    ]

    operations = [
        migrations.AlterField(
            model_name="funding",
            name="status",
            field=models.CharField(
                choices=[
                    ("pending", "Pending"),
                    ("processing", "Processing"),
                    ("paid", "Paid"),
                    ("failed", "Failed"),
                    ("expired", "Expired"),
                    ("cancelled", "Cancelled"),
                ],
                default="pending",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="outbox",
            name="op",
            field=models.CharField(
                choices=[
                    ("transfer", "Transfer"),
                    ("refund", "Refund"),
                    ("reversal", "Reversal"),
                    ("expiry", "Expiry"),
                ],
                max_length=20,
            ),
        ),
    ]
