"""Reversals' ids begin with letters of their own: `rev_` is a review's.

What is only ever added to (the ledger, the event log) and what Stripe was sent keep the old id; payments.facts knows it.
"""

from __future__ import annotations

from django.db import migrations

import core.ids

RENAME = """
UPDATE payments_outbox SET subject = '{to}' || substr(subject, 5) WHERE op = 'reversal' AND subject LIKE '{since}%';
UPDATE payments_balancetransaction t SET matched = '{to}' || substr(matched, 5)
    FROM payments_reversal r WHERE r.public_id = t.matched AND matched LIKE '{since}%';
UPDATE payments_reversal SET public_id = '{to}' || substr(public_id, 5) WHERE public_id LIKE '{since}%';
"""

FORWARD = RENAME.format(since="rev\\_", to="rvl_")
BACKWARD = RENAME.format(since="rvl\\_", to="rev_")


class Migration(migrations.Migration):
    dependencies = [("payments", "0023_once_at_stripe")]
    operations = [
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.AlterField("reversal", "public_id", core.ids.PublicIdField(prefix="rvl")),
    ]
