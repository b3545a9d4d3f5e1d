"""Every cent accounted for: the project's money, the experts' earnings, our ledger and Stripe's balance must agree."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.journey import bank
from marketplace.journey.door import Caller, Json
from marketplace.journey.loop import Project
from marketplace.journey.people import Worker, in_numbers
from payments import ledger
from payments.models import AccountKind
from tasks.audit import audit


class NotBalanced(RuntimeError):
    """A cent is missing, or there is one too many."""


@dataclass(frozen=True)
class Books:
    """One project, in cents."""

    funded: int
    stripe_fees: int
    paid: int  # for accepted work
    partial: int  # for rejected work
    fees: int
    reserved: int
    unspent: int
    transferred: int

    def lines(self) -> list[tuple[str, int]]:
        return [
            ("funded", self.funded),
            ("paid for accepted work", self.paid),
            ("part pay for rejected work", self.partial),
            ("platform fees", self.fees),
            ("reserved", self.reserved),
            ("unspent", self.unspent),
            ("Stripe's fees", self.stripe_fees),
        ]


def of(lab: Caller, project: Project, workers: list[Worker]) -> Books:
    """From the lab's view, the experts' and Stripe's. Raises NotBalanced."""
    money = lab.get(f"projects/{project.id}/progress/")["money"]
    earned = in_numbers([each for worker in workers for each in _earnings(worker, project)])
    books = Books(
        funded=money["funded"],
        stripe_fees=money["processor"],
        paid=earned.get("task", 0) + earned.get("rework", 0),
        partial=earned.get("partial", 0),
        fees=money["fees"],
        reserved=money["reserved"],
        unspent=money["free"],
        transferred=bank.transferred(project.id),
    )
    _same("the experts' earnings and the project's pay", sum(earned.values()), money["pay"])
    _same("kinds of earnings", set(earned) - {"task", "rework", "partial"}, set())
    first, *rest = (amount for _, amount in books.lines())
    _same("funded = paid + partial pay + fees + reserved + unspent + Stripe's fees", first, sum(rest))
    _same("what Stripe transferred and what was earned", books.transferred, books.paid + books.partial)
    return books


def of_the_house() -> int:
    """What we hold at Stripe, by our ledger and by Stripe. Raises NotBalanced."""
    ours = ledger.balance(AccountKind.STRIPE_CLEARING, "", "usd")
    _same("ledger and Stripe's balance", ours, bank.balance())
    if broken := audit():
        raise NotBalanced(f"The audit found: {broken}")
    return ours


def all_paid(project: Project, workers: list[Worker]) -> bool:
    """Whether every earning of the project has left for its expert."""
    return all(earning["state"] in ("sent", "paid") for worker in workers for earning in _earnings(worker, project))


def _earnings(worker: Worker, project: Project) -> list[Json]:
    return [earning for earning in worker.call.pages("earnings/") if earning["ref"] == project.id]


def _same(what: str, left: object, right: object) -> None:
    if left != right:
        raise NotBalanced(f"{what}: {left} is not {right}")
