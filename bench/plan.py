"""What is measured, how often and how long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Protocol

from bench import load, raw
from bench.ours_side import OursSide
from bench.payloads import jsonl
from bench.servers import Stack, Web
from bench.stats import Report, median, percentile


@dataclass(frozen=True)
class Plan:
    rounds: int
    seconds: float  # of one load
    people: tuple[int, ...]
    size: int  # tasks of the ordinary project
    sizes: list[int]  # of the projects whose next task must come equally fast; `size` is one of them
    nexts: int  # claims timed at each size
    institutions: int  # records of the registry

    @classmethod
    def full(cls) -> Plan:
        return cls(3, 4.0, (1, 8, 32), 10_000, [1_000, 10_000, 100_000], 200, 120_000)

    @classmethod
    def quick(cls) -> Plan:
        return cls(1, 2.0, (1, 8, 32), 10_000, [1_000, 10_000, 20_000], 60, 20_000)


class Side(Protocol):
    """A product under test, answering at `web`. Projects are told apart by how many tasks they began with."""

    name: str
    web: Web

    def cycles(self, size: int, people: int, seconds: float) -> load.Run: ...

    def next_task(self, size: int) -> float:
        """Seconds of one claim; the work is handed in, unmeasured."""

    def import_rate(self, rows: int) -> float: ...

    def export_rate(self, size: int) -> float: ...

    def page(self, size: int) -> float: ...


def middle(rounds: int, measure: Callable[[], float]) -> float:
    return median([measure() for _ in range(rounds)])


def bound(stack: Stack, plan: Plan, report: Report) -> float:
    """Raw SQL, but for the import, whose turn comes beside the others'. Returns the rate of the export."""
    stack.make_database("raw")
    database = stack.connect("raw")
    with database, database.cursor() as cursor:
        cursor.execute(raw.TABLES)
    copies = middle(plan.rounds, _counter(lambda n: plan.size / raw.copy_text(database, raw.ready_made(n, plan.size))))
    report.add("COPY FROM of ready-made text", copies, "rows/s")
    for size in plan.sizes:
        raw.copy_text(database, raw.ready_made(size, size))
    for project in chain.from_iterable(_of_cycles(plan, people) for people in plan.people):
        raw.copy_text(database, raw.ready_made(project, plan.size))
    database.autocommit = True
    database.cursor().execute("VACUUM ANALYZE")
    database.autocommit = False
    for people in plan.people:
        projects = iter(_of_cycles(plan, people))
        rate = middle(plan.rounds, lambda: raw.cycles(stack, next(projects), people, plan.seconds / 4))  # noqa: B023
        report.add(f"cycles at {people} clients, raw SQL", rate, "1/s")
    with database, database.cursor() as cursor:
        cursor.execute(raw.FINISH, [plan.size])
    exports = middle(plan.rounds, lambda: raw.export_rate(database, plan.size))
    report.add("export of payload and answer, COPY TO", exports, "rows/s")
    report.add("project page, raw SQL", 1000 * middle(5, lambda: raw.page(database, plan.size)), "ms")
    for size in plan.sizes:
        if size != plan.size:
            times = [raw.cycle(database, 1, size) or 0.0 for _ in range(plan.nexts)]
            report.add(f"next task of {size:,}, raw SQL p50", 1000 * median(times), "ms")
    database.close()
    return exports


def _of_cycles(plan: Plan, people: int) -> range:
    """A project for each load: raw SQL is done with all tasks of one before the next begins."""
    return range(200_000 + 100 * people, 200_000 + 100 * people + plan.rounds)


def _counter(measure: Callable[[int], float]) -> Callable[[], float]:
    numbers = iter(range(1, 500))
    return lambda: measure(next(numbers))


