import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """An outbox row names what it delivers, and who must be ready for it, instead of pointing at a payout."""

    dependencies = [
        ("payments", "0007_disputes"),
    ]

    operations = [
        migrations.AddField(
            model_name="outbox",
            name="subject",
            field=models.CharField(default="", max_length=40),
            preserve_default=False,
        ),
        migrations.AddField(model_name="outbox", name="run", field=models.PositiveIntegerField(default=1)),
        migrations.AddField(
            model_name="outbox",
            name="payee",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="payments.payee"
            ),
        ),
        migrations.RunSQL(
            """
            UPDATE payments_outbox x
            SET subject = p.public_id, payee_id = y.id, run = split_part(x.key, ':', 3)::int
            FROM payments_payout p JOIN payments_payee y ON y.user_id = p.payee_id
            WHERE p.id = x.payout_id;
            SET CONSTRAINTS ALL IMMEDIATE
            """,
            migrations.RunSQL.noop,
        ),
        migrations.RemoveConstraint(model_name="outbox", name="one_live_delivery_per_payout"),
        migrations.RemoveField(model_name="outbox", name="payout"),
        migrations.RemoveField(model_name="payout", name="run"),
        migrations.AlterField(
            model_name="outbox",
            name="op",
            field=models.CharField(
                choices=[("transfer", "Transfer"), ("refund", "Refund"), ("reversal", "Reversal")], max_length=20
            ),
        ),
        migrations.AddConstraint(
            model_name="outbox",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "failed"), _negated=True),
                fields=("subject",),
                name="one_live_delivery_per_subject",
            ),
        ),
    ]
