"""The least an hour that somebody claimed a seat under cannot fall, whoever writes to the table."""

from __future__ import annotations

from django.db import migrations

RULE = """
CREATE FUNCTION project_keep_least() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM tasks_seat WHERE project_id = OLD.id AND status IN ('claimed', 'settled')) THEN
        RAISE EXCEPTION 'Seats of % were claimed under % an hour; it cannot fall', OLD.public_id, OLD.min_hourly
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER project_keeps_its_least BEFORE UPDATE OF min_hourly ON projects_project
    FOR EACH ROW WHEN (NEW.min_hourly < OLD.min_hourly) EXECUTE FUNCTION project_keep_least();
"""

UNDO = """
DROP TRIGGER project_keeps_its_least ON projects_project;
DROP FUNCTION project_keep_least();
"""


class Migration(migrations.Migration):
    dependencies = [("tasks", "0006_accepted_at"), ("projects", "0002_least_an_hour")]
    operations = [migrations.RunSQL(RULE, UNDO)]
