"""The whole of posting in one statement whose plans are kept: locks in order, floors, the entry, its legs.

Plans are made once a connection, often while a table is small. A scan of the whole table is then the cheapest, and stays
the plan while the table grows, until somebody analyses it. What each function reads has an index: scans are off in them.
"""

from __future__ import annotations

from django.db import migrations

POST = """
CREATE FUNCTION ledger_post(
    wanted_key text, wanted_kind text, wanted_digest text, wanted_meta jsonb, wanted_reverses bigint,
    wanted_currency text, kinds text[], refs text[], amounts bigint[],
    OUT outcome text, OUT entry_id bigint, OUT digest text,
    OUT kind text, OUT ref text, OUT balance bigint, OUT amount bigint
) LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
    known bigint[];
    to_lock bigint[];
BEGIN
    SELECT array_agg(a.id ORDER BY leg.place), array_agg(a.id) FILTER (WHERE a.tracked) INTO known, to_lock
        FROM unnest(kinds, refs) WITH ORDINALITY AS leg(kind, ref, place)
        LEFT JOIN ledger_account a ON a.kind = leg.kind AND a.ref = leg.ref AND a.currency = wanted_currency;
    IF array_position(known, NULL) IS NOT NULL THEN
        outcome := 'no_account';
        RETURN;
    END IF;
    -- In order of id, so that no two wait for each other in a circle.
    PERFORM a.id FROM ledger_account a WHERE a.id = ANY (to_lock) ORDER BY a.id FOR NO KEY UPDATE;
    -- Floors stand on credit accounts only, and what is debited is positive.
    SELECT a.kind, a.ref, a.balance, leg.amount INTO kind, ref, balance, amount
        FROM unnest(known, amounts) AS leg(id, amount) JOIN ledger_account a ON a.id = leg.id
        WHERE a.floor0 AND a.balance < leg.amount LIMIT 1;
    IF kind IS NULL THEN
        INSERT INTO ledger_entry (key, kind, digest, meta, reverses_id)
            VALUES (wanted_key, wanted_kind, wanted_digest, wanted_meta, wanted_reverses)
            ON CONFLICT (key) DO NOTHING RETURNING id INTO entry_id;
        IF FOUND THEN
            INSERT INTO ledger_posting (entry_id, account_id, amount)
                SELECT ledger_post.entry_id, leg.id, leg.amount
                FROM unnest(known, amounts) AS leg(id, amount) WHERE leg.amount <> 0 ORDER BY leg.id;
            outcome := 'posted';
            RETURN;
        END IF;
    END IF;
    SELECT e.id, e.digest INTO entry_id, digest FROM ledger_entry e WHERE e.key = wanted_key;
    outcome := CASE WHEN FOUND THEN 'repeated' ELSE 'short' END;
END $$;

ALTER FUNCTION ledger_apply() SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off;
ALTER FUNCTION ledger_entry_has_legs() SET enable_seqscan = off;
"""
BACK = """
ALTER FUNCTION ledger_entry_has_legs() RESET ALL;
ALTER FUNCTION ledger_apply() RESET ALL;
DROP FUNCTION ledger_post;
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0020_funding_run")]
    operations = [migrations.RunSQL(POST, BACK)]
