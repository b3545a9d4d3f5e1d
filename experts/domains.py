"""What a mail address says about where somebody belongs. Pure; `registry.institution_of` knows whose domain it is.

Nothing is proof that anybody can have: addresses of free mail services, public suffixes such as `ac.uk`, and domains
that are known to hand out academic addresses to everybody (`load_domains`).
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final


def _set(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


class Belonging(StrEnum):
    """What the holder of an address is to the institution, as far as the address tells."""

    STAFF = "staff"
    STUDENT = "student"
    ALUMNI = "alumni"  # for life, and at some places for whoever asks: the weakest
    UNKNOWN = "unknown"  # staff and students share the domain


FREE: Final = _set("""
    gmail.com googlemail.com outlook.com outlook.de hotmail.com hotmail.co.uk hotmail.fr live.com msn.com yahoo.com
    yahoo.co.uk yahoo.co.in yahoo.fr yahoo.de yahoo.co.jp ymail.com rocketmail.com icloud.com me.com mac.com proton.me
    protonmail.com pm.me tuta.com tutanota.com gmx.de gmx.net gmx.com gmx.at gmx.ch web.de t-online.de freenet.de
    mail.ru bk.ru inbox.ru list.ru yandex.ru yandex.com ya.ru rambler.ru ukr.net qq.com foxmail.com 163.com 126.com
    yeah.net sina.com sohu.com aliyun.com naver.com daum.net hanmail.net zoho.com aol.com fastmail.com mail.com
    email.com hey.com orange.fr wanadoo.fr free.fr laposte.net libero.it virgilio.it tiscali.it seznam.cz centrum.cz
    wp.pl o2.pl onet.pl interia.pl uol.com.br bol.com.br terra.com.br rediffmail.com btinternet.com comcast.net
    verizon.net att.net bluewin.ch hushmail.com posteo.de mailbox.org disroot.org duck.com
    """)
# "post" is Harvard's alumni and some other places' students: the weaker of the two.
_ALUMNI: Final = _set("alum alumni alumnus alumna alumnae alumnes ancien anciens ehemalige gradmail post")
_STUDENT: Final = _set("""
    student students stud studs stu std studmail studenti studente studenten etu etud etudiant etudiants estudiante
    estudiantes estudiant alumno alumnos aluno alunos ogr ogrenci edu-student undergrad pg ug siswa mahasiswa
    """)
_STAFF: Final = _set("staff faculty prof profs professor docente docentes personal akademik")
_NUMBERED: Final = re.compile(r"[a-z]{0,2}\d{5,}[a-z]?\Z")  # s1234567
# Below these, in a country's domain, everybody has a domain of their own.
_SECOND_LEVEL: Final = _set("ac edu com co org net gov go gob gouv or ne ed sch sc school k12 mil nom info")


def domain_of(address: str) -> str:
    """The part behind the @, in lower case and ASCII; "" for what is no address."""
    local, at, domain = address.strip().lower().rpartition("@")
    try:
        plain = domain.encode("idna").decode()
    except UnicodeError:
        return ""
    return plain if local and at and "." in plain.strip(".") else ""


def is_public(domain: str) -> bool:
    """ "edu", "ac.uk", "edu.au": what is below it belongs to many."""
    *above, top = domain.split(".")
    return not above or (len(above) == 1 and len(top) == 2 and above[0] in _SECOND_LEVEL)


def suffixes(domain: str) -> list[str]:
    """The domain and those above it, the longest first, without public ones: "cs.ox.ac.uk" → itself and "ox.ac.uk"."""
    labels = domain.split(".")
    every = [".".join(labels[at:]) for at in range(len(labels))]
    return [each for each in every if not is_public(each)]


def belonging(address: str, own: str, others: list[str]) -> tuple[Belonging, str]:
    """With the reason. `own`: the institution's domain that the address lies in; `others`: all its domains."""
    local, _, domain = address.strip().lower().rpartition("@")
    labels = set(domain.removesuffix(own).split("."))
    first, _, above = own.partition(".")
    if not is_public(above):  # "student.eit.edu.au" is a domain for students, "stu.edu.cn" a university
        labels.add(first)
    for kind, marks in ((Belonging.ALUMNI, _ALUMNI), (Belonging.STUDENT, _STUDENT), (Belonging.STAFF, _STAFF)):
        if marks & labels:
            return kind, f"“{min(marks & labels)}” in {domain} marks {_WHO[kind]}"
    if _NUMBERED.match(local):
        return Belonging.STUDENT, f"“{local}” looks like a student's number"
    if any(_STUDENT & set(other.split(".")) for other in others if other != own):
        return Belonging.STAFF, f"students have a domain of their own, and {domain} is none"
    return Belonging.UNKNOWN, f"{domain} is for staff and students alike, as far as we know"


_WHO: Final = {Belonging.ALUMNI: "alumni", Belonging.STUDENT: "students", Belonging.STAFF: "staff"}


def country_of(domain: str) -> str:
    """ISO 3166-1 alpha-2 by its ending; American schools have ".edu". "" where the ending does not say."""
    top = domain.rpartition(".")[2].upper()
    return {"UK": "GB", "EDU": "US"}.get(top, top if len(top) == 2 else "")
