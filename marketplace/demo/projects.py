"""What Meridian AI has posted. Data only; the tasks are files in tasks/, as a lab would upload them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

TASKS: Final = Path(__file__).parent / "tasks"


@dataclass(frozen=True)
class DemoProject:
    """Amounts in cents for one seat. `file`: its tasks; `workers`: experts (keys) whose applications are accepted."""

    file: str
    title: str
    kind: str
    brief: str
    instructions: str
    fields: tuple[str, ...]
    min_level: int
    pay: int
    minutes: int
    overlap: int
    workers: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()  # have applied, not answered
    pilot: int = 0
    funded: bool = True

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.upload.splitlines()]

    @property
    def upload(self) -> bytes:
        return (TASKS / f"{self.file}.jsonl").read_bytes() if self.file else b""


def answers() -> dict[str, list[dict[str, Any]]]:
    """By external id: what two good experts would hand in."""
    found: dict[str, list[dict[str, Any]]] = json.loads((TASKS / "answers.json").read_text(encoding="utf-8"))
    return found


PHYSICS: Final = DemoProject(
    file="physics",
    title="Physics answers: which one holds up?",
    kind="preference",
    brief="""\
We compare two answers of a model to questions at the level of a **first university course in physics**. Choose the \
one that a good teacher would rather give, and say where the other one goes wrong.

What you write trains a reward model. It is read, so write it for a colleague.
""",
    instructions="""\
1. Solve the problem in outline before you read the answers.
2. Physics first: a wrong sign, a wrong law or a missing force outweighs style.
3. If both are right, prefer the one that states its assumptions and checks units or limits.
4. Name the line that decides. Formulas go between dollar signs: `$F = ma$`.

*Good reason:* "B drops friction because it does no work; but $f$ still appears in $ma = mg\\sin\\theta - f$."
""",
    fields=("0533",),
    min_level=7,
    pay=1800,
    minutes=15,
    overlap=2,
    workers=("amara", "lukas"),
    waiting=("ingrid",),
)

MEDICINE: Final = DemoProject(
    file="medicine",
    title="Clinical calculations, step by step",
    kind="stepwise",
    brief="""\
Doses, blood gases, test statistics: each task is a calculation that a model wrote down step by step. Find the first \
step that a careful colleague would stop at, and write it as it should have been.

The numbers are textbook cases, not patients.
""",
    instructions="""\
- A step is **good** if it is true *and* moves on. Rounding to two digits is fine.
- Mark the **first** step that is wrong; what follows from it you may leave.
- Your correction replaces that step: give the formula and the number.
""",
    fields=("0912",),
    min_level=7,
    pay=2400,
    minutes=12,
    overlap=2,
    workers=("mei", "fatima"),
    pilot=3,
)

LAW: Final = DemoProject(
    file="law",
    title="Contract law in plain words",
    kind="preference",
    brief="""\
Two answers to a client's question about contracts, data protection or liability. Which one would you let leave your
office? We pay for judgement: an answer that is right *and* can be understood by whoever asked.
""",
    instructions="""\
1. Correct law first. Say which rule decides.
2. An answer that hides a risk is worse than one that is short.
3. Prefer plain words where the question comes from a layperson.
""",
    fields=("0421",),
    min_level=7,
    pay=2800,
    minutes=18,
    overlap=2,
)

COMPUTING: Final = DemoProject(
    file="computing",
    title="Code and its explanation",
    kind="preference",
    brief="""\
Short programming questions, each with two answers. Run the code where there is any. We want to know which answer you \
would keep in a code review, and the case that breaks the other one.
""",
    instructions="""\
- Correctness before style; an input that breaks the code decides.
- Give that input. `two_sum([1, 2], 3)` says more than a paragraph.
- Complexity claims must be tight, not only true.
""",
    fields=("061",),
    min_level=7,
    pay=2000,
    minutes=15,
    overlap=2,
    workers=("priya", "jonas"),
)

CHEMISTRY: Final = DemoProject(
    file="",
    title="Chemistry: safe lab procedures",
    kind="stepwise",
    brief="Procedures for a teaching laboratory, written by a model. Find the first step that would harm somebody.",
    instructions="",
    fields=("0531",),
    min_level=7,
    pay=2200,
    minutes=15,
    overlap=2,
    funded=False,
)

PROJECTS: Final = (PHYSICS, MEDICINE, LAW, COMPUTING, CHEMISTRY)
"""Open and busy · open in its pilot · open, nobody there yet · closed and paid · a draft."""
