"""Documents at rest: whoever copies the folder or the bucket can read nothing, and can swap nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet, InvalidToken
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, default_storage
from pytest_django import Settings

from core.sealed_storage import MARK, SealBroken, SealedStorage, sealed_files
from core.sealing import opens, seal, unseal

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
WORDS = b"%PDF-1.7 Doctor of Philosophy"
NAME = "evidence/evd_a/original"
BACKENDS = {
    "files": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "memory": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
}


@pytest.fixture(params=BACKENDS, autouse=True)
def _storage(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> None:
    options = {"OPTIONS": {"location": tmp_path}} if request.param == "files" else {}
    settings.STORAGES = {**settings.STORAGES, "default": {**BACKENDS[request.param], **options}}
    settings.QUORUM_FILE_KEYS = [OLD]


def kept(name: str) -> bytes:
    with default_storage.open(name) as file:
        found: bytes = file.read()
    return found


def put(words: bytes = WORDS, name: str = NAME) -> str:
    return sealed_files().save(name, ContentFile(words))


def read(name: str) -> bytes:
    with sealed_files().open(name) as file:
        found: bytes = file.read()
    return found


def test_the_first_key_seals_and_all_of_them_open() -> None:
    sealed = seal(b"secret", [OLD])
    assert unseal(sealed, [NEW, OLD]) == b"secret"
    assert (opens(sealed, OLD), opens(sealed, NEW)) == (True, False)
    with pytest.raises(InvalidToken):
        unseal(sealed, [NEW])
    with pytest.raises(ValueError, match="at least one"):
        seal(b"secret", [])


def test_what_is_put_in_comes_out_and_lies_there_sealed() -> None:
    name = put()
    assert read(name) == WORDS
    assert kept(name).startswith(MARK)
    assert WORDS not in kept(name)
    assert put() != name  # a second one does not take its place
    sealed_files().delete(name)
    assert not sealed_files().exists(name)


def test_a_document_has_no_address() -> None:
    with pytest.raises(NotImplementedError):
        sealed_files().url(put())


def test_without_a_key_files_are_kept_as_they_come_and_are_read_once_there_is_one(settings: Settings) -> None:
    settings.QUORUM_FILE_KEYS = []
    name = put()
    assert kept(name) == WORDS
    settings.QUORUM_FILE_KEYS = [OLD]
    assert read(name) == WORDS
    assert not sealed_files().is_current(name)


def test_a_new_key_goes_in_front_and_the_old_one_still_opens(settings: Settings) -> None:
    name = put()
    assert sealed_files().is_current(name)
    settings.QUORUM_FILE_KEYS = [NEW, OLD]
    assert read(name) == WORDS
    assert not sealed_files().is_current(name)


def changed(name: str, settings: Settings) -> None:
    whole = kept(name)
    default_storage.delete(name)
    default_storage.save(name, ContentFile(whole[:-1] + bytes([whole[-1] ^ 1])))


def lost(name: str, settings: Settings) -> None:
    settings.QUORUM_FILE_KEYS = [NEW]


def none_left(name: str, settings: Settings) -> None:
    settings.QUORUM_FILE_KEYS = []


def swapped(name: str, settings: Settings) -> None:
    other = kept(put(b"Somebody else's", "evidence/evd_b/original"))
    default_storage.delete(name)
    default_storage.save(name, ContentFile(other))


@pytest.mark.parametrize("harm", [changed, lost, none_left, swapped])
def test_a_file_that_was_tampered_with_does_not_open(harm: Any, settings: Settings) -> None:
    name = put()
    harm(name, settings)
    with pytest.raises(SealBroken, match="evidence/evd_a/original"):
        read(name)


class Bucket(Storage):
    """The least that a storage can do: bytes by name, in one request each."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def _open(self, name: str, mode: str = "rb") -> ContentFile[bytes]:
        return ContentFile(self.objects[name])

    def _save(self, name: str, content: Any) -> str:
        self.objects[name] = content.read()
        return name

    def exists(self, name: str) -> bool:
        return name in self.objects


def test_any_storage_will_do() -> None:
    bucket = Bucket()
    around = SealedStorage(bucket)
    name = around.save(NAME, ContentFile(WORDS))
    assert bucket.objects[name].startswith(MARK)
    assert around.open(name).read() == WORDS
