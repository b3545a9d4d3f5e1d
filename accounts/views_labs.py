"""A lab's own pages: who it is, who belongs to it, who is invited, its keys."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import actions
from accounts.forms import InviteForm, LabForm, RoleForm
from accounts.models import Lab, MemberInvite, Membership, Role, User
from accounts.queries import lab_page
from accounts.roles import PROSE, Permission, may
from accounts.views import key_page
from accounts.web import refusals_on, signed_in, told


def _lab(request: HttpRequest, lab_id: str) -> Lab:
    return get_object_or_404(Lab.objects.visible_to(signed_in(request)).distinct(), public_id=lab_id)


def _must(request: HttpRequest, permission: Permission, lab: Lab) -> None:
    """A page of buttons that would all be refused is not shown."""
    if not may(signed_in(request), permission, lab=lab):
        raise PermissionDenied("Only an owner of the lab does this.")


@login_required
@require_GET
def labs(request: HttpRequest) -> HttpResponse:
    """The only lab of somebody, or the list to choose from."""
    mine = list(signed_in(request).memberships.select_related("lab").order_by("lab__name"))
    if len(mine) == 1:
        return redirect("accounts:lab", mine[0].lab.public_id)
    return render(request, "accounts/labs.html", {"memberships": mine})


@login_required
@require_http_methods(["GET", "POST"])
def lab_new(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    form = LabForm(request.POST or None, initial={"time_zone": user.time_zone})
    if request.method == "POST" and form.is_valid():
        lab = actions.create_lab(by=user, **form.cleaned_data)
        return redirect("accounts:lab", lab.public_id)
    return render(request, "accounts/lab_form.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@require_GET
def lab(request: HttpRequest, lab_id: str) -> HttpResponse:
    return _lab_page(request, _lab(request, lab_id), InviteForm())


def _lab_page(request: HttpRequest, lab: Lab, form: InviteForm) -> HttpResponse:
    context = {
        "lab": lab,
        "form": form,
        "may_manage": may(signed_in(request), Permission.MEMBER_MANAGE, lab=lab),
        "roles": [(value, label, PROSE[value]) for value, label in Role.choices],
        **lab_page(lab),
    }
    return render(request, "accounts/lab.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def lab_edit(request: HttpRequest, lab_id: str) -> HttpResponse:
    lab = _lab(request, lab_id)
    _must(request, Permission.LAB_EDIT, lab)
    start = {name: getattr(lab, name) for name in ("name", "website", "country", "time_zone")}
    form = LabForm(request.POST or None, initial=start)
    if request.method == "POST" and form.is_valid():
        actions.edit_lab(lab=lab, by=signed_in(request), **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect("accounts:lab", lab.public_id)
    context = {"form": form, "lab": lab}
    return render(request, "accounts/lab_form.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def member_invite(request: HttpRequest, lab_id: str) -> HttpResponse:
    lab = _lab(request, lab_id)
    form = InviteForm(request.POST)
    if form.is_valid():
        with refusals_on(form):
            actions.invite_member(lab=lab, by=signed_in(request), **form.cleaned_data)
        if form.is_valid():
            messages.success(request, f"Invitation sent to {form.cleaned_data['email']}.")
            return redirect("accounts:lab", lab.public_id)
    return _lab_page(request, lab, form)


def _member(request: HttpRequest, lab_id: str, user_id: str) -> Membership:
    members = Membership.objects.select_related("lab", "user")
    return get_object_or_404(members, lab=_lab(request, lab_id), user__public_id=user_id)


@login_required
@require_POST
def member_role(request: HttpRequest, lab_id: str, user_id: str) -> HttpResponse:
    member = _member(request, lab_id, user_id)
    form = RoleForm(request.POST)
    with told(request, f"{member.user} is {request.POST.get('role', '')} now."):
        form.is_valid()
        actions.change_role(membership=member, role=form.cleaned_data.get("role", ""), by=signed_in(request))
    return redirect("accounts:lab", lab_id)


@login_required
@require_POST
def member_remove(request: HttpRequest, lab_id: str, user_id: str) -> HttpResponse:
    member = _member(request, lab_id, user_id)
    with told(request, f"{member.user} is no longer a member."):
        actions.remove_member(membership=member, by=signed_in(request))
    still_in = Lab.objects.visible_to(signed_in(request)).filter(public_id=lab_id).exists()
    return redirect("accounts:lab", lab_id) if still_in else redirect("accounts:labs")


@login_required
@require_http_methods(["GET", "POST"])
def lab_keys(request: HttpRequest, lab_id: str) -> HttpResponse:
    lab = _lab(request, lab_id)
    _must(request, Permission.TOKEN_MANAGE, lab)
    return key_page(request, lab, reverse("accounts:lab_keys", args=[lab_id]))


@require_http_methods(["GET", "POST"])
def invite(request: HttpRequest, invite_id: str) -> HttpResponse:
    """What the link in the letter opens. Anybody may look; only the invited address may accept."""
    invite = get_object_or_404(MemberInvite.objects.select_related("lab", "invited_by"), public_id=invite_id)
    user = request.user
    if request.method == "POST":
        if not isinstance(user, User):
            return redirect_to_login(request.path)
        with told(request, f"Welcome to {invite.lab}."):
            actions.accept_member_invite(invite=invite, by=user)
        joined = Lab.objects.visible_to(user).filter(pk=invite.lab_id).exists()
        return redirect("accounts:lab", invite.lab.public_id) if joined else redirect("accounts:invite", invite_id)
    mine = isinstance(user, User) and invite.email.lower() == user.email.lower()
    context = {"invite": invite, "mine": mine, "role_prose": PROSE[invite.role]}
    return render(request, "accounts/invite.html", context)


@login_required
@require_POST
def invite_revoke(request: HttpRequest, invite_id: str) -> HttpResponse:
    labs = Lab.objects.visible_to(signed_in(request))
    invite = get_object_or_404(MemberInvite.objects.select_related("lab"), public_id=invite_id, lab__in=labs)
    with told(request, f"The invitation to {invite.email} no longer works."):
        actions.revoke_member_invite(invite=invite, by=signed_in(request))
    return redirect("accounts:lab", invite.lab.public_id)
