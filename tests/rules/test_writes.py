"""All writes live in actions: HTML, API, admin, job and shell are covered by the same rules because they share them."""

from __future__ import annotations

import ast

from tests.rules.house import modules, name_of, tree

WRITES = {"save", "create", "update", "delete", "bulk_create", "bulk_update", "get_or_create", "update_or_create"}
QUERYSET_ONLY = {"create", "bulk_create", "bulk_update", "get_or_create", "update_or_create"}

# Rooms that may write, beside `actions`: each with its reason.
MAY = {
    "core/events.py": "the event log and its deliveries are core's own",
    "core/sealed_storage.py": "hands a sealed file on to the storage around which it lies",
    "core/transitions.py": "move() is how a status changes",
    "accounts/models.py": "create_user() of the user manager, which Django and allauth call",
    "experts/loading.py": "the fields and institutions we ship, loaded by a migration",
    "accounts/agreements/__init__.py": "the texts we ship, loaded by a migration",
    "accounts/rest.py": "the stored replies of Idempotency-Key belong to the API's base",
    "accounts/adapter.py": "allauth's sign-up hook fills the person it is about to save",
    "payments/ledger.py": "postings",
    "marketplace/demo/work.py": "the demo's work took its time: it moves a claim into the past",
    "marketplace/journey/clock.py": "the journey lets an hour pass: it moves a lease into the past",
}
MAY_FOLDERS = ("payments/sandbox/", "marketplace/localstack/")


def may_write(name: str) -> bool:
    room = name.split("/")
    return room[1] in ("actions.py", "actions") or name in MAY or name.startswith(MAY_FOLDERS)


def is_write(call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in WRITES:
        return False
    chain = ast.unparse(call.func.value)
    if call.func.attr in QUERYSET_ONLY:
        return "objects" in chain
    if call.func.attr in ("update", "delete"):
        return "objects." in chain or chain.endswith(".objects")
    return chain.split(".")[0] not in ("form", "super()", "page", "default_storage")  # page: an image being drawn


def test_writes_happen_in_actions_only() -> None:
    found = [
        f"{name_of(path)}:{node.lineno} {ast.unparse(node.func)}"
        for path in modules()
        if not may_write(name_of(path))
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and is_write(node)
    ]
    assert found == []


def test_no_domain_signals() -> None:
    found = [
        name_of(path)
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.module in ("django.dispatch", "django.db.models.signals")
    ]
    assert found == []
