"""Everybody who should not, at every door of money, with every amount that is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from accounts.models import Role
from payments import actions
from payments.audit import ledger_check
from payments.models import Adjustment, Dispute, Entry, Funding, Outbox, Payee, Refund, Reversal
from payments.sandbox import disputes
from projects.models import Project
from tests import people
from tests.payments.stories import earned, funded, ordered, payee
from tests.projects.scene import draft
from tests.sandbox import LocalStripe

pytestmark = pytest.mark.django_db
AMOUNTS: tuple[Any, ...] = (
    -1, 0, "-1", "-0", "0", 10**19, 10**40, "9" * 400, "1e400", "NaN", "Infinity", "-Infinity", "0x10", "½",
    "١٢٣٤٥٦٧٨٩٠٠٠",
    "１2３4５６７８９０００", "\0", "12\0", "", " ", "$", "1;DROP", "=1+1", "0.001", None, [], {},
    [1], {"a": 1},
)  # fmt: skip
OUTSIDERS = ("Zoe", "Emil", "Farah", "Sam")
PASTS = (Funding, Refund, Outbox, Entry, Adjustment, Reversal)


@pytest.fixture
def scene(stripe: LocalStripe) -> Project:
    """Meridian AI has paid twice, asked for a refund, and one payment is contested; Emil has earned."""
    project = draft()
    people.expert("Emil")  # whose pay the lab's pages name by a pseudonym
    first, second = (funded(stripe, ref=project.public_id) for _ in range(2))
    given: dict[str, Any] = {"ref": project.public_id, "lab": first.lab, "currency": "usd"}
    actions.refund_funds(amount=500, by=people.user("Ada"), **given)
    earned(payee(stripe).user, ref=project.public_id)
    actions.make_payouts()
    ordered(ref=project.public_id)
    disputes.dispute(stripe.sandbox, second.charge_id or "")
    stripe.deliver()
    actions.process()
    people.user("Rosa")
    otter = people.lab("Otter Labs")
    otter.memberships.all().delete()
    otter.memberships.create(user=people.user("Zoe"), role=Role.OWNER)
    for name in ("Farah", "Sam"):
        people.user(name)
    cache.clear()
    return project


def past() -> list[Any]:
    return [
        *(model.objects.count() for model in PASTS),
        *Funding.objects.order_by("pk").values_list("status", flat=True),
        *Refund.objects.order_by("pk").values_list("status", flat=True),
        *Payee.objects.order_by("pk").values_list("country", "status"),
    ]


def doors(project: Project) -> list[tuple[str, str, dict[str, Any]]]:
    """(method, address, body) of every door of a lab's money in the API."""
    here, lab = f"/api/v1/projects/{project.public_id}", project.lab.public_id
    asked, refund = Funding.objects.order_by("-pk")[0].public_id, Refund.objects.get().public_id
    pages = {"success_url": "https://x.example/", "cancel_url": "https://x.example/"}
    return [
        ("get", f"{here}/money/", {}),
        ("get", f"{here}/money/lines/", {}),
        ("get", f"{here}/money/forecast/", {}),
        ("get", f"/api/v1/labs/{lab}/billing/", {}),
        ("get", f"/api/v1/labs/{lab}/billing/2026-11/lines/", {}),
        ("get", f"/api/v1/fundings/{asked}/", {}),
        ("get", f"/api/v1/refunds/{refund}/", {}),
        ("get", f"/api/v1/disputes/{Dispute.objects.get().public_id}/", {}),
        ("get", f"/api/v1/refunds/available/?ref={project.public_id}", {}),
        ("post", f"{here}/fundings/", {"amount": 5_000, **pages}),
        ("post", f"/api/v1/fundings/{asked}/checkout/", {}),
        ("post", f"/api/v1/fundings/{asked}/cancel/", {}),
        ("post", "/api/v1/refunds/", {"ref": project.public_id, "amount": 100, "currency": "usd", "reason": "Mine."}),
        ("post", f"/api/v1/refunds/{refund}/cancel/", {}),
    ]


@pytest.mark.parametrize("name", OUTSIDERS)
@pytest.mark.parametrize("door", ["own key", "lab's key", "session"])
def test_whoever_is_not_of_the_lab_finds_no_door(scene: Project, name: str, door: str) -> None:
    """Not even that there is one: an id of another lab is an id of nothing."""
    api = APIClient()
    if door == "session":
        api.force_login(people.user(name))
    elif door == "own key" or name != "Zoe":
        api = people.api_client_for(people.user(name))
    else:
        api = people.api_client_for(people.user(name), people.lab("Otter Labs"))
    before = past()
    for method, url, body in doors(scene):
        answer = getattr(api, method)(url, body, format="json")
        assert answer.status_code in (403, 404), (url, answer.content)
        assert scene.title not in answer.content.decode()
    for name_of_list in ("fundings", "refunds", "disputes"):
        assert api.get(f"/api/v1/{name_of_list}/?ref={scene.public_id}").json()["results"] == []
    assert past() == before


def test_a_reviewer_reads_and_moves_nothing_and_a_manager_sends_nothing_back(scene: Project) -> None:
    before, reviewer = past(), APIClient()
    reviewer.force_login(people.user("Rosa"))  # who may make no key of the lab's
    for method, url, body in doors(scene):
        rosa = getattr(reviewer, method)(url, body, format="json")
        assert rosa.status_code == (200 if method == "get" else 403), url
        if "/refunds/" in url and method == "post":
            manager = APIClient()
            manager.force_login(people.user("Mina"))
            assert manager.post(url, body, format="json").status_code == 403
    assert past() == before


