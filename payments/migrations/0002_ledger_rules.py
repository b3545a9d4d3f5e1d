"""The rules of the ledger, held by PostgreSQL itself. docs/money.md lists them; tests/payments break each one."""

from __future__ import annotations

from django.db import migrations

RULES = """
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The ledger is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER ledger_entry_frozen BEFORE UPDATE OR DELETE ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_posting_frozen BEFORE UPDATE OR DELETE ON ledger_posting
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_account_kept BEFORE DELETE ON ledger_account
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_entry_whole BEFORE TRUNCATE ON ledger_entry EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_posting_whole BEFORE TRUNCATE ON ledger_posting EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_account_whole BEFORE TRUNCATE ON ledger_account EXECUTE FUNCTION ledger_refuse();

CREATE FUNCTION ledger_stamp_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.xid := pg_current_xact_id()::text::bigint;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_entry_stamp BEFORE INSERT ON ledger_entry
    FOR EACH ROW EXECUTE FUNCTION ledger_stamp_entry();

-- All legs of an entry come in one statement, so the whole entry can be judged at once.
CREATE FUNCTION ledger_apply() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong text;
BEGIN
    SELECT e.key INTO wrong FROM ledger_entry e
        WHERE e.id IN (SELECT entry_id FROM fresh) AND e.xid <> pg_current_xact_id()::text::bigint LIMIT 1;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'Ledger entry % is closed', wrong USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT f.entry_id::text INTO wrong FROM fresh f JOIN ledger_account a ON a.id = f.account_id
        GROUP BY f.entry_id, a.currency HAVING sum(f.amount) <> 0 OR count(*) < 2 LIMIT 1;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'Ledger entry % does not balance', wrong USING ERRCODE = 'check_violation';
    END IF;
    UPDATE ledger_account a
        SET balance = a.balance + CASE a.side WHEN 'debit' THEN moved.amount ELSE -moved.amount END
        FROM (SELECT account_id, sum(amount) AS amount FROM fresh GROUP BY account_id) moved
        WHERE a.id = moved.account_id AND a.tracked;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_posting_apply AFTER INSERT ON ledger_posting
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION ledger_apply();

-- An entry without legs moves nothing and hides a fault.
CREATE FUNCTION ledger_entry_has_legs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM ledger_posting WHERE entry_id = NEW.id) THEN
        RAISE EXCEPTION 'Ledger entry % has no legs', NEW.key USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_entry_legs AFTER INSERT ON ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_entry_has_legs();

CREATE FUNCTION ledger_guard_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.balance <> 0 THEN
            RAISE EXCEPTION 'A ledger account starts at zero' USING ERRCODE = 'check_violation';
        END IF;
    ELSIF pg_trigger_depth() < 2 OR (NEW.kind, NEW.ref, NEW.currency, NEW.side, NEW.tracked, NEW.floor0)
            IS DISTINCT FROM (OLD.kind, OLD.ref, OLD.currency, OLD.side, OLD.tracked, OLD.floor0) THEN
        RAISE EXCEPTION 'Balances move through postings only' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_account_guard BEFORE INSERT OR UPDATE ON ledger_account
    FOR EACH ROW EXECUTE FUNCTION ledger_guard_account();
"""

BACK = """
DROP TRIGGER ledger_account_guard ON ledger_account;
DROP TRIGGER ledger_entry_legs ON ledger_entry;
DROP TRIGGER ledger_posting_apply ON ledger_posting;
DROP TRIGGER ledger_entry_stamp ON ledger_entry;
DROP TRIGGER ledger_account_whole ON ledger_account;
DROP TRIGGER ledger_posting_whole ON ledger_posting;
DROP TRIGGER ledger_entry_whole ON ledger_entry;
DROP TRIGGER ledger_account_kept ON ledger_account;
DROP TRIGGER ledger_posting_frozen ON ledger_posting;
DROP TRIGGER ledger_entry_frozen ON ledger_entry;
DROP FUNCTION ledger_guard_account, ledger_entry_has_legs, ledger_apply, ledger_stamp_entry, ledger_refuse;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial")]
    operations = [migrations.RunSQL(RULES, BACK)]