def cycles(twin: Side, ours: Side, plan: Plan, report: Report) -> None:
    """Claim + submit. The sides take turns, so that a noisy moment of the machine meets both."""
    for people in plan.people:
        runs: dict[str, list[load.Run]] = {twin.name: [], ours.name: []}
        for _ in range(plan.rounds):
            for side in (twin, ours):
                runs[side.name].append(side.cycles(plan.size, people, plan.seconds))
        for what, unit, of in MEASURES:
            floor, value = (median([of(run) for run in runs[side.name]]) for side in (twin, ours))
            report.add(f"{what} at {people} clients", value, unit, floor)


MEASURES: tuple[tuple[str, str, Callable[[load.Run], float]], ...] = (
    ("claim + submit cycles", "1/s", lambda run: run.rate),
    ("cycle p50", "ms", lambda run: run.at(0.5)),
    ("cycle p95", "ms", lambda run: run.at(0.95)),
    ("cycle p99", "ms", lambda run: run.at(0.99)),
    ("CPU a cycle, server + database,", "ms", lambda run: run.cpu),
)


def nexts(twin: Side, ours: Side, plan: Plan, report: Report) -> None:
    """Sizes and sides take turns for the same reason. Flat means: the last over the first is about 1."""
    times: dict[tuple[str, int], list[float]] = {}
    for _ in range(plan.nexts):
        for size in plan.sizes:
            for side in (twin, ours):
                times.setdefault((side.name, size), []).append(1000 * side.next_task(size))
    for size in plan.sizes:
        report.add(f"next task of {size:,}, p50", median(times[ours.name, size]), "ms", median(times[twin.name, size]))
        report.add(
            f"next task of {size:,}, p95",
            percentile(times[ours.name, size], 0.95),
            "ms",
            percentile(times[twin.name, size], 0.95),
        )
    small, large = (median(times[ours.name, size]) for size in (plan.sizes[0], plan.sizes[-1]))
    report.add(f"next task, {plan.sizes[-1]:,} against {plan.sizes[0]:,} tasks", large / small, "times")


def checks(ours: OursSide, plan: Plan, report: Report) -> None:
    for what, count in ours.checks(plan.size, max(plan.people), plan.seconds).items():
        report.add(f"{what}, {max(plan.people)} clients", count, "must be 0")


def page(ours: OursSide, plan: Plan, report: Report) -> None:
    """What the project's page asks the database, and how large it is."""
    path = f"/projects/{ours.projects[str(plan.size)]}/"
    report.add("project page, statements", ours.statements(path), "")
    report.add("project page, document", ours.look(path)[1] / 1000, "kB")


def rows(twin: Side, ours: OursSide, export_bound: float, plan: Plan, report: Report) -> None:
    """Import, export and the project's page; the first two stand beside COPY doing the same work."""
    by_hand, theirs, mine = imports(twin, ours, plan)
    report.add("import, bare Django beside COPY", theirs, "rows/s", by_hand)
    report.add("import beside COPY", mine, "rows/s", by_hand)
    pages = [1000 * middle(9, partial(side.page, plan.size)) for side in (twin, ours)]
    theirs = middle(plan.rounds, partial(twin.export_rate, plan.size))
    report.add("export, bare Django beside COPY of payload and answer", theirs, "rows/s", export_bound)
    mine = middle(plan.rounds, partial(ours.export_rate, plan.size))
    same = middle(plan.rounds, partial(ours.export_bound, plan.size))
    report.add("export beside COPY of the same rows", mine, "rows/s", same)
    report.add(f"project page with {plan.size:,} tasks", pages[1], "ms", pages[0])


def imports(twin: Side, ours: OursSide, plan: Plan) -> tuple[float, ...]:
    """Rows a second by hand (read, hash, COPY), by the twin and by ours, which take turns: the median of each."""
    database = ours.stack.connect("raw")
    file = b"".join(jsonl(plan.size))
    measures: tuple[Callable[[], float], ...] = (
        _counter(lambda number: plan.size / raw.import_file(database, 500 + number, file)),
        partial(twin.import_rate, plan.size),
        partial(ours.import_rate, plan.size),
    )
    turns = [[measure() for measure in measures] for _ in range(max(3, plan.rounds))]
    database.close()
    return tuple(median(list(rates)) for rates in zip(*turns, strict=True))
