import core.sealed_storage
import experts.models.evidence
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("experts", "0005_shipped_institutions")]

    operations = [
        migrations.AlterField(
            model_name="evidence",
            name="file",
            field=models.FileField(
                storage=core.sealed_storage.sealed_files, upload_to=experts.models.evidence.evidence_path
            ),
        ),
        migrations.AlterField(
            model_name="evidencepage",
            name="image",
            field=models.FileField(
                storage=core.sealed_storage.sealed_files, upload_to=experts.models.evidence.page_path
            ),
        ),
    ]
