"""The whole journey, start to end, and its short account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from marketplace.journey import bank, books, files, loop, material, people
from marketplace.journey.clock import Background
from marketplace.journey.door import Caller
from payments.money import show

PREFERENCE = loop.Plan("preference", "Which answer is better?", 333, ("lossless", "trl_preference", "trl_unpaired"))
STEPWISE = loop.Plan("stepwise", "Where does it go wrong first?", 517, ("lossless", "prm800k", "trl_stepwise"))

Say = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """One project at its end."""

    project: loop.Project
    books: books.Books
    files: list[files.Loaded]


def journey(*, base: str, data: Path, limit: int | None, pump: Callable[[], object], say: Say) -> list[Outcome]:
    """`base`: where the product answers. `limit`: rows for each project, None for all. Raises where anything is off."""
    background = Background(pump)
    run = people.fresh_run()
    ops = people.account(run, "Ops", staff=True)
    owner = people.account(run, "Lab")
    lab = people.lab_of(base, owner, ops, run)
    workers = [people.worker(base, number, run, ops) for number in range(len(people.NAMES))]
    for worker in workers:
        bank.open_account(worker.call)
    say(f"A lab and {len(workers)} experts have signed up; their degrees are verified.")
    cast = Cast(lab, workers, background, say)
    outcomes = [
        _one(cast, PREFERENCE, list(material.preferences(data, limit))),
        _one(cast, STEPWISE, list(material.chains(data, limit))),
    ]
    held = books.of_the_house()
    say(f"Ledger and Stripe's balance agree: {show(held, 'usd')}.")
    return outcomes


@dataclass(frozen=True)
class Cast:
    """Who plays, and who listens."""

    lab: Caller
    workers: list[people.Worker]
    background: Background
    say: Say


def _one(cast: Cast, plan: loop.Plan, items: list[material.Item]) -> Outcome:
    lab, workers, background, say = cast.lab, cast.workers, cast.background, cast.say
    project = loop.post(lab, background, plan, items)
    say(f"\n{plan.title} {len(project.task_names)} tasks are in, {project.bad_rows} bad rows were listed.")
    loop.open_up(lab, background, project)
    loop.staff(lab, project, workers)
    loop.lose_one(background, project, workers[-1])
    loop.work_through(lab, background, project, workers)
    say("  " + ", ".join(f"{count} {what}" for what, count in sorted(project.happened.items())))
    background.until(
        lambda: books.all_paid(project, workers),
        "everybody is paid",
        "payments.process_inbox",
        "payments.make_payouts",
        "payments.dispatch_outbox",
    )
    found = books.of(lab, project, workers)
    for name, amount in found.lines():
        say(f"  {name:32}{show(amount, 'usd'):>14}")
    loaded = [files.check(lab, background, project, format) for format in plan.formats]
    for each in loaded:
        truth = "" if each.right is None else f", {each.right:.0%} right"
        say(f"  {each.format}: {each.rows} rows{truth}, read by {each.by}")
    return Outcome(project, found, loaded)
