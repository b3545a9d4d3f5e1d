"""Every address of the REST door of tasks, relative to /api/v1/."""

from __future__ import annotations

from django.urls import URLPattern, path

from tasks import api_lab as lab
from tasks import api_money as money
from tasks import api_promises as promises
from tasks import api_work as work

api_urls: list[URLPattern] = [
    # experts
    path("projects/<str:project>/claims/", work.Claims.as_view(), name="api-claims"),
    path("work/", work.MyWork.as_view(), name="api-my-work"),
    path("work/<str:submission>/", work.Work.as_view(), name="api-work"),
    path("work/<str:submission>/draft/", work.Draft.as_view(), name="api-draft"),
    path("work/<str:submission>/submit/", work.Submit.as_view(), name="api-submit"),
    path("work/<str:submission>/release/", work.Release.as_view(), name="api-release"),
    path("work/<str:submission>/extend/", work.Extend.as_view(), name="api-extend"),
    path("work/<str:submission>/appeal/", work.Appeals.as_view(), name="api-appeal"),
    # both
    path("projects/<str:project>/promises/", promises.Promises.as_view(), name="api-promises"),
    # labs
    path("projects/<str:project>/tasks/", lab.Tasks.as_view(), name="api-tasks"),
    path("tasks/<str:task>/", lab.OneTask.as_view(), name="api-task"),
    path("tasks/<str:task>/withdraw/", lab.Withdraw.as_view(), name="api-withdraw"),
    path("tasks/<str:task>/repair/", lab.Repair.as_view(), name="api-repair"),
    path("projects/<str:project>/imports/", lab.Imports.as_view(), name="api-imports"),
    path("imports/<str:upload>/", lab.OneImport.as_view(), name="api-import"),
    path("imports/<str:upload>/faults/", lab.Faults.as_view(), name="api-faults"),
    path("imports/<str:upload>/confirm/", lab.Confirm.as_view(), name="api-confirm"),
    path("imports/<str:upload>/discard/", lab.Discard.as_view(), name="api-discard"),
    path("projects/<str:project>/progress/", lab.Progress.as_view(), name="api-progress"),
    path("projects/<str:project>/submissions/", lab.Submissions.as_view(), name="api-submissions"),
    path("submissions/<str:submission>/", lab.OneSubmission.as_view(), name="api-submission"),
    path("submissions/<str:submission>/reviews/", lab.Reviews.as_view(), name="api-reviews"),
    path("submissions/<str:submission>/report/", lab.Reports.as_view(), name="api-report"),
    path("projects/<str:project>/exports/", lab.Exports.as_view(), name="api-exports"),
    path("exports/<str:export>/", lab.OneExport.as_view(), name="api-export"),
    path("exports/<str:export>/file/", lab.Download.as_view(), name="api-export-file"),
    path("projects/<str:project>/money/", money.ProjectMoney.as_view(), name="api-money"),
    path("projects/<str:project>/money/lines/", money.ProjectLines.as_view(), name="api-money-lines"),
    path("projects/<str:project>/money/forecast/", money.ProjectForecast.as_view(), name="api-forecast"),
    path("labs/<str:lab>/billing/", money.Billing.as_view(), name="api-billing"),
    path("labs/<str:lab>/billing/<str:month>/lines/", money.MonthLines.as_view(), name="api-month-lines"),
]
