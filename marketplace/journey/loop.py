"""The loop itself, over HTTP: a project is posted, filled, paid for, staffed, worked on and reviewed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from marketplace.journey import bank
from marketplace.journey.clock import Background, let_lease_pass
from marketplace.journey.door import Caller, Json, Unexpected
from marketplace.journey.material import Item, upload
from marketplace.journey.people import Worker
from payments.money import gross_for

INSTRUCTIONS = "Work through the task by yourself first. Then compare with what is written, and give your reasons."
RETURNED = "Look at it again: something in the content was missed. Say what decides."
REJECTED = "The answer does not agree with what is known to be true of this task."
OVERLAP = 2
SPARE = 3  # more seats are paid for than planned: one in three, for what is rejected


@dataclass(frozen=True)
class Plan:
    kind: str
    title: str
    pay: int  # cents; odd on purpose, so that halves and fees must be rounded
    formats: tuple[str, ...]


@dataclass
class Project:
    """One project on its way, with the truth of its tasks by external id."""

    id: str
    plan: Plan
    truth: dict[str, Item]
    bad_rows: int = 0
    happened: Counter[str] = field(default_factory=Counter)
    task_names: dict[str, str] = field(default_factory=dict)  # task id → external id


def post(lab: Caller, background: Background, plan: Plan, items: list[Item]) -> Project:
    """Draft, instructions, tasks: whatever rows are bad are listed, the good ones kept."""
    lab_id = lab.get("labs/")["results"][0]["id"]
    draft = lab.post(
        "projects/",
        {
            "lab": lab_id,
            "title": plan.title,
            "kind": plan.kind,
            "brief": "Public data with known answers.",
            "min_level": 7,
            "languages": ["en"],
            "pay": plan.pay,
            "minutes": 6,
            "overlap": OVERLAP,
            "planned_tasks": len(items),
        },
    )
    project = Project(draft["id"], plan, {item.id: item for item in items})
    lab.post(f"projects/{project.id}/instructions/", {"text": INSTRUCTIONS})
    bring_in(lab, background, project, items)
    return project


def bring_in(lab: Caller, background: Background, project: Project, items: list[Item]) -> None:
    file = ("file", "tasks.jsonl", upload(items))
    taken = lab.ask("POST", f"projects/{project.id}/imports/", file=file)
    where = f"imports/{taken['id']}/"

    def became(status: str) -> bool:
        return bool(lab.get(where)["status"] == status)

    background.until(lambda: became("checked"), "the file is checked", "tasks.write_files")
    checked = lab.get(where)
    faults = list(lab.pages(where + "faults/"))
    if checked["good"] + checked["bad"] != len(items) or len({fault["row"] for fault in faults}) != checked["bad"]:
        raise Unexpected(f"{len(items)} rows went in, the check says {checked} and {len(faults)} faults")
    if any(not fault["field"] or not fault["message"] for fault in faults):
        raise Unexpected(f"A fault must name its field and its reason: {faults}")
    project.bad_rows = checked["bad"]
    lab.post(where + "confirm/")
    background.until(lambda: became("done"), "the tasks are in", "tasks.write_files")
    for task in lab.pages(f"projects/{project.id}/tasks/"):
        project.task_names[task["id"]] = task["external_id"]
    if len(project.task_names) != checked["good"]:
        raise Unexpected(f"{checked['good']} good rows became {len(project.task_names)} tasks")


def open_up(lab: Caller, background: Background, project: Project) -> None:
    """Pay, and see it open by itself once the webhook has come."""
    terms = lab.get(f"projects/{project.id}/")
    tasks = len(project.task_names)
    seats = OVERLAP * (tasks + tasks // SPARE + 1)
    bank.pay(lab, project.id, gross_for(seats * (terms["pay"] + terms["fee"])))

    def ready() -> bool:
        funded = lab.get(f"projects/{project.id}/progress/")["seats"].get("funded", 0)
        return bool(lab.get(f"projects/{project.id}/")["status"] == "open" and funded == OVERLAP * tasks)

    background.until(ready, "the project is open and its seats are funded", "payments.process_inbox")


def staff(lab: Caller, project: Project, workers: list[Worker]) -> None:
    """Whoever was invited accepts, the others apply; all sign the agreements."""
    for worker in workers:
        invited = [each for each in worker.call.pages("invitations/?status=sent") if each["project"] == project.id]
        if invited:
            application = worker.call.post(f"invitations/{invited[0]['id']}/accept/")
            project.happened["invited"] += 1
        else:
            application = worker.call.post(f"projects/{project.id}/applications/", {"message": "I do this all day."})
            lab.post(f"applications/{application['id']}/accept/", {"reason": "Degree fits."})
            project.happened["applied"] += 1
        worker.call.post(f"applications/{application['id']}/agreements/")


def lose_one(background: Background, project: Project, worker: Worker) -> None:
    """Claim a task, do nothing, and let the lease run out: somebody else gets it."""
    work = worker.call.post(f"projects/{project.id}/claims/")
    let_lease_pass(work["id"])

    def given_back() -> bool:
        return bool(worker.call.get(f"work/{work['id']}/")["status"] == "released")

    background.until(given_back, "the lease ran out", "tasks.expire_claims")
    project.happened["expired"] += 1
    status, body = worker.call.try_("POST", f"work/{work['id']}/submit/", _answer(project, worker, work))
    if status != 409:
        raise Unexpected(f"Work on a lost seat was answered {status}: {body}")


def work_through(lab: Caller, background: Background, project: Project, workers: list[Worker]) -> None:
    """Rounds of claiming, mending what came back, and deciding, until nothing moves any more."""
    while _round(lab, project, workers):
        background.until(lambda: True, "news is delivered", "tasks.open_seats")


def _round(lab: Caller, project: Project, workers: list[Worker]) -> int:
    done = 0
    for worker in workers:
        done += _mend(project, worker)
        done += _claim_all(project, worker, share=len(workers))
    return done + _decide(lab, project)


def _claim_all(project: Project, worker: Worker, share: int) -> int:
    """A fair share of the tasks in each round, so that everybody gets some."""
    done = 0
    for _ in range(max(1, OVERLAP * len(project.task_names) // share)):
        status, work = worker.call.try_("POST", f"projects/{project.id}/claims/")
        if status == 409 and work["code"] in ("no_task", "claims_full"):
            return done
        if status != 201:
            raise Unexpected(f"claim answered {status}: {work}")
        worker.call.post(f"work/{work['id']}/submit/", _answer(project, worker, work))
        project.happened["submitted"] += 1
        done += 1
    return done


def _mend(project: Project, worker: Worker) -> int:
    back = list(worker.call.pages(f"work/?status=returned&project={project.id}"))
    for work in back:
        worker.tries[work["id"]] = worker.tries.get(work["id"], 0) + 1
        worker.call.post(f"work/{work['id']}/submit/", _answer(project, worker, work))
        project.happened["resubmitted"] += 1
    return len(back)


def _answer(project: Project, worker: Worker, work: Json) -> Json:
    item = project.truth[project.task_names[work["task"]["id"]]]
    answer = worker.answerer.answer(item, attempt=worker.tries.get(work["id"], 0))
    return {"response": answer, "seconds": 240}


def _decide(lab: Caller, project: Project) -> int:
    """Right is accepted; wrong comes back once, then it is rejected."""
    waiting = list(lab.pages(f"projects/{project.id}/submissions/?status=submitted"))
    for work in waiting:
        item = project.truth[project.task_names[work["task"]["id"]]]
        if item.right(work["response"]):
            verdict: Json = {"verdict": "accept"}
        elif work["decided_at"] is None:
            verdict = {"verdict": "return", "note": RETURNED}
        else:
            verdict = {"verdict": "reject", "reason": "incorrect", "note": REJECTED}
        lab.post(f"submissions/{work['id']}/reviews/", verdict)
        project.happened[verdict["verdict"]] += 1
    return len(waiting)
