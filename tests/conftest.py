"""What every test gets: real servers (marketplace.localstack.pytest_plugin), no network, no leftovers."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.core.cache import cache
from pytest_django import DjangoDbBlocker

from tests import flush
from tests.books import _every_cent_is_accounted_for
from tests.sandbox import contract_kept

__all__ = ["_every_cent_is_accounted_for"]

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class NetworkIsOff(RuntimeError):
    """A test tried to leave this machine."""


def pytest_configure() -> None:
    """Before Django reads them: cheap hashes (a login per test), and static files without a collected manifest."""
    settings.QUORUM_RECORD_KEYS = [Fernet.generate_key().decode()]
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.TEMPLATES[0]["OPTIONS"]["debug"] = True  # templates know their lines, for coverage
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver", "localhost", "127.0.0.1"]


@pytest.fixture(autouse=True, scope="session")
def _network_off() -> Iterator[None]:
    connect = socket.socket.connect

    def local_only(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in LOOPBACK:
            raise NetworkIsOff(f"tests stay on this machine: {address}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", local_only)
        yield


@pytest.fixture(autouse=True, scope="session")
def _every_request_keeps_the_contract() -> Iterator[None]:
    """33. Whichever sandbox of the suite was asked; those of other processes are asked for theirs (tests/runtime)."""
    with contract_kept():
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings_parallel_suffix() -> None:
    """Of several processes each has a PostgreSQL of its own, where the migrated database has the usual name."""


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """After the migrations, remember the rows they ship, so that a flush can bring them back."""
    with django_db_blocker.unblock():
        shipped = flush.remember_shipped_rows()
    with flush.past_the_guards(shipped):
        yield


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    """Sessions, throttles and locks of one test are not the next one's."""
    yield
    cache.clear()
