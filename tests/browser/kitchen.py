"""A page with every part in every state, served only in tests (tests/browser/test_foundation.py)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from django import forms
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import Engine, RequestContext
from django.template.loader import get_template
from django.urls import include, path
from django.utils import timezone

PROMPT = r"""A gas-phase equilibrium $\ce{N2 + 3 H2 <=> 2 NH3}$ has $K_p = 1.6\times10^{-4}$ at 673 K.

Calculate $\Delta G^\circ$ and state whether raising the pressure shifts the equilibrium:

$$\Delta G^\circ = -RT \ln K_p$$
"""
ANSWER_A = r"""1. Insert the numbers: $\Delta G^\circ = -(8.314)(673)\ln(1.6\times10^{-4})$
2. $\ln(1.6\times10^{-4}) = -8.740$
3. $\Delta G^\circ = +48.9\ \mathrm{kJ\,mol^{-1}}$

Four moles of gas become two, so **higher pressure favours ammonia**.

```python
from math import log
R, T, K = 8.314, 673, 1.6e-4
dG = -R * T * log(K)   # J/mol
print(f"{dG / 1000:.1f} kJ/mol")
```
"""
ANSWER_B = r"""1. Use $\Delta G^\circ = -RT\log_{10} K_p$
2. $\log_{10}(1.6\times10^{-4}) = -3.796$
3. $\Delta G^\circ = +21.2\ \mathrm{kJ\,mol^{-1}}$

$\Delta n = -2$, so pressure has **no effect** on $K_p$ and no effect on the position of equilibrium.

| Quantity | Value |
|---|--:|
| $T$ | 673 K |
| $\foo$ | unknown |

$$\begin{pmatrix}a & b\\ c & d\end{pmatrix}\begin{bmatrix}x\\y\end{bmatrix}
= \left(\sum_{i=1}^n \frac{x_i}{1+\frac1{x_i^2}}
\right)
\qquad f(x)=\begin{cases}x^2 & x>0\\ 0 & \text{otherwise}\end{cases} \qquad \cancel{x} \qquad \boxed{E=mc^2}$$
"""


class Sink(forms.Form):
    title = forms.CharField(help_text="Experts see this first. Name the field and the work.")
    kind = forms.ChoiceField(choices=[("", "Choose a kind"), ("preference", "Preference"), ("stepwise", "Stepwise")])
    price = forms.DecimalField(label="Price per task")
    fields_ = forms.MultipleChoiceField(
        label="Fields of study",
        choices=[("0511", "0511 Biology"), ("0531", "0531 Chemistry"), ("0533", "0533 Physics"), ("0421", "0421 Law")],
        widget=forms.SelectMultiple(attrs={"data-combo": ""}),
        initial=["0533"],
        required=False,
    )
    degree = forms.ChoiceField(
        label="Least degree",
        widget=forms.RadioSelect,
        choices=[("6", "Bachelor's"), ("7", "Master's"), ("8", "Doctorate")],
    )
    brief = forms.CharField(widget=forms.Textarea, help_text="Markdown and LaTeX work here.", required=False)
    file = forms.FileField(label="Tasks", help_text="JSONL or CSV, up to 100,000 rows.", required=False)
    blind = forms.BooleanField(
        label="Blind double review", help_text="Two reviewers, neither sees the other.", required=False
    )


def kitchen(request: HttpRequest) -> HttpResponse:
    form = Sink(request.POST or None)
    status = 422 if request.method == "POST" and not form.is_valid() else 200
    now = timezone.now()
    context = {
        "form": form,
        "prompt": PROMPT,
        "answer_a": ANSWER_A,
        "answer_b": ANSWER_B,
        "weekly": [3, 4, 2, 5, 7, 6, 8, 5, 6, 8, 10, 9, 11, 10, 12],
        "rows": [("Physics", 182), ("Law", 60), ("Organic chemistry", 41), ("Medicine", 3)],
        "past": now - timedelta(hours=3),
        "soon": now + timedelta(days=3),
        "lease": now + timedelta(minutes=27),
        "lease_soon": now + timedelta(minutes=4),
        "now": now,
    }
    return _show(request, request.path.strip("/"), context, status)


def _show(request: HttpRequest, name: str, context: dict[str, object], status: int = 200) -> HttpResponse:
    source = (Path(__file__).parent / "templates" / f"{name}.html").read_text()
    engine = get_template("404.html").backend.engine  # type: ignore[attr-defined]
    assert isinstance(engine, Engine)
    return HttpResponse(engine.from_string(source).render(RequestContext(request, context)), status=status)


drafts: list[dict[str, str]] = []
_refusal = {"message": ""}


def refuse_drafts(message: str) -> None:
    """From now on the draft address answers 409 with this message; "" ends it."""
    _refusal["message"] = message


def draft(request: HttpRequest) -> HttpResponse:
    if _refusal["message"]:
        return JsonResponse({"code": "stale_draft", **_refusal}, status=409)
    drafts.append({key: str(value) for key, value in request.POST.items()})
    return JsonResponse({"version": len(drafts), "saved_at": timezone.now().isoformat()})


def extend(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"until": (timezone.now() + timedelta(minutes=90)).isoformat()})


urlpatterns = [
    path("kitchen/", kitchen, name="kitchen"),
    path("bench/", kitchen, name="bench"),
    path("steps/", kitchen, name="steps"),
    path("desk/", kitchen, name="desk"),
    path("bench/draft", draft),
    path("bench/extend", extend),
    path("", include("marketplace.urls")),
]
