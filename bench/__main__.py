"""`make bench`: what the machine can do (raw SQL), what Django costs (the twin), what ours costs. One run, one table.

python -m bench            up to 12 minutes
BENCH_QUICK=1 …            up to 2 minutes: smaller sizes, one round; its figures are rough
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from bench import institutions, ledger, plan, reconciling
from bench.ours_side import OursSide
from bench.servers import stack
from bench.stats import Report
from bench.twin_side import TwinSide


def main() -> None:
    start = time.perf_counter()
    scale = plan.Plan.quick() if os.environ.get("BENCH_QUICK") == "1" else plan.Plan.full()
    report = Report()
    with stack() as servers:
        bound = plan.bound(servers, scale, report)
        twin = TwinSide(servers, max(scale.people), scale.sizes)
        ours = OursSide(servers, max(scale.people), scale.sizes)
        with twin.serve() as twin.web, ours.serve() as ours.web:
            plan.cycles(twin, ours, scale, report)
            plan.checks(ours, scale, report)
            plan.nexts(twin, ours, scale, report)
            plan.page(ours, scale, report)
            with ours.worker():
                plan.rows(twin, ours, bound, scale, report)
        ledger.measure(servers, max(3, 2 * scale.rounds - 1), scale.seconds / 2, report)
        reconciling.measure(servers, max(scale.sizes), report)
        institutions.measure(servers, scale.institutions, report)
    target = Path("build") / "bench.json"
    report.write(target)
    print(f"\n{report.table()}\n\n{time.perf_counter() - start:.0f} s; written to {target}")


if __name__ == "__main__":
    main()
