"""Next, submit, import, export, dashboard: as plain as Django does them well."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from bench.twin.models import Answer, Project, Task


@require_POST
@login_required
def next_task(request: HttpRequest, project: int) -> HttpResponse:
    assert isinstance(request.user, User)
    with transaction.atomic():
        task = (
            Task.objects.select_for_update(skip_locked=True)
            .filter(project_id=project, status="open")
            .order_by("priority", "id")
            .first()
        )
        if task is None:
            return JsonResponse({"message": "No task left."}, status=409)
        task.status, task.holder = "claimed", request.user
        task.save(update_fields=["status", "holder"])
    return JsonResponse({"id": task.pk, "payload": task.payload})


@require_POST
@login_required
def submit(request: HttpRequest, task: int) -> HttpResponse:
    assert isinstance(request.user, User)
    with transaction.atomic():
        held = get_object_or_404(Task.objects.select_for_update(), pk=task, holder=request.user, status="claimed")
        answer = Answer.objects.create(task=held, user=request.user, response=json.loads(request.body))
        held.status = "done"
        held.save(update_fields=["status"])
    return JsonResponse({"id": answer.pk})


@require_POST
@login_required
@transaction.atomic
def import_tasks(request: HttpRequest, project: int) -> HttpResponse:
    rows = (json.loads(line) for line in request)
    count = 0
    while batch := list(itertools.islice(rows, 1000)):
        Task.objects.bulk_create(Task(project_id=project, payload=row) for row in batch)
        count += len(batch)
    return JsonResponse({"rows": count})


@login_required
def export(request: HttpRequest, project: int) -> StreamingHttpResponse:
    rows = (
        Answer.objects.filter(task__project_id=project)
        .order_by("pk")
        .values_list("task_id", "task__payload", "response")
    )

    def lines() -> Iterator[str]:
        for task, payload, response in rows.iterator(2000):
            yield json.dumps({"task": task, "payload": payload, "response": response}) + "\n"

    def chunks() -> Iterator[str]:
        every = lines()
        while chunk := "".join(itertools.islice(every, 200)):
            yield chunk

    return StreamingHttpResponse(chunks(), content_type="application/jsonl")


@login_required
def dashboard(request: HttpRequest, project: int) -> HttpResponse:
    here = get_object_or_404(Project, pk=project)
    counts = dict(Task.objects.filter(project=here).values_list("status").annotate(Count("pk")))
    latest = Answer.objects.filter(task__project=here).select_related("user").order_by("-pk")[:20]
    return render(request, "dashboard.html", {"project": here, "counts": counts, "latest": latest})
