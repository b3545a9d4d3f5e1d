"""Pages ask as many questions of the database for many rows as for few."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.actions import create_token, invite_member, notify
from tests import people

EXPERTS = ("Emil", "Farah", "Juan", "Noor", "Kofi", "Lena")


def cost(client: Client, url: str) -> int:
    client.get(url)  # sessions and content types are warm afterwards
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert client.get(url).status_code == 200
    return len(asked)


def more(few: int) -> None:
    """Two more of everything that the pages below list."""
    lab, ada, emil = people.lab(), people.user("Ada"), people.expert("Emil", verified=False)
    for number in range(few, few + 2):
        people.credential(people.expert(EXPERTS[number], verified=False))
        people.credential(emil, status="refused")
        notify(user=ada, title=f"News {number}")
        invite_member(lab=lab, email=f"new{number}@people.example", role="manager", by=ada)
        lab.memberships.create(user=people.user(f"Member{number}"), role="reviewer")
        create_token(name=f"key {number}", lab=lab, by=ada)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("who", "url"),
    [
        ("Olu", "/admin/experts/credential/desk/"),
        ("Olu", "/admin/experts/credential/"),
        ("Olu", "/admin/accounts/lab/"),
        ("Olu", "/admin/accounts/membership/"),
        ("Olu", "/admin/core/event/"),
        ("Emil", "/expert/"),
        ("Ada", "/notices/"),
        ("Ada", "lab"),
        ("Ada", "keys"),
    ],
)
def test_the_count_does_not_grow_with_the_rows(client: Client, who: str, url: str) -> None:
    lab = people.lab()
    url = {"lab": f"/labs/{lab.public_id}/", "keys": f"/labs/{lab.public_id}/keys/"}.get(url, url)
    people.sign_in(client, people.user(who))
    more(1)
    few = cost(client, url)
    more(3)
    assert cost(client, url) <= few
