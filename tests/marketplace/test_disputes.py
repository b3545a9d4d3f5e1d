"""30. A disputed payment freezes its project: no new claims, held work goes on and is paid; settled, it goes on."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Notice
from core.actors import SYSTEM
from core.errors import Invalid, NotAllowed, Refused, WrongState
from core.models import Event
from payments import actions as payments
from payments.audit import ledger_check
from payments.models import Dispute, Earning, Funding
from payments.sandbox import disputes
from projects.actions import freeze_project, open_project, pause_project, unfreeze_project
from projects.models import Project
from projects.policies import may_claim
from tasks.actions import accept, claim_next, open_seats, queue, submit
from tasks.models import Submission
from tests.payments.stories import funded
from tests.people import expert, ops, sign_in, user
from tests.sandbox import LocalStripe, stripe
from tests.tasks.scene import accepted, answer, claimed, fresh, project
from tests.threads import at_once

__all__ = ["stripe"]
pytestmark = pytest.mark.django_db
Status = Project.Status


def paid_by_card(stripe: LocalStripe, ice: Project) -> Funding:
    return funded(stripe, 10_000, ref=ice.public_id)


def hear(stripe: LocalStripe) -> None:
    """The webhooks arrive, and what they cause is delivered upward."""
    from core.events import drain

    stripe.deliver()
    payments.process()
    drain()
    drain()


def disputed(stripe: LocalStripe, ice: Project) -> Dispute:
    disputes.dispute(stripe.sandbox, paid_by_card(stripe, ice).charge_id or "")
    hear(stripe)
    return Dispute.objects.get()


def told(name: str) -> list[str]:
    return list(Notice.objects.filter(user=user(name)).values_list("title", flat=True))


def test_30_freeze_no_new_claims_and_what_is_held_is_paid(stripe: LocalStripe) -> None:
    ice = project()
    held = claimed(ice)
    farah = accepted("Farah", ice)
    disputed(stripe, ice)
    frozen = fresh(ice)
    assert frozen.status == Status.FROZEN
    with pytest.raises(Refused, match="not open"):
        may_claim(project=frozen, expert=farah)
    with pytest.raises(Refused):
        claim_next(project=ice, expert=farah, by=farah.user)  # though the page she looks at still says open
    assert open_seats(project=ice, by=SYSTEM) == 0

    submit(submission=held, response=answer(), by=user("Emil"))
    accept(submission=fresh(held), by=user("Mina"))
    assert Earning.objects.get().payee == user("Emil")
    assert ledger_check() == []


def test_30_the_lab_ops_and_experts_are_told(stripe: LocalStripe) -> None:
    ops()
    ice = project()
    accepted("Emil", ice)
    disputed(stripe, ice)
    assert f"{ice} is frozen: a payment of $100.00 is disputed" in told("Mina")
    assert f"{ice.lab} disputes $100.00 of {ice}" in told("Olu")
    assert f"{ice} is on hold" in told("Emil")


def test_30_the_projects_page_says_why(stripe: LocalStripe, client: Client) -> None:
    ice = project()
    dispute = disputed(stripe, ice)
    page = sign_in(client, user("Mina")).get(reverse("tasks:project", args=[ice.public_id])).content.decode()
    assert "Frozen: a payment is disputed." in page
    assert "did not make the payment" in page
    assert dispute.public_id in page


@pytest.mark.parametrize("paused", [False, True])
def test_30_won_it_is_what_it_was_before(stripe: LocalStripe, paused: bool) -> None:
    ice = project()
    if paused:
        pause_project(project=ice, by=user("Mina"))
    dispute = disputed(stripe, ice)
    disputes.close(stripe.sandbox, dispute.stripe_id, "won")
    hear(stripe)
    assert fresh(ice).status == (Status.PAUSED if paused else Status.OPEN)


def test_30_lost_it_stays_frozen_until_ops_say_why_not(stripe: LocalStripe, client: Client) -> None:
    ice = project()
    dispute = disputed(stripe, ice)
    disputes.close(stripe.sandbox, dispute.stripe_id, "lost")
    hear(stripe)
    assert fresh(ice).status == Status.FROZEN
    with pytest.raises(NotAllowed):
        unfreeze_project(project=ice, by=user("Mina"), note="We have paid by transfer.")
    with pytest.raises(Invalid):
        unfreeze_project(project=ice, by=ops(), note=" ")
    url = f"/admin/projects/project/{ice.pk}/do/unfreeze/"
    sign_in(client, ops()).post(url, {"words": "The lab has paid by transfer."})
    assert fresh(ice).status == Status.OPEN
    assert Event.objects.get(name="project.open", before="frozen").note == "The lab has paid by transfer."
    with pytest.raises(WrongState):
        unfreeze_project(project=ice, by=ops(), note="Again.")


def test_30_one_of_two_disputes_won_keeps_it_frozen(stripe: LocalStripe) -> None:
    ice = project()
    other = paid_by_card(stripe, ice)
    first = disputed(stripe, ice)
    disputes.dispute(stripe.sandbox, other.charge_id or "")
    hear(stripe)
    disputes.close(stripe.sandbox, first.stripe_id, "won")
    hear(stripe)
    assert fresh(ice).status == Status.FROZEN


def test_30_news_that_comes_after_the_end_freezes_nothing(stripe: LocalStripe) -> None:
    ice = project()
    made = disputes.dispute(stripe.sandbox, paid_by_card(stripe, ice).charge_id or "")
    disputes.close(stripe.sandbox, made["id"], "won")
    hear(stripe)
    assert fresh(ice).status == Status.OPEN
    assert not Event.objects.filter(name="project.frozen").exists()


def test_30_a_draft_does_not_open_while_its_payment_is_disputed(stripe: LocalStripe) -> None:
    from tests.projects.scene import draft

    plan = draft()
    disputed(stripe, plan)
    with pytest.raises(Refused, check=lambda error: error.code == "disputed"):
        open_project(project=plan, by=SYSTEM)
    assert freeze_project(project=plan, by=SYSTEM).status == Status.DRAFT


def test_a_payment_for_something_else_than_a_project_is_no_projects_business(stripe: LocalStripe) -> None:
    funding = funded(stripe, 10_000, ref="prj_nobodyknowsthis")
    made = disputes.dispute(stripe.sandbox, funding.charge_id or "")
    hear(stripe)
    disputes.close(stripe.sandbox, made["id"], "won")
    hear(stripe)
    assert Dispute.objects.get().status == "won"


def test_ops_see_what_must_be_answered_first(stripe: LocalStripe, client: Client) -> None:
    dispute = disputed(stripe, project())
    page = sign_in(client, ops()).get("/admin/payments/dispute/").content.decode()
    assert dispute.public_id in page
    assert "needs_response" in page or "Needs Response" in page


# --- Races ------------------------------------------------------------------------------------------------------------


def _claim(ice: Project, names: list[str]) -> Callable[[int], Submission]:
    people = [expert(name) for name in names]
    return lambda number: claim_next(project=ice, expert=people[number], by=people[number].user)


@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
def test_seats_and_claims_against_a_freeze() -> None:
    """Whoever came before the freeze keeps their task; whoever comes after gets none, whatever their page said."""
    names = ["Emil", "Farah", "Noor", "Lena"]
    ice = project(tasks=8, overlap=1)
    for name in names:
        accepted(name, ice)
    claim = _claim(ice, names)

    def act(number: int) -> object:
        if number == len(names):
            return freeze_project(project=ice, by=SYSTEM)
        if number > len(names):
            return open_seats(project=ice, by=SYSTEM)
        return claim(number)

    results = at_once(len(names) + 3, act)
    assert not [result for result in results if isinstance(result, Exception) and not isinstance(result, Refused)]
    assert fresh(ice).status == Status.FROZEN
    held = Submission.objects.count()
    assert held == sum(isinstance(result, Submission) for result in results)
    late = at_once(len(names), claim)
    assert all(isinstance(result, Refused) for result in late)
    assert Submission.objects.count() == held
    assert ledger_check() == []


def test_without_the_look_at_the_project_a_stale_page_would_still_give_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: the claim trusts the page's project, which was open when it was loaded."""
    ice = project()
    emil = accepted("Emil", ice)
    freeze_project(project=ice, by=SYSTEM)
    with pytest.raises(Refused, check=lambda error: error.code == "changed"):
        claim_next(project=ice, expert=emil, by=emil.user)
    unguarded = re.sub(r"AND EXISTS \(SELECT FROM projects_project.*?'open'\)", "", queue._RIGHT, flags=re.DOTALL)
    monkeypatch.setattr(queue, "_RIGHT", unguarded)
    assert claim_next(project=ice, expert=emil, by=emil.user).project == ice
