"""Stray files: kept by a transaction that was rolled back, or by a process that was killed before a row named them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Final

from django.apps import apps
from django.core.files.storage import Storage, default_storage
from django.db import models
from django.utils import timezone

logger = logging.getLogger(__name__)

FOLDERS: Final = ("imports", "exports", "evidence", "partners")
"""Where our rows keep their files. What else lies in the same bucket is not ours to judge."""
GRACE: Final = timedelta(days=1)  # a younger file may belong to a row that is not committed yet
BATCH: Final = 500


def remove_strays(*, dry_run: bool = False) -> list[str]:
    """Remove (`dry_run`: only find) the files older than GRACE that no row names. Returns their names."""
    gone = []
    files = (name for folder in FOLDERS for name in _walk(default_storage, folder))
    while batch := list(islice(files, BATCH)):
        named = _named(batch)
        for name in batch:
            if name not in named and _is_old(name):
                gone.append(name)
                if not dry_run:
                    default_storage.delete(name)
                    logger.info("Removed %s, which no row names.", name)
    return gone


def _walk(storage: Storage, folder: str) -> Iterator[str]:
    """The files below it. A folder that was never written to is empty."""
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in files:
        yield f"{folder}/{name}"
    for name in folders:
        yield from _walk(storage, f"{folder}/{name}")


def _named(names: list[str]) -> set[str]:
    """Which of them a row of any table names."""
    found: set[str] = set()
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, models.FileField):
                rows = model._base_manager.filter(**{f"{field.name}__in": names})
                found.update(rows.values_list(field.name, flat=True))
    return found


def _is_old(name: str) -> bool:
    try:
        return default_storage.get_modified_time(name) < timezone.now() - GRACE
    except FileNotFoundError:  # somebody else was faster
        return False
