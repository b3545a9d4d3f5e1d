import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """The index on account alone makes room for one that knows the order of its postings, and their amounts."""

    dependencies = [("payments", "0016_dues")]

    operations = [
        migrations.AddIndex(
            model_name="posting",
            index=models.Index(fields=["account", "entry"], include=["amount"], name="ledger_posting_of_account"),
        ),
        migrations.AlterField(
            model_name="posting",
            name="account",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="postings",
                to="payments.account",
            ),
        ),
    ]
