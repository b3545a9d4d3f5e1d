"""Databases from before `PublicIdField.db_type` lose the second index of every public id."""

from django.db import migrations

DROP = """
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()
        AND indexname LIKE '%\\_public\\_id\\_%\\_like' AND indexdef LIKE '%(public_id varchar_pattern_ops)'
    LOOP
        EXECUTE format('DROP INDEX %I', name);
    END LOOP;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0003_longer_states")]

    operations = [migrations.RunSQL(DROP, migrations.RunSQL.noop)]