def test_nobody_reads_another_persons_pay(scene: Project) -> None:
    emil = people.user("Emil")
    earning, payout = emil.earnings.get(), emil.payouts.get()
    for name in ("Zoe", "Farah", "Ada", "Olu"):
        who = people.ops(name) if name == "Olu" else people.user(name)
        api = people.api_client_for(who)
        assert api.get(f"/api/v1/earnings/{earning.public_id}/").status_code == 404
        assert api.get(f"/api/v1/payouts/{payout.public_id}/").status_code == 404
        assert api.get("/api/v1/earnings/").json()["results"] == []
        browser = Client()
        browser.force_login(who)
        for page in ("payments:earnings", "payments:earnings_csv", "payments:payouts", "payments:earnings_years"):
            answer: Any = browser.get(reverse(page), {"q": earning.public_id})
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            assert payout.public_id.encode() not in body
    lab_key = people.api_client_for(people.user("Ada"), people.lab())
    assert lab_key.get(f"/api/v1/earnings/{earning.public_id}/").status_code in (403, 404)


def api_refund(project: Project, amount: Any) -> Any:
    api = people.api_client_for(people.user("Ada"), people.lab())
    body = {"ref": project.public_id, "amount": amount, "currency": "usd", "reason": "x"}
    return api.post("/api/v1/refunds/", body, format="json")


def api_fund(project: Project, amount: Any) -> Any:
    body = {"amount": amount, "success_url": "https://x.example/", "cancel_url": "https://x.example/"}
    api = people.api_client_for(people.user("Ada"), people.lab())
    return api.post(f"/api/v1/projects/{project.public_id}/fundings/", body, format="json")


def api_price(project: Project, amount: Any) -> Any:
    api = people.api_client_for(people.user("Ada"), people.lab())
    return api.patch(f"/api/v1/projects/{project.public_id}/", {"min_hourly": amount}, format="json")


def posted(who: str, url: str, data: dict[str, Any]) -> Any:
    browser = Client()
    browser.force_login(people.ops(who) if who == "Olu" else people.user(who))
    return browser.post(url, {name: "" if value is None else value for name, value in data.items()})


def page_refund(project: Project, amount: Any) -> Any:
    return posted("Ada", reverse("tasks:refunds", args=[project.public_id]), {"amount": amount, "reason": "x"})


def page_fund(project: Project, amount: Any) -> Any:
    return posted("Mina", reverse("projects:fund", args=[project.public_id]), {"amount": amount, "method": "bank"})


def page_adjust(project: Project, amount: Any) -> Any:
    legs = {"debit": "goodwill", "credit": "house", "reason": "x"}
    return posted("Olu", reverse("admin:payments_adjustment_propose"), {**legs, "amount": amount})


def page_reverse(project: Project, amount: Any) -> Any:
    payout = people.user("Emil").payouts.get()
    return posted(
        "Olu", reverse("admin:payments_payout_do", args=[payout.pk, "reverse"]), {"words": [str(amount), "x"]}
    )


@pytest.mark.parametrize("door", [api_refund, api_fund, api_price, page_refund, page_fund, page_adjust, page_reverse])
def test_what_is_no_amount_moves_nothing_and_breaks_nothing(
    scene: Project, door: Callable[[Project, Any], Any]
) -> None:
    Dispute.objects.update(status=Dispute.Status.WON)  # so that nothing but the amount speaks against it
    before = past()
    for amount in AMOUNTS:
        if isinstance(amount, list | dict) and door.__name__.startswith("page"):
            continue  # a form has texts only
        answer = door(scene, amount)
        assert answer.status_code in (302, 400, 409, 422), (amount, answer.status_code)
        assert past() == before, amount
    assert ledger_check() == []


READS = (
    {
        "q": "\0",
        "state": "\0",
        "kind": "\0",
        "ref": "\0",
        "group": "\0",
        "cursor": "\0",
        "currency": "\0",
        "page": "\0",
    },
    {"since": "0000-00-00", "until": "0001-01-01", "page": "-1", "limit": "-5", "before": "9" * 30, "cursor": "x"},
    {"since": "9999-12-31", "ref": "x" * 5_000, "page": "9" * 40, "limit": "9" * 40, "before": "²"},
)


def test_no_question_about_money_breaks_the_house(scene: Project) -> None:
    ada, emil = Client(raise_request_exception=False), Client(raise_request_exception=False)
    ada.force_login(people.user("Ada"))
    emil.force_login(people.user("Emil"))
    prj, lab = scene.public_id, scene.lab.public_id
    pages = [(ada, url) for method, url, _ in doors(scene) if method == "get"]
    pages += [(ada, f"/api/v1/{name}/") for name in ("fundings", "refunds", "disputes", "refunds/available")]
    pages += [(emil, f"/api/v1/{name}/") for name in ("earnings", "payouts", "payee")]
    pages += [(ada, reverse(f"tasks:{name}", args=[prj])) for name in ("spend", "refunds", "lines")]
    pages += [(ada, reverse("tasks:billing", args=[lab]))]
    pages += [(emil, reverse(f"payments:{name}")) for name in ("earnings", "payouts", "earnings_years")]
    broken = {
        (url, str(question))
        for browser, url in pages
        for question in READS
        if browser.get(url, question).status_code >= 500
    }
    assert broken == set()
    for month in ("0000-00", "9999-12", "2026-13", "\0", "²026-11"):
        assert ada.get(f"/api/v1/labs/{lab}/billing/{month}/lines/").status_code in (400, 404)
