"""allauth's forms in the spelling of our pages: "E-mail address", and no capitals inside a label."""

from __future__ import annotations

from typing import Any, Final

from allauth.account import forms
from allauth.core import context

WORDS: Final = {
    "Email": "E-mail address",
    "Current Password": "Current password",
    "New Password": "New password",
    "New Password (again)": "New password (again)",
}


class InOurWords:
    fields: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.label = WORDS.get(field.label, field.label)
            field.widget.attrs.pop("placeholder", None)  # it would only repeat the label


class LoginForm(InOurWords, forms.LoginForm):  # type: ignore[misc]
    pass


class SignupForm(InOurWords, forms.SignupForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["via"].initial = context.request.GET.get("via", "")


class AddEmailForm(InOurWords, forms.AddEmailForm):  # type: ignore[misc]
    pass


class ChangePasswordForm(InOurWords, forms.ChangePasswordForm):  # type: ignore[misc]
    pass


class SetPasswordForm(InOurWords, forms.SetPasswordForm):  # type: ignore[misc]
    pass


class ResetPasswordForm(InOurWords, forms.ResetPasswordForm):  # type: ignore[misc]
    pass


class ResetPasswordKeyForm(InOurWords, forms.ResetPasswordKeyForm):  # type: ignore[misc]
    pass


class ReauthenticateForm(InOurWords, forms.ReauthenticateForm):  # type: ignore[misc]
    pass
