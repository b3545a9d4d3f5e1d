from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from experts.loading import load_institutions


def load(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    load_institutions()


class Migration(migrations.Migration):
    dependencies = [("experts", "0004_institutions")]
    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
