"""Three tables."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import User
from django.db import models


class Project(models.Model):
    title = models.CharField(max_length=120)


class Task(models.Model):
    project = models.ForeignKey(Project, on_delete=models.CASCADE)
    payload = models.JSONField()
    priority = models.IntegerField(default=0)
    status = models.CharField(max_length=10, default="open")
    holder = models.ForeignKey(User, null=True, on_delete=models.PROTECT)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["project", "priority", "id"], condition=models.Q(status="open"), name="queue")
        ]


class Answer(models.Model):
    task = models.ForeignKey(Task, on_delete=models.PROTECT)
    user = models.ForeignKey(User, on_delete=models.PROTECT)
    response = models.JSONField()
    at = models.DateTimeField(auto_now_add=True)
