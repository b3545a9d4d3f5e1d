"""Documents that lie there under no key, or an old one, come under the newest."""

from __future__ import annotations

import logging
from pathlib import PurePath

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import transaction

from core.errors import Refused
from core.sealed_storage import sealed_files
from core.transitions import lock
from experts.models import Diploma, Evidence, EvidencePage

logger = logging.getLogger(__name__)


def seal_documents() -> tuple[int, int]:
    """All files of experts, one a transaction. Safe to stop and repeat. Returns (sealed now, missing).

    Raises Refused without a key, and SealBroken at a file whose key is not there.
    """
    if not settings.QUORUM_FILE_KEYS:
        raise Refused("QUORUM_FILE_KEYS is empty: there is no key to seal with.", code="no_key")
    sealed = missing = 0
    for model, name in ((Evidence, "file"), (EvidencePage, "image"), (Diploma, "file")):
        for pk in list(model.objects.order_by("pk").values_list("pk", flat=True)):
            try:
                sealed += _seal(model, pk, name)
            except FileNotFoundError as gone:
                missing += 1
                logger.warning("%s %s has no file: %s", model.__name__, pk, gone)
    return sealed, missing


@transaction.atomic
def _seal(model: type[Evidence | EvidencePage | Diploma], pk: int, name: str) -> int:
    """Written anew beside the old file, which goes once the row names the new one."""
    row = lock(model(pk=pk))
    file, files = getattr(row, name), sealed_files()
    if files.is_current(file.name):
        return 0
    old = file.name
    with files.open(old) as before:
        plain = before.read()
    file.save(PurePath(old).name, ContentFile(plain), save=False)
    row.save(update_fields=[name])
    transaction.on_commit(lambda: files.delete(old))
    return 1
