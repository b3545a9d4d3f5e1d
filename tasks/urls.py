"""The addresses of projects at work, of work itself, and of what comes in and goes out.

`projects/new/` and its kin are projects' own: `projects.urls` is asked first.
"""

from __future__ import annotations

from django.urls import path

from tasks import views_files, views_lab, views_money, views_refunds, views_review, views_work

app_name = "tasks"

urlpatterns = [
    # lab: projects and their tasks
    path("projects/", views_lab.dashboard, name="dashboard"),
    path("projects/<slug:prj>/", views_lab.overview, name="project"),
    path("projects/<slug:prj>/spend/", views_lab.spend, name="spend"),
    path("projects/<slug:prj>/refunds/", views_refunds.refunds, name="refunds"),
    path("refunds/<slug:rfd>/cancel/", views_refunds.refund_cancel, name="refund_cancel"),
    path("projects/<slug:prj>/settings/", views_lab.settings, name="settings"),
    path("projects/<slug:prj>/step/<slug:verb>/", views_lab.step, name="step"),
    path("projects/<slug:prj>/tasks/", views_lab.task_list, name="task_list"),
    path("tasks/<slug:tsk>/", views_lab.task, name="task"),
    path("tasks/<slug:tsk>/withdraw/", views_lab.task_withdraw, name="task_withdraw"),
    path("tasks/<slug:tsk>/repair/", views_lab.task_repair, name="task_repair"),
    # lab: money
    path("projects/<slug:prj>/ledger/", views_money.lines, name="lines"),
    path("billing/", views_money.billing_home, name="billing_home"),
    path("billing/<slug:lab>/", views_money.billing, name="billing"),
    path("billing/<slug:lab>/<slug:month>/", views_money.statement, name="statement"),
    path("billing/<slug:lab>/<slug:month>.csv", views_money.month_csv, name="month_csv"),
    # lab: reviewing
    path("projects/<slug:prj>/review/", views_review.review_queue, name="review_queue"),
    path("submissions/<slug:sub>/", views_review.submission, name="submission"),
    path("submissions/<slug:sub>/decide/", views_review.decide, name="decide"),
    # lab: files
    path("projects/<slug:prj>/imports/", views_files.imports, name="imports"),
    path("imports/<slug:imp>/", views_files.import_page, name="import"),
    path("imports/<slug:imp>/confirm/", views_files.import_confirm, name="import_confirm"),
    path("imports/<slug:imp>/discard/", views_files.import_discard, name="import_discard"),
    path("projects/<slug:prj>/exports/", views_files.exports, name="exports"),
    path("exports/<slug:out>/", views_files.export_row, name="export"),
    path("exports/<slug:out>/retry/", views_files.export_retry, name="export_retry"),
    path("exports/<slug:out>/download/", views_files.export_download, name="export_download"),
    # expert
    path("browse/", views_work.browse, name="browse"),
    path("browse/<slug:prj>/", views_work.offer, name="offer"),
    path("work/", views_work.home, name="work"),
    path("work/submissions/", views_work.my_work, name="my_work"),
    path("work/<slug:prj>/next/", views_work.claim, name="claim"),
    path("work/<slug:sub>/", views_work.bench, name="bench"),
    path("work/<slug:sub>/draft/", views_work.draft, name="draft"),
    path("work/<slug:sub>/submit/", views_work.submit, name="submit"),
    path("work/<slug:sub>/extend/", views_work.extend, name="extend"),
    path("work/<slug:sub>/release/", views_work.release, name="release"),
    path("work/<slug:sub>/appeal/", views_work.appeal, name="appeal"),
]
