"""Make the twin's tables, people with a session each, and projects of given sizes. Prints what the bench needs.

python -m bench.twin.fill PEOPLE ROWS…    → {"sessions": […], "projects": {"ROWS": id, …}}
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module

import django

CSRF = "b" * 32  # any 32 letters do: cookie and header must agree


def session_of(user_id: int, secret: str) -> str:
    from django.conf import settings

    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store["_auth_user_id"] = str(user_id)
    store["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
    store["_auth_user_hash"] = secret
    store.create()
    return str(store.session_key)


def main(people: int, sizes: list[int]) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.twin.settings"
    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.db import connection

    from bench.payloads import payload
    from bench.twin.models import Project, Task

    call_command("migrate", run_syncdb=True, verbosity=0)
    users = [User.objects.create(username=f"person{number}", password="!") for number in range(people)]
    sessions = [session_of(user.pk, user.get_session_auth_hash()) for user in users]
    projects = {}
    for size in sizes:
        project = Project.objects.create(title=f"{size} tasks")
        Task.objects.bulk_create((Task(project=project, payload=payload(n)) for n in range(size)), batch_size=2000)
        projects[str(size)] = project.pk
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    print(json.dumps({"sessions": sessions, "projects": projects}))


if __name__ == "__main__":
    main(int(sys.argv[1]), [int(size) for size in sys.argv[2:]])
