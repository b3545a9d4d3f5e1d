"""What strangers write becomes HTML that a strict page may show, and nothing is lost on the way unsaid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core import render
from core.chemistry import UnknownChemistry, chemistry, expand
from core.render import UnmappedStyle, markdown, mathml, plain_text

FORMULAS = Path(__file__).with_name("formulas.txt").read_text().splitlines()


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[a](javascript:alert(1))",
        "![a](https://tracker.example/x.png)",
        r"$\text{<script>alert(1)</script>}$",
        r"$\href{javascript:alert(1)}{x}$",
        r"\(<img src=x onerror=alert(1)>\)",
        "```html\n<script>alert(1)</script>\n```",
        "```<script>\nx\n```",
        "<math><mtext><style><img src=x onerror=alert(1)>",
        "| <b onclick=x> |\n|---|\n| y |",
    ],
)
@pytest.mark.parametrize("reader", [markdown, plain_text])
def test_nothing_that_runs_or_calls_out_gets_through(reader: object, text: str) -> None:
    assert callable(reader)
    html = reader(text)
    tags = re.findall(r"<[^>]*>", html)
    assert not [tag for tag in tags if re.search(r"script|<img|\son\w+=|javascript:|style", tag)]


def test_markdown_of_a_brief() -> None:
    html = markdown(
        "# Task\n\n**Find** the `bug`.\n\n- one\n- two\n\n[Rules](https://lab.example/rules)\n\nline\nbreak"
    )
    assert "<h1>Task</h1>" in html
    assert "<strong>Find</strong> the <code>bug</code>" in html
    assert "<li>one</li>" in html
    assert '<a href="https://lab.example/rules" rel="noopener noreferrer nofollow">Rules</a>' in html
    assert "line<br>\nbreak" in html


def test_a_table_keeps_its_alignment_by_class() -> None:
    html = markdown("|a|b|\n|-|-:|\n|1|2|")
    assert '<td class="right">2</td>' in html
    assert "style" not in html


def test_a_picture_is_named_and_not_fetched() -> None:
    assert markdown("![the apparatus](https://x.example/a.png)") == "<p>[the apparatus]</p>\n"
    assert markdown("![](https://x.example/a.png)") == "<p>[picture]</p>\n"


def test_code_is_coloured_by_classes_and_unknown_languages_are_shown_plain() -> None:
    assert '<span class="kn">import</span>' in markdown("```python\nimport math\n```")
    assert markdown("```klingon\na < b\n```") == "<pre><code>a &lt; b\n</code></pre>\n"
    assert markdown("    a < b") == "<pre><code>a &lt; b\n</code></pre>\n"


@pytest.mark.parametrize(
    "text",
    [
        r"$x^2$",
        r"$$x^2$$",
        r"\(x^2\)",
        r"\[x^2\]",
        "\\[\nx^2\n\\]",
        r"before $$x^2$$ after",
        r"a \[x^2\] b",
        "above\n\\[x^2\\]",
    ],
)
@pytest.mark.parametrize("reader", [markdown, plain_text])
def test_maths_in_each_way_of_writing_it(reader: object, text: str) -> None:
    assert callable(reader)
    assert "<msup><mi>x</mi><mn>2</mn></msup>" in reader(text)


def test_a_bare_environment_is_maths() -> None:
    html = markdown("\\begin{align}\na &= b\\\\\nc &= d\n\\end{align}")
    assert '<mtd class="mr mpr0"><mi>a</mi></mtd>' in html


@pytest.mark.parametrize(
    "text",
    ["It costs $5 and then $10 more.", "From $ 3 to $ 4", r"an open \( bracket", "\\[ a\n\nb \\]", "\\[ never\nclosed"],
)
def test_prices_and_open_brackets_are_no_maths(text: str) -> None:
    assert "<math" not in markdown(text)


def test_many_open_brackets_do_not_take_long() -> None:
    """A text of openings without an end is read once, not once per opening."""
    assert r"\(" not in markdown(r"\( " * 20_000)[:100]


def test_maths_that_cannot_be_set_shows_its_source_and_the_reason() -> None:
    html = markdown(r"$\foo{1}$")
    assert 'class="tex-error"' in html
    assert r">\foo{1}</code>" in html
    assert "Unknown command" in html


@pytest.mark.parametrize("tex", [r"\def\x{\x\x}\x", r"\hspace{-2em}x", "x" * 20_001, r"\ce{?}", r"\ce{H2O"])
def test_bombs_and_unmapped_layouts_are_shown_as_source(tex: str) -> None:
    assert 'class="tex-error"' in markdown(f"${tex}$")


def test_a_style_without_a_class_is_refused() -> None:
    with pytest.raises(UnmappedStyle, match="margin-left"):
        mathml(r"\hspace{-2em}", display=False)


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("display", [True, False])
def test_every_formula_of_the_list_is_set_without_a_style(formula: str, display: bool) -> None:
    """What chemists, physicists and mathematicians write. A release that styles it differently fails here."""
    html = mathml(formula, display=display)
    assert html.startswith("<math")
    assert " style=" not in html
    classes = {name for names in re.findall(r'class="([^"]*)"', html) for name in names.split()}
    sheet = Path("static/css/math.css").read_text()
    assert all(f".{name}" in sheet for name in classes)


def test_every_class_of_the_map_is_in_the_sheet() -> None:
    sheet = Path("static/css/math.css").read_text()
    for name in filter(None, render.STYLE_CLASSES.values()):
        assert re.search(rf"\.{name}\b", sheet), name


def test_colours_of_maths_become_attributes() -> None:
    assert 'mathcolor="#FF0000"' in mathml(r"\color{red}x", display=False)


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("H2O", r"\mathrm{H}_{2}\mathrm{O}"),
        ("SO4^2-", r"\mathrm{SO}_{4}^{2-}"),
        ("Na+", r"\mathrm{Na}^{+}"),
        ("[Fe(CN)6]^{3-}", r"[\mathrm{Fe}(\mathrm{CN})_{6}]^{3-}"),
        ("2 H2 + O2 -> 2 H2O", r"2\, \mathrm{H}_{2} + \mathrm{O}_{2} \;\rightarrow\; 2\, \mathrm{H}_{2}\mathrm{O}"),
        ("A <=>[heat] B", r"\mathrm{A} \xrightleftharpoons{\mathrm{heat}} \mathrm{B}"),
        ("A ->[a][b] B", r"\mathrm{A} \xrightarrow[\mathrm{b}]{\mathrm{a}} \mathrm{B}"),
        ("NaCl(aq)", r"\mathrm{NaCl}\,\mathrm{(aq)}"),
        ("CuSO4.5H2O", r"\mathrm{CuSO}_{4}\cdot 5\,\mathrm{H}_{2}\mathrm{O}"),
        ("1/2 O2", r"1/2\, \mathrm{O}_{2}"),
        ("^{14}_{6}C", r"{}^{14}_{\mathrm{6}}\mathrm{C}"),
        ("CH3-CH3", r"\mathrm{CH}_{3}-\mathrm{CH}_{3}"),
        ("HC#CH", r"\mathrm{HC}\equiv \mathrm{CH}"),
        ("K_a", r"\mathrm{K}_{\mathrm{a}}"),
    ],
)
def test_chemistry(text: str, latex: str) -> None:
    assert chemistry(text) == latex
    assert "<math" in mathml(rf"\ce{{{text}}}", display=False)


def test_chemistry_says_where_it_stopped() -> None:
    with pytest.raises(UnknownChemistry, match=r"stops at '\?B'"):
        chemistry("A ?B")


def test_only_the_chemistry_in_a_formula_is_rewritten() -> None:
    assert expand(r"K = [\ce{H+}] x_2") == r"K = [{\mathrm{H}^{+}}] x_2"


def test_plain_text_keeps_what_a_model_wrote() -> None:
    html = plain_text("1. *not* a list\n# no heading\n\n<b>2 & 3</b> $x$")
    assert "1. *not* a list<br>\n# no heading" in html
    assert "&lt;b&gt;2 &amp; 3&lt;/b&gt;" in html
    assert "<math" in html


def test_maths_inside_a_link() -> None:
    html = markdown(r"[the \(x\) axis](https://lab.example/x)")
    assert '<a href="https://lab.example/x" rel="noopener noreferrer nofollow">the <span class="math inline">' in html


def test_a_numbered_formula_keeps_its_number() -> None:
    assert "<mtext>(7)</mtext>" in markdown(r"$$E = mc^2 \tag{7}$$")
