"""Who lives in the demo. Data only."""

from __future__ import annotations

from dataclasses import dataclass
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
    payouts: bool = True  # has told Stripe where the money goes


OPS: Final = Person("ops", "Ruth Adler", "Europe/London", "quorum.example")

MERIDIAN: Final = {"name": "Meridian AI", "website": "https://meridian.example", "country": "US"}
OWNER: Final = Person("grace", "Grace Holloway", "America/New_York", "meridian.example")
MANAGER: Final = Person("daniel", "Daniel Kim", "America/Los_Angeles", "meridian.example")
REVIEWER: Final = Person("sofia", "Sofia Marchetti", "Europe/Rome", "meridian.example")

NORTHWIND: Final = {"name": "Northwind Research", "website": "https://northwind.example", "country": "CA"}
WAITING_OWNER: Final = Person("olivier", "Olivier Laurent", "America/Toronto", "northwind.example")

EXPERTS: Final = (
    DemoExpert(
        Person("amara", "Amara Osei", "Europe/London"),
        "GB",
        "Condensed-matter physicist, ten years of teaching",
        ("en", "fr"),
        6000,
        Degree("PhD in Physics", 8, "0533", "University of Leeds", "GB", 2014),
    ),
    DemoExpert(
        Person("lukas", "Lukas Brandt", "Europe/Berlin"),
        "DE",
        "Astrophysicist and textbook author",
        ("de", "en"),
        5500,
        Degree("Dr. rer. nat. (Physik)", 8, "0533", "Universität Heidelberg", "DE", 2017),
    ),
    DemoExpert(
        Person("mei", "Mei-Ling Chou", "America/Chicago"),
        "US",
        "Internist, clinical pharmacology",
        ("en", "zh"),
        9500,
        Degree("Doctor of Medicine", 8, "0912", "University of Iowa", "US", 2012),
    ),
    DemoExpert(
        Person("fatima", "Fatima El-Sayed", "Europe/London"),
        "GB",
        "Anaesthetist, examiner in physiology",
        ("en", "ar"),
        9000,
        Degree("Bachelor of Medicine, Bachelor of Surgery", 7, "0912", "Cardiff University", "GB", 2015),
    ),
    DemoExpert(
        Person("priya", "Priya Raman", "America/Los_Angeles"),
        "US",
        "Compilers and type systems",
        ("en", "ta"),
        8000,
        Degree("PhD in Computer Science", 8, "0613", "University of Utah", "US", 2018),
    ),
    DemoExpert(
        Person("jonas", "Jonas Lindqvist", "Europe/Stockholm"),
        "SE",
        "Databases and distributed systems",
        ("sv", "en"),
        7000,
        Degree("Master of Science in Computer Science", 7, "0613", "Uppsala universitet", "SE", 2016),
    ),
    DemoExpert(
        Person("tomas", "Tomás Rivera", "Europe/Madrid"),
        "ES",
        "Contract lawyer, common and civil law",
        ("es", "en"),
        8500,
        Degree("Máster en Abogacía", 7, "0421", "Universidad de Salamanca", "ES", 2011),
    ),
    DemoExpert(
        Person("claire", "Claire Dubois", "Europe/Paris"),
        "FR",
        "Data protection and employment law",
        ("fr", "en"),
        8000,
        Degree("Master 2 Droit des affaires", 7, "0421", "Université de Bordeaux", "FR", 2013),
    ),
    DemoExpert(
        Person("ingrid", "Ingrid Solheim", "Europe/Oslo"),
        "NO",
        "Mathematical physics",
        ("no", "en"),
        6500,
        Degree("PhD in Mathematical Physics", 8, "0533", "Universitetet i Bergen", "NO", 2019),
        payouts=False,
    ),
    DemoExpert(
        Person("noah", "Noah Williams", "America/Denver"),
        "US",
        "Physics teacher",
        ("en",),
        4000,
        Degree("Bachelor of Science in Physics", 6, "0533", "Colorado State University", "US", 2020, "waiting"),
        payouts=False,
    ),
    DemoExpert(
        Person("rafael", "Rafael Costa", "Europe/Lisbon"),
        "PT",
        "Machine learning engineer",
        ("pt", "en"),
        6000,
        Degree(
            "Doutoramento em Informática", 8, "0613", "Universidade do Minho", "PT", 2021, "refused", "Rui Carvalho"
        ),
        payouts=False,
    ),
    DemoExpert(
        Person("hana", "Hana Nováková", "Europe/Prague"),
        "CZ",
        "Analytical chemist",
        ("cs", "en"),
        5000,
        Degree("Mgr. (Chemie)", 7, "0531", "Masarykova univerzita", "CZ", 2018, "needs_more"),
        payouts=False,
    ),
)


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
