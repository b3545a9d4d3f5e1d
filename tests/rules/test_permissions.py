"""A permission is asked for by some action, or it does not exist; each role says in words what it is."""

from __future__ import annotations

import ast

from accounts.models import Role
from accounts.roles import LAB_ROLES, OPS, OWN, PROSE, Permission
from tests.rules.house import modules, name_of, tree


def asked_for() -> set[str]:
    return {
        node.attr
        for path in modules()
        if name_of(path) != "accounts/roles.py"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value).split(".")[-1] == "Permission"
    }


def test_every_permission_is_enforced_somewhere() -> None:
    assert {permission.name for permission in Permission} == asked_for()


def test_every_permission_is_held_by_somebody() -> None:
    assert OWN.union(OPS, *LAB_ROLES.values()) == set(Permission)


def test_every_role_is_described() -> None:
    assert set(PROSE) == {*Role.values, "expert", "ops"}
