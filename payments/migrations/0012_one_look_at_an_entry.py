"""An entry is judged in one look: open to this transaction, balanced, of two legs or more."""

from __future__ import annotations

from django.db import migrations

# All legs of an entry come in one statement, so the whole entry can be judged at once.
APPLY = """
CREATE OR REPLACE FUNCTION ledger_apply() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong record;
BEGIN
    SELECT e.key, e.xid <> pg_current_xact_id()::text::bigint AS closed INTO wrong
        FROM fresh f JOIN ledger_account a ON a.id = f.account_id JOIN ledger_entry e ON e.id = f.entry_id
        GROUP BY e.id, a.currency
        HAVING sum(f.amount) <> 0 OR count(*) < 2 OR e.xid <> pg_current_xact_id()::text::bigint
        ORDER BY closed DESC LIMIT 1;
    IF wrong.closed THEN
        RAISE EXCEPTION 'Ledger entry % is closed', wrong.key USING ERRCODE = 'restrict_violation';
    ELSIF FOUND THEN
        RAISE EXCEPTION 'Ledger entry % does not balance', wrong.key USING ERRCODE = 'check_violation';
    END IF;
    UPDATE ledger_account a
        SET balance = a.balance + CASE a.side WHEN 'debit' THEN moved.amount ELSE -moved.amount END
        FROM (SELECT account_id, sum(amount) AS amount FROM fresh GROUP BY account_id) moved
        WHERE a.id = moved.account_id AND a.tracked;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0011_cancelled_fundings")]
    operations = [migrations.RunSQL(APPLY, migrations.RunSQL.noop)]
