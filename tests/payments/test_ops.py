"""37 and the desks: adjustments take two people, holds have a cause and a clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Notice
from core.errors import Invalid, NotAllowed, WrongState
from core.events import drain
from payments import actions, jobs, ledger
from payments.errors import InsufficientFunds
from payments.models import AccountKind, Adjustment, BalanceTransaction, Entry, Hold, Payout
from tests import people
from tests.payments.stories import PROJECT, earned, funded, payee
from tests.sandbox import LocalStripe

pytestmark = pytest.mark.django_db
SOON = timedelta(days=2)


def proposed(**other: Any) -> Adjustment:
    words: dict[str, Any] = {"debit": "goodwill", "credit": "house", "amount": 500, "reason": "A mistake of ours."}
    return actions.propose_adjustment(**{**words, "by": people.ops("Olu"), **other})


def test_37_an_adjustment_takes_two_people_and_a_reason() -> None:
    olu, petra = people.ops("Olu"), people.ops("Petra")
    asked = proposed()
    assert not Entry.objects.exists()
    with pytest.raises(NotAllowed, match="two people"):
        actions.post_adjustment(adjustment=asked, by=olu)
    posted = actions.post_adjustment(adjustment=asked, by=petra)
    assert (posted.status, str(posted)) == (Adjustment.Status.POSTED, posted.public_id)
    assert ledger.balance(AccountKind.GOODWILL) == 500
    with pytest.raises(WrongState):
        actions.post_adjustment(adjustment=asked, by=petra)
    with pytest.raises(IntegrityError, match="adjustment_takes_two"), transaction.atomic():
        Adjustment.objects.filter(pk=asked.pk).update(decided_by=olu)  # the database says so too


@pytest.mark.parametrize("name", ["Ada", "Emil"])
def test_37_nobody_but_ops_adjusts(name: str) -> None:
    people.lab()
    asked, stranger = proposed(), people.user(name)
    with pytest.raises(NotAllowed):
        proposed(by=stranger)
    with pytest.raises(NotAllowed):
        actions.post_adjustment(adjustment=asked, by=stranger)
    with pytest.raises(NotAllowed):
        actions.refuse_adjustment(adjustment=asked, by=stranger, note="")
    with pytest.raises(NotAllowed):
        actions.expire_adjustments(by=stranger)
    with pytest.raises(NotAllowed):
        actions.hold_payouts(payee=stranger, reason="x", until=timezone.now() + SOON, by=stranger)


@pytest.mark.parametrize(
    "wrong",
    [
        {"debit": "project_reserved", "debit_ref": "prj_a"},
        {"debit": "project_funds"},
        {"debit": "goodwill", "credit": "goodwill"},
        {"debit": "project_funds", "debit_ref": "prj_a", "credit": "expert_payable", "credit_ref": "usr_a"},
        {"amount": 0},
        {"reason": "  "},
    ],
    ids=["not by hand", "whose", "itself", "from one to another", "nothing", "no reason"],
)
def test_37_only_allowed_accounts_with_a_reason(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        proposed(**wrong)


def test_the_form_of_an_adjustment_says_what_is_wrong_beside_it(stripe: LocalStripe, client: Client) -> None:
    """10. Funds that no payment carries would buy work whose pay nothing could send (money.ShortOfFunding)."""
    funded(stripe)  # $970.70 free, the whole of what the payment carries
    olu, url = people.ops("Olu"), reverse("admin:payments_adjustment_propose")
    client.force_login(olu)
    assert "Propose an adjustment" in client.get(reverse("admin:payments_adjustment_changelist")).content.decode()
    given = {"debit": "goodwill", "credit": "project_funds", "credit_ref": PROJECT, "reason": "A gift."}
    wrong = {
        "Nobody is called that.": {"credit_ref": "prj_nobodys"},
        "carry $0.00 more than the books say": {},
        "An amount is positive, and at most $10,000,000,000.00.": {"amount": "-5"},
        "and at most $10,000,000,000.00.": {"amount": "9" * 20},
        "Select a valid choice": {"debit": "project_reserved"},
    }
    assert client.get(url).status_code == 200
    for message, other in wrong.items():
        answer = client.post(url, {"amount": "5", **given, **other})
        assert answer.status_code == 422
        assert message in answer.content.decode()
    assert not Adjustment.objects.exists()
    fixed = {"debit": "project_funds", "debit_ref": PROJECT, "credit": "house", "credit_ref": ""}
    answer = client.post(url, {**given, **fixed, "amount": "1,000.50"})
    made = Adjustment.objects.get()
    assert answer["Location"] == reverse("admin:payments_adjustment_change", args=[made.pk])
    assert (made.amount, made.proposed_by) == (100_050, olu)
    client.force_login(people.ops("Petra"))
    press = reverse("admin:payments_adjustment_do", args=[made.pk, "post"])
    assert "free funds do not cover" in client.post(press, follow=True).content.decode()
    assert not Entry.objects.filter(kind="adjustment").exists()


def test_what_an_adjustment_took_may_be_given_back_and_then_pays_work(stripe: LocalStripe) -> None:
    funded(stripe)
    taken = proposed(debit="project_funds", debit_ref=PROJECT, credit="house", amount=500)
    actions.post_adjustment(adjustment=taken, by=people.ops("Petra"))
    back = {"debit": "house", "credit": "project_funds", "credit_ref": PROJECT}
    with pytest.raises(InsufficientFunds, match=r"carry \$5.00 more"):
        proposed(**back, amount=501)
    asked, other = proposed(**back, amount=300), proposed(**back, amount=400)
    actions.post_adjustment(adjustment=asked, by=people.ops("Petra"))
    with pytest.raises(InsufficientFunds, match=r"carry \$2.00 more"):  # asked once more when it is posted
        actions.post_adjustment(adjustment=other, by=people.ops("Petra"))
    earned(payee(stripe).user, pay=96_870 - 100, fee=0)
    assert actions.make_payouts() == 1


def test_what_an_adjustment_took_off_a_persons_pay_is_not_sent_and_holds_the_rest_up_for_nobody(
    stripe: LocalStripe,
) -> None:
    funded(stripe)
    emil = payee(stripe).user
    earned(emil)
    taken = proposed(debit="expert_payable", debit_ref=emil.public_id, credit="house", amount=1_500)
    actions.post_adjustment(adjustment=taken, by=people.ops("Petra"))
    assert actions.make_payouts() == 1
    assert Payout.objects.get().amount == 2_500
    assert actions.make_payouts() == 0
    earned(emil, source="sub_b")
    assert actions.make_payouts() == 1
    assert ledger.balance(AccountKind.EXPERT_PAYABLE, emil.public_id) == 0


def test_a_proposal_is_refused_or_runs_out() -> None:
    refused = actions.refuse_adjustment(adjustment=proposed(), by=people.ops("Petra"), note="No.")
    late = proposed()
    Adjustment.objects.filter(pk=late.pk).update(expires_at=timezone.now())
    with pytest.raises(WrongState, match="too old"):
        actions.post_adjustment(adjustment=late, by=people.ops("Petra"))
    jobs.expire_adjustments()
    late.refresh_from_db()
    assert (refused.status, late.status) == (Adjustment.Status.REFUSED, Adjustment.Status.EXPIRED)
    assert not Entry.objects.exists()


def test_a_line_of_stripes_is_explained_by_two_people(stripe: LocalStripe, client: Client) -> None:
    funded(stripe)
    for net in (-900, 400):
        stripe.sandbox._transaction(
            amount=net, type="payout", source=f"po_{net}", currency="usd", fee=0, available_on=0
        )
    assert len(actions.reconcile().findings) == 2
    for line in BalanceTransaction.objects.filter(type="payout"):
        client.force_login(people.ops("Olu"))
        client.post(
            reverse("admin:payments_balancetransaction_do", args=[line.pk, "propose"]), {"words": "To our bank."}
        )
        with pytest.raises(WrongState):
            actions.propose_for(line=BalanceTransaction.objects.get(pk=line.pk), reason="x", by=people.ops())
        client.force_login(people.ops("Petra"))
        asked = Adjustment.objects.get(explains=line)
        client.post(reverse("admin:payments_adjustment_do", args=[asked.pk, "post"]))
    run = actions.reconcile()
    assert (run.green, run.difference, ledger.balance(AccountKind.HOUSE)) == (True, 0, 500)


def test_a_hold_is_respected_and_ends_by_itself(stripe: LocalStripe, client: Client) -> None:
    funded(stripe)
    emil = payee(stripe).user
    earned(emil, source="sub_made")
    actions.make_payouts()
    earned(emil, source="sub_b")
    client.force_login(people.ops())
    client.post(reverse("admin:payments_payee_do", args=[emil.payee.pk, "hold"]), {"words": "We ask your bank."})
    hold = Hold.objects.get()
    assert str(hold) == hold.public_id
    actions.make_payouts()
    actions.dispatch()
    assert (Payout.objects.count(), stripe.transfers()) == (1, [])
    drain()
    assert "We ask your bank." in Notice.objects.get(user=emil, title__startswith="Your payouts wait").body
    client.force_login(emil)
    assert "We ask your bank." in client.get(reverse("payments:earnings")).content.decode()

    Hold.objects.update(placed_at=timezone.now() - SOON, ends_at=timezone.now() - timedelta(seconds=1))
    actions.make_payouts()
    actions.dispatch()
    assert len(stripe.transfers()) == 2
    with pytest.raises(WrongState):
        actions.release_hold(hold=hold, by=people.ops(), note="late")


def test_going_on_with_a_hold_takes_a_second_person(stripe: LocalStripe, client: Client) -> None:
    emil, olu, petra = payee(stripe).user, people.ops("Olu"), people.ops("Petra")
    until = timezone.now() + SOON
    first = actions.hold_payouts(payee=emil, reason="We ask.", until=until, by=olu)
    client.force_login(olu)
    client.post(reverse("admin:payments_hold_do", args=[first.pk, "release"]), {"words": "Answered."})
    first.refresh_from_db()
    assert first.released_at
    with pytest.raises(NotAllowed, match="second person"):
        actions.hold_payouts(payee=emil, reason="Still.", until=until, by=olu)
    again = actions.hold_payouts(payee=emil, reason="Still.", until=until, by=petra)
    assert (again.renews, again.first_by) == (first, olu)
    for reason, end in (("", until), ("Long.", timezone.now() + timedelta(days=8)), ("Past.", timezone.now())):
        with pytest.raises(Invalid):
            actions.hold_payouts(payee=emil, reason=reason, until=end, by=olu)
    with pytest.raises(IntegrityError, match="hold_renewed_by_another"), transaction.atomic():
        Hold.objects.filter(pk=again.pk).update(first_by=petra)
    with pytest.raises(IntegrityError, match="hold_of_a_week"), transaction.atomic():
        Hold.objects.filter(pk=again.pk).update(ends_at=timezone.now() + timedelta(days=9))
    for name in ("hold", "adjustment"):
        assert client.get(reverse(f"admin:payments_{name}_changelist")).status_code == 200
