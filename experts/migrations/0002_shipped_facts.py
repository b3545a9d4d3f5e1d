from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from experts.loading import load_fields


def load(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    load_fields(apps.get_model("experts", "Field"))


class Migration(migrations.Migration):
    dependencies = [("experts", "0001_initial")]
    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
