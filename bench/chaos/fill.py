"""Everything before the first kill: a lab, experts who can be paid, open projects with tasks and one seat's money each.

    python -m bench.chaos.fill EXPERTS BY_HAND PROJECTS
    → {"lab_key", "experts": [keys], "by_hand": [keys], "projects": [prj_…], "desk": session of ops, "pay": cents}

Each project has as many tasks as there are experts, so that every expert has one earning in each: one payout through
Stripe, or a part of a bank transfer.
"""

from __future__ import annotations

import json
import sys

from bench.ours_fill import PAY, expert, fill, join, lab_of, person, session_of  # sets Django up

# isort: split
from django.core.management import call_command

from accounts import actions as accounts
from accounts.models import Lab, User
from bench.chaos.desk import details
from marketplace.demo import money
from payments import actions as payments
from projects import actions as projects
from projects.models import Project

COUNTRY, BY_HAND = "US", "MX"


def project(lab: Lab, number: int, tasks: int, by: User) -> Project:
    draft = projects.create_project(
        lab=lab,
        title=f"Chaos {number}",
        kind="preference",
        by=by,
        brief="Chaos.",
        pay=PAY,
        minutes=1,  # so that it is more than the least an hour
        overlap=1,
        planned_tasks=1,
        min_level=6,
    )
    projects.publish_instructions(project=draft, text="Compare.", by=by)
    money.fund(draft, 1, by)
    opened = Project.objects.get(pk=draft.pk)
    if opened.status == Project.Status.DRAFT:
        opened = projects.open_project(project=opened, by=by)
    fill(opened, tasks, by)
    return opened


def bank(user: User) -> None:
    payee = payments.choose_country(user=user, country=BY_HAND, by=user)
    payments.give_bank_details(payee=payee, details=details(payee.public_id), by=user)


def main(experts: int, by_hand: int, count: int) -> None:
    call_command("migrate", verbosity=0)
    ops, owner = person("ops", staff=True), person("owner")
    lab = lab_of(owner, ops)
    _, lab_key = accounts.create_token(name="chaos", by=owner, lab=lab)
    everyone = [expert(number, ops) for number in range(experts + by_hand)]
    for each in everyone[:experts]:
        money.onboard(each.user, COUNTRY)
    for each in everyone[experts:]:
        bank(each.user)
    keys = [accounts.create_token(name="chaos", by=each.user)[1] for each in everyone]
    made = [project(lab, number, len(everyone), owner) for number in range(count)]
    for each in everyone:
        for to in made:
            join(to, each, owner)
    told = {
        "lab_key": lab_key,
        "experts": keys[:experts],
        "by_hand": keys[experts:],
        "desk": session_of(ops),
        "pay": PAY,
    }
    print(json.dumps({**told, "projects": [each.public_id for each in made]}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
