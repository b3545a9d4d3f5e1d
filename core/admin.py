"""What every admin page of ours is: everything can be read, nothing can be typed over, buttons call actions.

Also the audit log and the deliveries of core itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.views.decorators.http import require_http_methods

from core.actors import Actor
from core.errors import NotAllowed, Refused
from core.events import deliver_one
from core.models import Delivery, Event

M = TypeVar("M", bound=Model)

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin
else:  # Django's class takes no type parameter while running

    class _ModelAdmin(admin.ModelAdmin, Generic[M]):
        """The stock admin."""


@dataclass(frozen=True)
class Button(Generic[M]):
    """`act(obj, by, words)` calls one action. `asks`: the label of the words it needs, "" where it needs none.

    `asks_first`: the label of a short answer (an amount), which is then the first line of `words`.
    """

    name: str
    label: str
    act: Callable[[M, Actor, str], object]
    when: Callable[[M], bool] = lambda obj: True
    asks: str = ""
    asks_first: str = ""
    tone: str = ""  # "", "primary" or "danger"
    warns: str = ""  # what it does; such a button is asked about once more, on a page of its own
    foretells: Callable[[M, Actor], Sequence[str]] | None = None  # the same, worked out for this row; also asked about


@dataclass(frozen=True)
class Figure:
    """One number above a list. `query` narrows the list to what it counts; tones are those of badges."""

    label: str
    value: int | str
    query: str = ""
    tone: str = ""


class OpsAdmin(_ModelAdmin[M]):
    """Staff read; nobody adds, edits or deletes here."""

    buttons: tuple[Button[M], ...] = ()
    change_form_template = "admin/ops_change_form.html"
    change_list_template = "admin/ops_change_list.html"
    list_per_page = 50
    show_full_result_count = False  # counting a large table costs more than it tells
    show_facets = admin.ShowFacets.NEVER

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return request.user.is_active and request.user.is_staff

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_do"
        press = self.admin_site.admin_view(require_http_methods(["GET", "POST"])(self.press))
        return [path("<path:object_id>/do/<slug:button>/", press, name=name), *super().get_urls()]

    def figures(self) -> Sequence[Figure]:
        """What stands above the list."""
        return ()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        title = capfirst(self.opts.verbose_name_plural)  # Django's own says "Select … to view"
        context = {"title": title, "ops_figures": self.figures(), **(extra_context or {})}
        return super().changelist_view(request, context)

    @admin.display(description="What ops can do")
    def row_buttons(self, obj: M) -> SafeString:
        """For `list_display`: each button that this row has now leads to the page that asks about it once more."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_do"
        shown = [(reverse(name, args=[obj.pk, each.name]), each.label) for each in self.buttons if each.when(obj)]
        return format_html_join(" · ", '<a href="{}">{}</a>', shown) or SafeString("–")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        obj = self.get_object(request, object_id)
        shown = [button for button in self.buttons if obj is not None and button.when(obj)]
        context = {"ops_buttons": shown, "ops_subject": getattr(obj, "public_id", ""), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def press(self, request: HttpRequest, object_id: str, button: str) -> HttpResponse:
        """GET asks once more; POST is one action, and back to the page with what came of it."""
        obj = self.get_object(request, object_id)
        if obj is None:
            raise Http404
        pressed = next((known for known in self.buttons if known.name == button), None)
        if pressed is None:
            raise PermissionDenied("There is no such button.")
        if request.method == "GET":
            context = {"title": pressed.label, "opts": self.opts, "original": obj, "button": pressed}
            context["open"] = pressed.when(obj)
            if pressed.foretells and context["open"]:
                context["foretold"] = pressed.foretells(obj, cast(Actor, request.user))
            return render(request, "admin/ops_confirm.html", {**self.admin_site.each_context(request), **context})
        try:
            pressed.act(obj, cast(Actor, request.user), "\n".join(request.POST.getlist("words")))
        except NotAllowed as refusal:
            raise PermissionDenied(refusal.message) from refusal
        except Refused as refusal:
            messages.error(request, refusal.message)
        else:
            messages.success(request, f"{pressed.label}: done.")
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", object_id)


def subject_link(public_id: str) -> SafeString:
    """A link to everything that happened to one thing."""
    return format_html('<a href="{}?q={}">{}</a>', reverse("admin:core_event_changelist"), public_id, public_id)


@admin.register(Event)
class EventAdmin(OpsAdmin[Event]):
    """The audit log: search by the id of what it happened to."""

    list_display = ("at", "name", "about", "actor", "before", "after", "note")
    list_select_related = ("actor",)
    search_fields = ("=subject", "=name")
    search_help_text = "The whole id of a thing (prj_…, crd_…, lab_…) or the whole name of an event (lab.confirmed)."
    ordering = ("-pk",)

    @admin.display(description="Subject", ordering="subject")
    def about(self, event: Event) -> SafeString:
        return subject_link(event.subject)


@admin.register(Delivery)
class DeliveryAdmin(OpsAdmin[Delivery]):
    """Events owed to jobs; what failed says why and can be tried at once."""

    list_display = ("event", "job", "tries", "due_at", "done_at", "last_error")
    list_select_related = ("event",)
    list_filter = (("done_at", admin.EmptyFieldListFilter),)
    ordering = ("-pk",)
    buttons = (
        Button(
            "deliver",
            "Deliver now",
            lambda delivery, by, words: deliver_one(delivery.pk),
            when=lambda delivery: delivery.done_at is None,
        ),
    )
