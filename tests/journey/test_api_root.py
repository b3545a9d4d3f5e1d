"""The API describes itself completely: no warnings, every address named and explained, and a page that reads it."""

from __future__ import annotations

import pytest
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema

from marketplace import api
from marketplace.api_docs import operations, schema


@pytest.fixture(scope="module")
def described() -> dict[str, object]:
    GENERATOR_STATS.reset()
    schema.cache_clear()
    with GENERATOR_STATS.silence():
        return schema()


def test_the_schema_is_valid_and_made_without_a_warning(described: dict[str, object]) -> None:
    assert dict(GENERATOR_STATS._warn_cache) == {}
    assert dict(GENERATOR_STATS._error_cache) == {}
    validate_schema(described)  # type: ignore[no-untyped-call]


def test_every_address_of_every_room_is_described(described: dict[str, object]) -> None:
    paths = described["paths"]
    assert isinstance(paths, dict)
    for room in ("labs/", "expert/", "payee/", "projects/", "work/", "exports/"):
        assert f"/api/v1/{room}" in paths or any(path.startswith(f"/api/v1/{room}") for path in paths), room
    assert len(paths) >= len(api.urlpatterns) - 2 - 2  # without the schema, the page, and includes of routers


def test_every_operation_has_a_name_and_says_what_it_answers() -> None:
    found = operations()
    assert len({operation.anchor for operation in found}) == len(found) > 60
    silent = [operation.anchor for operation in found if not operation.answers]
    assert silent == []


@pytest.mark.django_db
def test_the_page_reads_it_without_a_script(client: Client) -> None:
    page = client.get("/api/v1/docs/").content.decode()
    assert "POST /api/v1/projects/{project}/claims/" in page
    assert "Claim the next task of a project" in page
    assert client.get("/api/v1/schema/").headers["Content-Type"].startswith("application/vnd.oai.openapi")
