"""The words that the desk offers at first; ops keep the list from then on."""

from __future__ import annotations

from typing import Any

from django.db import migrations

ASK = (
    ("All pages", "Please send the other side, or all pages, of the document."),
    ("Sharper scan", "We could not read the scan. Please send a sharper one."),
    ("Change of name", "The name differs from your account's. Please add a proof of the change of name."),
    ("Translation", "Please add a translation into English, made or certified by a translator."),
    (
        "Final document",
        "This looks like an interim document. Please send the certificate or the final transcript.",
    ),
)
REFUSE = (
    (
        "Cannot be read",
        "We tried to read the document and could not make out who it was given to, by whom, and for what.",
    ),
    ("Another person", "The document bears a name that we cannot bring together with yours."),
    ("No degree certificate", "What you sent does not show that the degree was awarded."),
    ("Unknown institution", "We could not find that this institution is allowed to award this degree."),
    ("Altered", "Parts of the document do not fit the rest of it."),
)


def ship(apps: Any, schema_editor: Any) -> None:
    template = apps.get_model("experts", "ReasonTemplate")
    for decision, words in (("ask", ASK), ("refuse", REFUSE)):
        for label, text in words:
            template.objects.create(decision=decision, label=label, text=text)


class Migration(migrations.Migration):
    dependencies = [("experts", "0012_verdicts")]
    operations = [migrations.RunPython(ship, migrations.RunPython.noop)]
