"""Stray files: kept by a transaction that was rolled back, or by a process that was killed before a row named them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from django.apps import apps
from django.core.files.storage import Storage, default_storage
from django.db import models
from django.db.models import Max
from django.utils import timezone

from core.models import Event

logger = logging.getLogger(__name__)

FOLDERS: Final = ("imports", "exports", "evidence", "partners", "diplomas")
"""Where our rows keep their files. What else lies in the same bucket is not ours to judge."""
GRACE: Final = timedelta(days=1)  # a younger file may belong to a row that is not committed yet
BATCH: Final = 500
FEW: Final = 20  # may always go at once
MOST_SHARE: Final = 10  # of more than FEW, one in so many files at most


class TooManyStrays(RuntimeError):
    """So many files that no row names speak of a lost or an old database rather than of uploads that broke off."""


def remove_strays(*, dry_run: bool = False, force: bool = False) -> list[str]:
    """Remove (`dry_run`: only find) the files older than GRACE that no row names. Returns their names.

    Files younger than the newest event stay, because a restored dump may be older than they are, and where more than
    FEW and a MOST_SHARE-th of all are strays none is removed (TooManyStrays), unless `force`d.
    """
    strays, every = _strays(force)
    if not (force or dry_run) and len(strays) > max(FEW, every // MOST_SHARE):
        raise TooManyStrays(f"{len(strays)} of {every} files are named by no row; none was removed.")
    for name in strays if not dry_run else ():
        default_storage.delete(name)
        logger.info("Removed %s, which no row names.", name)
    return strays


def _strays(force: bool) -> tuple[list[str], int]:
    """Their names, and how many files there are in all."""
    before = timezone.now() - GRACE
    if not force:
        newest = Event.objects.aggregate(at=Max("at"))["at"]
        before = min(before, newest or datetime.min.replace(tzinfo=UTC))
    found, every = [], 0
    files = (name for folder in FOLDERS for name in _walk(default_storage, folder))
    while batch := list(islice(files, BATCH)):
        every += len(batch)
        named = _named(batch)
        found += [name for name in batch if name not in named and _is_older(name, before)]
    return found, every


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


def _is_older(name: str, moment: datetime) -> bool:
    try:
        return default_storage.get_modified_time(name) < moment
    except FileNotFoundError:  # somebody else was faster
        return False
