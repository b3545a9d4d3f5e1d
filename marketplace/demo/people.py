"""Who lives in the demo. The experts are rows of experts.csv."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.conf import settings

PASSWORD: Final = "demo"  # noqa: S105 - printed for everybody


@dataclass(frozen=True)
class Person:
    key: str  # also the name of the e-mail address
    name: str
    zone: str
    domain: str = "experts.example"

    @property
    def email(self) -> str:
        return f"{self.key}@{self.domain}"


@dataclass(frozen=True)
class Degree:
    """`state`: what ops have said of it so far: verified, waiting, refused or needs_more."""

    title: str
    level: int
    field: str  # ISCED-F 2013
    institution: str
    country: str
    year: int
    state: str = "verified"
    name: str = ""  # on the document, where it is not the person's


@dataclass(frozen=True)
class DemoExpert:
    person: Person
    country: str
    headline: str
    languages: tuple[str, ...]
    rate: int  # cents an hour
    degree: Degree
    payouts: bool  # has said where the money goes: to Stripe, or where Stripe does not pay, to us


OPS: Final = Person("ops", "Ruth Adler", "Europe/London", "quorum.example")

MERIDIAN: Final = {"name": "Meridian AI", "website": "https://meridian.example", "country": "US"}
OWNER: Final = Person("grace", "Grace Holloway", "America/New_York", "meridian.example")
MANAGER: Final = Person("daniel", "Daniel Kim", "America/Los_Angeles", "meridian.example")
REVIEWER: Final = Person("sofia", "Sofia Marchetti", "Europe/Rome", "meridian.example")

NORTHWIND: Final = {"name": "Northwind Research", "website": "https://northwind.example", "country": "CA"}
WAITING_OWNER: Final = Person("olivier", "Olivier Laurent", "America/Toronto", "northwind.example")


def _expert(row: dict[str, str]) -> DemoExpert:
    return DemoExpert(
        person=Person(row["key"], row["name"], row["zone"]),
        country=row["country"],
        headline=row["headline"],
        languages=tuple(row["languages"].split()),
        rate=int(row["rate"]),
        degree=Degree(
            title=row["title"],
            level=int(row["level"]),
            field=row["field"],
            institution=row["institution"],
            country=row["country"],
            year=int(row["year"]),
            state=row["state"],
            name=row["name_on_document"],
        ),
        payouts=row["payouts"] == "yes",
    )


def _experts() -> tuple[DemoExpert, ...]:
    with Path(__file__).with_name("experts.csv").open(encoding="utf-8", newline="") as file:
        return tuple(_expert(row) for row in csv.DictReader(file))


EXPERTS: Final = _experts()


def demo_accounts() -> list[tuple[str, str, str]]:
    """(e-mail, password, what one sees) for the sign-in page and the terminal; empty outside the demo."""
    if not settings.QUORUM_DEMO:
        return []
    people = (
        (OWNER, "Owner of the lab Meridian AI: projects, funds, members"),
        (REVIEWER, "Reviewer at Meridian AI: work waiting for a decision"),
        (EXPERTS[0].person, "Expert in physics: work in hand, feedback, earnings"),
        (EXPERTS[6].person, "Expert in law: invited, nothing done yet"),
        (OPS, "Quorum's own staff: credential desk and admin"),
    )
    return [(person.email, PASSWORD, role) for person, role in people]
