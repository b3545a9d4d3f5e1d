from django.urls import path

from bench.twin import views

urlpatterns = [
    path("projects/<int:project>/", views.dashboard),
    path("projects/<int:project>/next/", views.next_task),
    path("projects/<int:project>/import/", views.import_tasks),
    path("projects/<int:project>/export/", views.export),
    path("tasks/<int:task>/submit/", views.submit),
]
