"""The audit finds what it is there to find: each contradiction is planted once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from core.copying import line
from payments.audit import CHECKS as BOOKS
from payments.models import Earning
from tasks.actions import accept, reject
from tasks.actions.held import hold
from tasks.audit import CHECKS, audit
from tasks.models import Seat, Submission, Task
from tests.people import user
from tests.tasks.scene import fresh, handed_in, project

pytestmark = pytest.mark.django_db


def unreserve(work: Submission) -> Callable[[], object]:
    seat = work.seat
    Seat.objects.filter(pk=seat.pk).update(fee=seat.fee + 7)
    return lambda: Seat.objects.filter(pk=seat.pk).update(fee=seat.fee)


def pay_for_undecided(work: Submission) -> Callable[[], object]:
    earning = Earning.objects.get(source=work.public_id)
    Submission.objects.filter(pk=work.pk).update(status="submitted")
    assert earning.source == work.public_id
    return lambda: Submission.objects.filter(pk=work.pk).update(status="accepted")


def pay_somebody_else(work: Submission) -> Callable[[], object]:
    source = work.public_id
    Earning.objects.filter(source=source).update(source="sub_nobody")
    return lambda: Earning.objects.filter(source="sub_nobody").update(source=source)


def want_less(work: Submission) -> Callable[[], object]:
    Task.objects.filter(pk=work.task_id).update(overlap=0)
    return lambda: Task.objects.filter(pk=work.task_id).update(overlap=1)


@pytest.mark.parametrize(
    ("plant", "found"),
    [
        (unreserve, {"I7 accepted", "I16 pay"}),
        (pay_for_undecided, {"I7 work that nobody"}),
        (pay_somebody_else, {"I7 accepted", "I7 each earning"}),
        (want_less, {"no task has"}),
    ],
)
def test_a_planted_contradiction_is_found(plant: Callable[[Submission], Callable[[], object]], found: set[str]) -> None:
    work = fresh(accept(submission=handed_in(project()), by=user("Rosa")))
    assert audit() == []
    mend = plant(work)
    told = [breach.invariant for breach in audit()]
    assert told
    assert all(any(invariant.startswith(words) for words in found) for invariant in told)
    assert len(set(told)) == len(found)
    with pytest.raises(CommandError, match="contradictions"):
        call_command("ledger_audit")
    mend()


def test_a_reserve_that_no_seat_needs_is_found() -> None:
    ice = project()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tasks_seat SET status = 'cancelled' WHERE project_id = %s", [ice.pk])
    [breach] = audit()
    assert breach.invariant.startswith("I6")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tasks_seat SET status = 'funded' WHERE project_id = %s", [ice.pk])


def test_all_seventeen_invariants_are_asked() -> None:
    """In tests' teardown, by `manage.py ledger_audit` and by whoever wants to know."""
    asked = {name.split()[0] for name in (*BOOKS, *CHECKS)}
    assert asked >= {f"I{number}" for number in range(1, 18)}


def test_a_rejection_that_waits_is_no_contradiction(capsys: pytest.CaptureFixture[str]) -> None:
    reject(submission=handed_in(project()), by=user("Rosa"), reason="incorrect", note="Wrong.")
    call_command("ledger_audit")
    assert "no contradiction" in capsys.readouterr().out


def test_what_is_gone_cannot_be_held() -> None:
    work = handed_in(project())
    gone = Submission(pk=0, expert=work.expert)
    with pytest.raises(Submission.DoesNotExist):
        hold(gone)


def test_a_line_of_copy() -> None:
    assert line([1, None, "a\tb\\", {"x": "é\n"}, []]) == '1\t\\N\ta\\tb\\\\\t{"x": "é\\\\n"}\t[]\n'
