"""`make chaos`: kill -9 and faults at random while people fund, work, review and get paid. Exit code 1 on any fault.

python -m bench.chaos            300 and more of each act, then the negative control; 20 minutes at most
CHAOS_QUICK=1 …                  a tenth of it; CHAOS_SEED=… chooses another run
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import requests

from bench.chaos.crowd import Person, Told, expert, payer, reviewer
from bench.chaos.desk import clerk, mend
from bench.chaos.house import House, house
from bench.servers import ROOT, python

FAULTS = ("500_before", "500_after", "500_saved", "429", "409", "drop_after", "hang_after")
PATHS = ("/v1/transfers", "/v1/transfers", "/v1/transfers", "/v1/checkout/sessions")
AFTER = ("500_after", "500_saved", "drop_after")  # the effect is there, its answer is not
PAYERS, REVIEWERS, CLERKS = 20, 3, 2


@dataclass(frozen=True)
class Plan:
    """Kills go on while people are at work, for `seconds` at most; all must have ended `drain` seconds later.

    `work` fundings, claims, answers, acceptances and payouts at least must have come through: less proves little. So
    must two bank transfers for each of the `by_hand` people, whom Stripe does not pay.
    """

    experts: int
    by_hand: int
    projects: int
    seconds: float
    drain: float
    unguarded: bool = False

    @property
    def work(self) -> int:
        return self.experts * self.projects

    @property
    def answers(self) -> int:
        return (self.experts + self.by_hand) * self.projects


FULL, CONTROL = Plan(20, 4, 15, 480, 200), Plan(8, 0, 5, 60, 100, unguarded=True)
QUICK, QUICK_CONTROL = Plan(6, 2, 5, 40, 120), Plan(6, 0, 4, 35, 100, unguarded=True)


@dataclass
class Outcome:
    plan: Plan
    told: Told
    house: House
    faults: Counter[str]
    found: dict[str, Any]
    busy: dict[str, int]
    seconds: float

    @property
    def doubled(self) -> int:
        return sum(self.found["doubled"].values())

    @property
    def done(self) -> dict[str, int]:
        """What came through, of which the plan wants `work` each."""
        told, facts = self.told, self.found["facts"]
        return {
            "fundings paid": len(told.paid),
            "claims": len(told.claims),
            "answers": len(told.submitted),
            "acceptances": len(told.accepted),
            "payouts": facts["payouts"],
            "transfers at Stripe": facts["transfers at Stripe"],
        }

    def bad(self) -> bool:
        few_by_hand = self.found["facts"]["bank transfers by hand"] < 2 * self.plan.by_hand
        unfinished = min(self.done.values()) < self.plan.work or few_by_hand or any(self.busy.values())
        lost = sum(self.found["missing"].values())
        wrong = any((self.doubled, lost, self.found["breaches"], self.found["violations"], self.told.refused))
        return bool(unfinished or wrong)


def run(plan: Plan, seed: int) -> Outcome:
    began = time.perf_counter()
    with house(unguarded=plan.unguarded) as servers:
        cast = json.loads(
            python(
                "bench.chaos.fill",
                *map(str, (plan.experts, plan.by_hand, plan.projects)),
                environment=servers.environment,
            )
        )
        servers.product()
        told = Told()
        people = _people(servers, plan, cast, told, seed)
        for each in people:
            each.start()
        faults = _havoc(servers, plan, people, random.Random(seed))
        for each in people:
            each.join()  # they give up by themselves
        busy = _drained(servers, plan, told)
        found = json.loads(_ask(servers, told, plan))
    return Outcome(plan, told, servers, faults, found, busy, time.perf_counter() - began)


def _people(servers: House, plan: Plan, cast: dict[str, Any], told: Told, seed: int) -> list[Person]:
    base, until = f"http://127.0.0.1:{servers.web_port}", time.monotonic() + plan.seconds + plan.drain
    chance = random.Random(seed)
    projects: list[str] = cast["projects"]
    payments = chance.sample(projects * plan.experts, plan.work)
    parts = [(key, expert(chance.sample(projects, len(projects)))) for key in cast["experts"]]
    parts += [(cast["lab_key"], payer(payments[number::PAYERS])) for number in range(PAYERS)]
    parts += [(key, by_hand(expert(chance.sample(projects, len(projects))))) for key in cast["by_hand"]]
    parts += [(cast["lab_key"], reviewer(projects, plan.answers)) for _ in range(REVIEWERS)]
    parts += [
        ("", clerk(cast["desk"], cast["pay"] * plan.by_hand * len(projects)))
        for _ in range(CLERKS if plan.by_hand else 0)
    ]
    return [
        Person(base, key, told=told, seed=seed + number, until=until, part=part)
        for number, (key, part) in enumerate(parts)
    ]


def by_hand(work: Callable[[Person], None]) -> Callable[[Person], None]:
    def part(me: Person) -> None:
        work(me)
        mend(me)

    return part


def _havoc(servers: House, plan: Plan, people: list[Person], chance: random.Random) -> Counter[str]:
    """Kills and faults until the people are done or time is up."""
    faults: Counter[str] = Counter()
    until = time.monotonic() + plan.seconds
    while time.monotonic() < until and any(each.is_alive() for each in people):
        time.sleep(chance.uniform(0.3, 1.2))
        servers.tend()
        servers.strike(chance)
        if chance.random() < 0.7:
            faulty = AFTER if plan.unguarded else FAULTS
            fault, path, times = chance.choice(faulty), chance.choice(PATHS), chance.choice((1, 1, 3))
            wish = {"fault": fault, "path": path, "times": times}
            requests.post(f"{servers.stripe}/_sandbox/faults", json=wish, timeout=30)
            faults[fault] += times
    return faults


def _drained(servers: House, plan: Plan, told: Told) -> dict[str, int]:
    """Quiet: nobody is killed any more. What is still under way when nothing is, or when time is up."""
    until = time.monotonic() + plan.drain
    while True:
        servers.tend()
        busy: dict[str, int] = json.loads(_ask(servers, told, plan, "busy"))
        if not any(busy.values()) or time.monotonic() > until:
            return busy
        time.sleep(1)


def _ask(servers: House, told: Told, plan: Plan, *words: str) -> str:
    given = {name: list(value) if isinstance(value, set) else value for name, value in asdict(told).items()}
    given["fundings_before"] = plan.projects
    done = subprocess.run(
        [sys.executable, "-m", "bench.chaos.verdict", *words],
        input=json.dumps(given).encode(),
        env=servers.environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    return done.stdout.decode()


def table(outcome: Outcome) -> str:
    told, found = outcome.told, outcome.found
    rows: list[tuple[str, object]] = [
        (f"killed: {name}", count) for name, count in sorted(outcome.house.killed.items())
    ]
    rows += [(f"fault injected: {name}", count) for name, count in sorted(outcome.faults.items())]
    rows += [
        ("requests of people", told.requests),
        ("most tries of one request", told.most_tries),
    ]
    rows += [(f"came through: {name}", count) for name, count in outcome.done.items()]
    rows += [(name, count) for name, count in found["facts"].items() if name not in outcome.done]
    rows += [(f"doubled: {name}", count) for name, count in found["doubled"].items()]
    rows += [(f"missing: {name}", count) for name, count in found["missing"].items()]
    rows += [("invariants broken", len(found["breaches"])), ("refused without reason", len(told.refused))]
    rows += [("requests that break the SDK's contract", len(found["violations"]))]
    rows += [(f"still under way: {name}", count) for name, count in outcome.busy.items() if count]
    rows += [("seconds", round(outcome.seconds))]
    width = max(len(name) for name, _ in rows)
    lines = [f"  {name:{width}}  {value:>8}" for name, value in rows]
    return "\n".join([*lines, *found["breaches"][:20], *found["violations"][:20], *told.refused[:20]])


def main() -> int:
    quick, seed = os.environ.get("CHAOS_QUICK") == "1", int(os.environ.get("CHAOS_SEED", "7"))
    real = run(QUICK if quick else FULL, seed)
    print(f"With the guards on, seed {seed}:\n{table(real)}", flush=True)
    control = run(QUICK_CONTROL if quick else CONTROL, seed)
    twice = control.found["doubled"]["transfers"]
    print(f"\nNegative control, a random key for each attempt and no look-up:\n{table(control)}")
    if real.bad():
        print("\nFAULT: money or work was lost, doubled or left behind, or too little was done.")
    if not twice:
        print("\nFAULT: the negative control paid nobody twice, so the run above proves nothing.")
    return 1 if real.bad() or not twice else 0


if __name__ == "__main__":
    sys.exit(main())
