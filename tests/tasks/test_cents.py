"""36. Work that is paid in single cents: nothing is lost in rounding, and nothing is invented (I16)."""

from __future__ import annotations

import pytest

from payments import ledger
from payments.models import AccountKind, Earning
from payments.money import fee_on, show
from tasks.actions import accept, appeal, decide_appeal, reject
from tasks.audit import audit
from tasks.models import Appeal
from tests.people import ops, user
from tests.tasks.scene import handed_in, money, owed, project

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("pay", [1, 2, 3, 4, 5, 7, 333])
def test_36_pay_fee_and_what_goes_back_are_what_was_reserved_to_the_cent(pay: int) -> None:
    """One answer is accepted, one is not, one is not and its appeal is granted; the fee of a cent is none."""
    ice = project(tasks=3, pay=pay)
    seat = pay + fee_on(pay, 2_000)
    assert money(ice) == (0, 3 * seat)
    accept(submission=handed_in(ice), by=user("Rosa"))
    reject(submission=handed_in(ice, "Farah"), by=user("Rosa"), reason="incorrect", note="No lattice.")
    refused = reject(submission=handed_in(ice, "Noor"), by=user("Rosa"), reason="incorrect", note="No lattice.")
    appeal(submission=refused, words="It is named.", by=refused.expert.user)
    decide_appeal(appeal=Appeal.objects.get(), overturn=True, answer="It is.", by=ops())

    assert audit() == []
    assert owed(refused.expert) == pay
    half = Earning.objects.get(payee=user("Farah"))
    assert half.pay == -(-pay // 2)  # the odd cent is the expert's
    given = ledger.balance(AccountKind.PLATFORM_FEE) + sum(Earning.objects.values_list("pay", flat=True))
    assert given + sum(money(ice)) == 3 * seat
    assert {type(each) for each in Earning.objects.values_list("pay", flat=True)} == {int}


def test_36_a_cent_is_shown_as_one() -> None:
    assert [show(1, "usd"), show(1, "jpy"), show(fee_on(1, 2_000), "usd")] == ["$0.01", "¥1", "$0.00"]
