"""Pay that somebody claimed a seat for cannot fall, whoever writes to the table."""

from __future__ import annotations

from django.db import migrations

RULE = """
CREATE FUNCTION seat_keep_pay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Seat % was claimed for %; its pay cannot fall', OLD.public_id, OLD.pay
        USING ERRCODE = 'check_violation';
END $$;

CREATE TRIGGER seat_keeps_its_pay BEFORE UPDATE OF pay, currency ON tasks_seat
    FOR EACH ROW WHEN (OLD.status IN ('claimed', 'settled') AND (NEW.pay < OLD.pay OR NEW.currency <> OLD.currency))
    EXECUTE FUNCTION seat_keep_pay();
"""

UNDO = """
DROP TRIGGER seat_keeps_its_pay ON tasks_seat;
DROP FUNCTION seat_keep_pay();
"""


class Migration(migrations.Migration):
    dependencies = [("tasks", "0003_no_index_on_upload")]
    operations = [migrations.RunSQL(RULE, UNDO)]
