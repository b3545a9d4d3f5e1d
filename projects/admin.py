"""The ops door to projects: lists. What happens to them is the lab's to decide; a freeze is ours to lift."""

from __future__ import annotations

from django.contrib import admin

from core.admin import Button, OpsAdmin
from payments.columns import Amounts, money
from projects import actions
from projects.models import Application, InstructionVersion, Invitation, MatchRun, Project


@admin.register(Project)
class ProjectAdmin(Amounts, OpsAdmin[Project]):
    list_display = (
        "title",
        "lab",
        "kind",
        "status",
        money("pay"),
        "planned_tasks",
        "overlap",
        "opened_at",
        "public_id",
    )
    list_filter = ("status", "kind")
    list_select_related = ("lab",)
    search_fields = ("title", "lab__name", "=public_id")
    ordering = ("-pk",)
    buttons = (
        Button(
            "unfreeze",
            "Unfreeze",
            lambda project, by, words: actions.unfreeze_project(project=project, by=by, note=words),
            when=lambda project: project.status == Project.Status.FROZEN,
            asks="Why, for the record",
            tone="danger",
        ),
    )


@admin.register(InstructionVersion)
class InstructionVersionAdmin(OpsAdmin[InstructionVersion]):
    list_display = ("project", "number", "written_by", "published_at")
    list_select_related = ("project", "written_by")
    search_fields = ("project__title", "=project__public_id")
    ordering = ("-pk",)


@admin.register(Application)
class ApplicationAdmin(OpsAdmin[Application]):
    list_display = ("expert", "project", "status", "score", "answer_by", "decided_at", "public_id")
    list_filter = ("status",)
    list_select_related = ("expert__user", "project")
    search_fields = ("expert__user__name", "expert__user__email", "project__title", "=public_id")
    ordering = ("-pk",)


@admin.register(Invitation)
class InvitationAdmin(OpsAdmin[Invitation]):
    list_display = ("expert", "project", "status", "score", "sent_at", "expires_at", "public_id")
    list_filter = ("status",)
    list_select_related = ("expert__user", "project")
    search_fields = ("expert__user__name", "expert__user__email", "project__title", "=public_id")
    ordering = ("-pk",)


@admin.register(MatchRun)
class MatchRunAdmin(OpsAdmin[MatchRun]):
    list_display = ("project", "at", "engine", "matched", "milliseconds")
    list_select_related = ("project",)
    search_fields = ("project__title", "=project__public_id")
    ordering = ("-pk",)
