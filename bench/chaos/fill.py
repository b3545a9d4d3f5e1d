"""Everything before the first kill: a lab, experts who can be paid, open projects with tasks and one seat's money each.

    python -m bench.chaos.fill EXPERTS PROJECTS    → {"lab_key", "experts": [keys], "projects": [prj_…]}

Each project has as many tasks as there are experts, so that every expert has one earning, and so one payout, in each.
"""

from __future__ import annotations

import json
import sys

from bench.ours_fill import PAY, expert, fill, join, lab_of, person  # sets Django up

# isort: split
from django.core.management import call_command

from accounts import actions as accounts
from accounts.models import Lab, User
from marketplace.demo import money
from projects import actions as projects
from projects.models import Project

COUNTRY = "US"


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


def main(experts: int, count: int) -> None:
    call_command("migrate", verbosity=0)
    ops, owner = person("ops", staff=True), person("owner")
    lab = lab_of(owner, ops)
    _, lab_key = accounts.create_token(name="chaos", by=owner, lab=lab)
    everyone = [expert(number, ops) for number in range(experts)]
    for each in everyone:
        money.onboard(each.user, COUNTRY)
    keys = [accounts.create_token(name="chaos", by=each.user)[1] for each in everyone]
    made = [project(lab, number, experts, owner) for number in range(count)]
    for each in everyone:
        for to in made:
            join(to, each, owner)
    print(json.dumps({"lab_key": lab_key, "experts": keys, "projects": [each.public_id for each in made]}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
