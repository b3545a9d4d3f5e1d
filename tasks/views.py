"""The browser's door to tasks (helper G owns views.py, views_*.py, forms.py, urls.py, templates/tasks, admin.py; F does not)."""
