"""A double click, a reload, a second tab: every form of money that is posted twice acts once."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from payments import actions
from payments.audit import ledger_check
from payments.models import Adjustment, BatchLine, Entry, Funding, Hold, Outbox, Payout, Refund, Reversal
from tests import people
from tests.payments.by_hand import TODAY, juan
from tests.payments.stories import earned, funded, ordered, payee
from tests.projects.scene import draft
from tests.sandbox import LocalStripe
from tests.threads import at_once

COUNTED = (Funding, Refund, Reversal, Adjustment, Hold, Payout, Outbox, Entry, BatchLine)


@dataclass
class Post:
    """Who posts what to where, on which page its form stands (empty: it has no ticket), and what it makes once."""

    who: User
    url: str
    makes: dict[type[Any], int]
    data: dict[str, str] = field(default_factory=dict)
    page: str = ""


def button(row: Any, name: str, *words: str, makes: dict[type[Any], int], who: User | None = None) -> Post:
    url = reverse(f"admin:payments_{row._meta.model_name}_do", args=[row.pk, name])
    return Post(who or people.ops("Petra"), url, makes, {"words": "\n".join(words)})


def fund(stripe: LocalStripe) -> Post:
    url = reverse("projects:fund", args=[draft().public_id])
    return Post(people.user("Mina"), url, {Funding: 1}, {"amount": "50", "method": "card"}, url)


def refund(stripe: LocalStripe) -> Post:
    project = draft()
    funded(stripe, ref=project.public_id)
    url = reverse("tasks:refunds", args=[project.public_id])
    return Post(people.user("Ada"), url, {Refund: 1, Outbox: 1, Entry: 1}, {"amount": "10.00", "reason": "x"}, url)


def refund_cancelled(stripe: LocalStripe) -> Post:
    project = draft()
    funding = funded(stripe, ref=project.public_id)
    given: dict[str, Any] = {"amount": 500, "currency": "usd", "by": people.user("Ada")}
    [asked] = actions.refund_funds(ref=project.public_id, lab=funding.lab, **given)
    return Post(people.user("Ada"), reverse("tasks:refund_cancel", args=[asked.public_id]), {Entry: 1})


def funding_cancelled(stripe: LocalStripe) -> Post:
    funding = ordered(ref=draft().public_id)
    return Post(people.user("Mina"), reverse("payments:funding_cancel", args=[funding.public_id]), {Outbox: 1})


def sent_payout(stripe: LocalStripe) -> Payout:
    funded(stripe)
    earned(payee(stripe).user)
    actions.make_payouts()
    actions.dispatch()
    return Payout.objects.get()


def reversal_proposed(stripe: LocalStripe) -> Post:
    return button(sent_payout(stripe), "reverse", "12.50", "Paid twice.", makes={Reversal: 1})


def reversal_agreed(stripe: LocalStripe) -> Post:
    given: dict[str, Any] = {"amount": 500, "reason": "Paid twice.", "by": people.ops("Olu")}
    return button(actions.propose_reversal(payout=sent_payout(stripe), **given), "agree", makes={Outbox: 1})


def adjustment_proposed(stripe: LocalStripe) -> Post:
    data = {"debit": "goodwill", "credit": "house", "amount": "5", "reason": "A mistake."}
    return Post(people.ops("Olu"), reverse("admin:payments_adjustment_propose"), {Adjustment: 1}, data)


def adjustment_posted(stripe: LocalStripe) -> Post:
    asked = actions.propose_adjustment(
        debit="goodwill", credit="house", amount=5, reason="A mistake.", by=people.ops("Olu")
    )
    return button(asked, "post", makes={Entry: 1})


def stuck(stripe: LocalStripe, state: str, fault: str = "500_void") -> Outbox:
    funded(stripe)
    earned(payee(stripe).user)
    actions.make_payouts()
    stripe.fail(fault)
    actions.dispatch()
    Outbox.objects.filter(op="transfer").update(state=state)
    return Outbox.objects.get(op="transfer")


def given_up(stripe: LocalStripe) -> Post:
    return button(stuck(stripe, "needs_ops"), "dead", "It is no use.", makes={Entry: 1})


def adopted(stripe: LocalStripe) -> Post:
    row = stuck(stripe, "needs_ops", "500_saved")
    return button(row, "adopt", stripe.transfers()[0]["id"], makes={Entry: 1})


def sent_anew(stripe: LocalStripe) -> Post:
    return button(stuck(stripe, "needs_ops"), "anew", "Looked at the dashboard.", makes={Outbox: 1})


def retried(stripe: LocalStripe) -> Post:
    return button(stuck(stripe, "unknown"), "retry", makes={})


def payout_retried(stripe: LocalStripe) -> Post:
    funded(stripe)
    emil = payee(stripe)
    earned(emil.user)
    actions.make_payouts()
    stripe.sandbox.onboard(emil.stripe_account_id or "", "needs_info")
    actions.dispatch()
    return button(Payout.objects.get(), "retry", makes={Outbox: 1, Entry: 1})


def payout_cancelled(stripe: LocalStripe) -> Post:
    funded(stripe)
    earned(payee(stripe).user)
    actions.make_payouts()
    return button(Payout.objects.get(), "cancel", "Not yet.", makes={Entry: 1})


def held(stripe: LocalStripe) -> Post:
    return button(payee(stripe), "hold", "A new bank account.", makes={Hold: 1})


def released(stripe: LocalStripe) -> Post:
    given: dict[str, Any] = {"until": timezone.now() + timedelta(days=2), "by": people.ops("Olu")}
    hold = actions.hold_payouts(payee=payee(stripe).user, reason="x", **given)
    return button(hold, "release", "It was them.", makes={})


def batch_made(stripe: LocalStripe) -> Post:
    funded(stripe)
    earned(juan().user)
    return Post(people.ops(), reverse("admin:payments_batch_make"), {BatchLine: 1, Payout: 1, Entry: 1})


def batch_confirmed(stripe: LocalStripe) -> Post:
    funded(stripe)
    earned(juan().user)
    batch = actions.make_batch(by=people.ops())
    line = {"line": batch.lines.get().public_id, "result": "paid", "reference": "W1", "date": str(TODAY)}
    return Post(people.ops(), reverse("admin:payments_batch_answers", args=[batch.pk]), {Entry: 1}, line)


POSTS: tuple[Callable[[LocalStripe], Post], ...] = (
    fund, refund, refund_cancelled, funding_cancelled, reversal_proposed, reversal_agreed, adjustment_proposed,
    adjustment_posted, given_up, adopted, sent_anew, retried, payout_retried, payout_cancelled, held, released,
    batch_made, batch_confirmed,
)  # fmt: skip


def counts() -> dict[type[Any], int]:
    return {model: model.objects.count() for model in COUNTED}


def ticketed(client: Client, post: Post) -> dict[str, str]:
    """The form as the browser has it."""
    if not post.page:
        return post.data
    found = re.search(r'name="ticket" value="(\w+)"', client.get(post.page).content.decode())
    assert found
    return {**post.data, "ticket": found[1]}


@pytest.mark.django_db
@pytest.mark.usefixtures("by_hand")
@pytest.mark.parametrize("prepare", POSTS, ids=lambda prepare: prepare.__name__)
def test_posted_twice_it_acts_once(stripe: LocalStripe, client: Client, prepare: Callable[[LocalStripe], Post]) -> None:
    post = prepare(stripe)
    client.force_login(post.who)
    form, before = ticketed(client, post), counts()
    first = client.post(post.url, form)
    once = counts()
    assert {model: once[model] - before[model] for model in COUNTED if once[model] != before[model]} == post.makes
    second = client.post(post.url, form)
    assert counts() == once
    assert (first.status_code, second.status_code < 500) == (302, True)
    assert ledger_check() == []


@pytest.mark.django_db
def test_a_form_that_was_refused_may_be_posted_again(stripe: LocalStripe, client: Client) -> None:
    post = refund(stripe)
    client.force_login(post.who)
    form = ticketed(client, post)
    assert client.post(post.url, {**form, "amount": "5000"}).status_code == 422
    assert client.post(post.url, form).status_code == 302
    assert Refund.objects.count() == 1


@pytest.mark.django_db
def test_another_form_of_the_same_words_acts_again(stripe: LocalStripe, client: Client) -> None:
    post = refund(stripe)
    client.force_login(post.who)
    for _ in range(2):
        assert client.post(post.url, ticketed(client, post)).status_code == 302
    assert Refund.objects.count() == 2


@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
def test_eight_posts_of_one_form_at_once_are_one_refund(stripe: LocalStripe) -> None:
    post = refund(stripe)
    client = Client()
    client.force_login(post.who)
    form = ticketed(client, post)

    def click(_: int) -> int:
        other = Client()
        other.cookies = client.cookies
        return other.post(post.url, form).status_code

    assert at_once(8, click) == [302] * 8
    assert Refund.objects.get().amount == 1_000
    without = {name: value for name, value in form.items() if name != "ticket"}  # the negative control
    assert [client.post(post.url, without).status_code for _ in range(2)] == [302, 302]
    assert Refund.objects.count() == 3
