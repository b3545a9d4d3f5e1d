"""Published agreements never change; the first versions ship with the product."""

from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from accounts.agreements import publish_shipped

FORWARD = """
CREATE TRIGGER accounts_agreement_append_only BEFORE UPDATE OR DELETE ON accounts_agreement
    FOR EACH ROW EXECUTE FUNCTION core_refuse_change();
CREATE TRIGGER accounts_agreement_never_emptied BEFORE TRUNCATE ON accounts_agreement
    FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
"""
BACKWARD = """
DROP TRIGGER accounts_agreement_never_emptied ON accounts_agreement;
DROP TRIGGER accounts_agreement_append_only ON accounts_agreement;
"""


def publish(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    publish_shipped(apps.get_model("accounts", "Agreement"))


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_initial"), ("core", "0002_event_append_only")]
    operations = [
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.RunPython(publish, migrations.RunPython.noop),
    ]
