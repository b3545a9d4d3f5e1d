r"""Markdown, maths and code, from text that strangers wrote to HTML that a strict page may show.

Raw HTML is off, pictures are left out (a remote picture tells its owner who reads), links lose `javascript:`, and an
allow-list sanitiser has the last word. Maths is `$…$`, `$$…$$`, `\(…\)`, `\[…\]` or a bare amsmath environment and
becomes MathML Core; `\ce{…}` writes chemistry. Maths that cannot be set is shown as its source with the reason: a task
must never silently lose a symbol. The classes are styled in static/css/app.css (`.prose`) and static/css/math.css.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape
from typing import Any, Final

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from math_core import LatexError, LatexToMathML
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from core.chemistry import UnknownChemistry, expand

# The converter styles with `style="…"`, which the Content-Security-Policy drops. Each declaration it is known to write
# has its class in math.css; one that is not here fails the formula, so a new release cannot lose an alignment unseen.
STYLE_CLASSES: Final[dict[str, str]] = {
    "text-align:left": "ml",
    "text-align:right": "mr",
    "justify-items:start": "",  # goes with text-align
    "justify-items:end": "",
    "padding-left:0": "mpl0",
    "padding-right:0": "mpr0",
    "padding-top:0": "mpt0",
    "padding-bottom:0": "mpb0",
    "padding-left:1em": "mpl1",
    "padding-left:0.1em": "mpl01",
    "padding-right:0.1em": "mpr01",
    "padding-left:0.2778em": "mpl-rel",
    "padding-right:0.2778em": "mpr-rel",
    "padding-left:0.2222em": "mpl-bin",
    "padding-right:0.2222em": "mpr-bin",
    "padding-left:0.1667em": "mpl-thin",
    "padding-right:0.1667em": "mpr-thin",
    "padding-top:0.1667em": "mpt-thin",
    "border-left:0.05em solid currentcolor": "mbl",
    "border-right:0.05em solid currentcolor": "mbr",
    "border-top:0.05em solid currentcolor": "mbt",
    "border-bottom:0.05em solid currentcolor": "mbb",
    "border-left:0.05em dashed currentcolor": "mbl-d",
    "border-right:0.05em dashed currentcolor": "mbr-d",
    "border-top:0.05em dashed currentcolor": "mbt-d",
    "border-bottom:0.05em dashed currentcolor": "mbb-d",
    "margin-left:-0.16666667em": "mneg-thin",
    "margin-left:-0.22222222em": "mneg-med",
    "margin-left:-0.2777778em": "mneg-thick",
    "width:100%": "mw100",
    "width:50%": "mw50",
    "width:7.5%": "mw7",
    "font-variant-caps:small-caps": "msc",
}

MACROS: Final[dict[str, str]] = {
    "substack": r"\begin{subarray}{c}#1\end{subarray}",
    "dv": r"\frac{\mathrm{d}#1}{\mathrm{d}#2}",
    "pdv": r"\frac{\partial #1}{\partial #2}",
    "SI": r"#1\,\mathrm{#2}",
    "si": r"\mathrm{#1}",
    "qty": r"#1\,\mathrm{#2}",
    "dotsc": r"\ldots",
}
"""Commands of common packages (amsmath, physics, siunitx) that the converter lacks."""

_ENVIRONMENT_ALIASES: Final = {"split": "aligned", "smallmatrix": "matrix"}
_MAX_FORMULA: Final = 20_000  # characters; beyond it a formula is shown as its source

_converter: Final = LatexToMathML(macros=MACROS, fancy_error=False, max_expansions=1000)
_STYLE: Final = re.compile(r' style="([^"]*)"')
_COLOUR: Final = re.compile(r"color:(#[0-9A-Fa-f]{6})")
_ALIASED: Final = re.compile(r"\\(begin|end)\{(split|smallmatrix)\}")


class UnmappedStyle(ValueError):
    """The converter wrote a style declaration that STYLE_CLASSES does not know."""


def _classes(match: re.Match[str]) -> str:
    classes, colour = [], ""
    for declaration in match[1].split(";"):
        name, _, value = declaration.partition(":")
        plain = f"{name.strip()}:{value.strip()}"
        if plain == ":":
            continue
        if found := _COLOUR.fullmatch(plain):
            colour = f' mathcolor="{found[1]}"'
        elif plain in STYLE_CLASSES:
            classes.append(STYLE_CLASSES[plain])
        else:
            raise UnmappedStyle(plain)
    names = " ".join(filter(None, classes))
    return colour + (f' class="{names}"' if names else "")


def mathml(tex: str, *, display: bool) -> str:
    """MathML Core for one LaTeX formula.

    Raises LatexError or UnknownChemistry for what is not known, UnmappedStyle for a layout that has no class here.
    """
    if len(tex) > _MAX_FORMULA:
        raise LatexError(f"The formula is longer than {_MAX_FORMULA:,} characters")
    tex = _ALIASED.sub(lambda m: rf"\{m[1]}{{{_ENVIRONMENT_ALIASES[m[2]]}}}", expand(tex))
    return _STYLE.sub(_classes, _converter.convert_with_local_state(tex, displaystyle=display))


def _formula(tex: str, display: bool) -> str:
    if display and r"\tag" in tex and r"\begin" not in tex:
        tex = rf"\begin{{equation}}{tex}\end{{equation}}"  # where the converter allows a tag
    try:
        return mathml(tex.strip(), display=display)
    except (LatexError, UnknownChemistry, UnmappedStyle) as error:
        reason = escape(f"This formula cannot be set: {error}")
        return f'<code class="tex-error" title="{reason}">{escape(tex)}</code>'


# `\(…\)` and `\[…\]`, as language models write maths.


def _bracket_inline(state: StateInline, silent: bool) -> bool:
    opening = state.src[state.pos : state.pos + 2]
    if opening not in (r"\(", r"\["):
        return False
    closing = r"\)" if opening == r"\(" else r"\]"
    end = -1 if closing in state.env.get("unclosed", ()) else state.src.find(closing, state.pos + 2)
    if end < 0:
        state.env.setdefault("unclosed", set()).add(closing)  # so that a text of openings stays linear
        return False
    if not silent:
        token = state.push("math_inline" if closing == r"\)" else "math_inline_double", "math", 0)
        token.content = state.src[state.pos + 2 : end]
    state.pos = end + 2
    return True


def _bracket_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    begin = state.bMarks[start] + state.tShift[start]
    if not state.src.startswith(r"\[", begin):
        return False
    for line in range(start, end):
        if state.isEmpty(line):
            return False
        if state.src[state.bMarks[line] : state.eMarks[line]].rstrip().endswith(r"\]"):
            break
    else:
        return False
    if not silent:
        token = state.push("math_block", "math", 0)
        token.content = state.src[begin + 2 : state.src.rindex(r"\]", begin, state.eMarks[line])]
        token.map = [start, line + 1]
        state.line = line + 1
    return True


def _highlight(code: str, language: str, _attributes: str) -> str:
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return escape(code)
    return highlight(code, lexer, HtmlFormatter(nowrap=True))


_ALIGNED: Final = re.compile(r' style="text-align:(left|center|right)"')


def _cell(self: Any, tokens: Sequence[Token], index: int, options: Any, _env: Any) -> str:
    return _ALIGNED.sub(r' class="\1"', self.renderToken(tokens, index, options, _env))


def _fence(self: Any, tokens: Sequence[Token], index: int, options: Any, _env: Any) -> str:
    token = tokens[index]
    language = token.info.split()[0] if token.info.split() else ""
    return f"<pre><code>{_highlight(token.content, language, '')}</code></pre>\n"


def _picture(_self: Any, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    return f"[{escape(tokens[index].content or 'picture')}]"


def _display_in_text(_self: Any, tokens: Sequence[Token], index: int, _options: Any, _env: Any) -> str:
    return f'<span class="math">{_formula(tokens[index].content, True)}</span>'  # a div would end the paragraph


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "breaks": True})
    parser.enable(["table", "strikethrough"])
    render: Callable[[str, dict[str, Any]], str] = lambda tex, how: _formula(tex, how["display_mode"])  # noqa: E731
    # Prices such as "$5 and $10" are no maths: no space inside the dollars, no digit touching them outside.
    dollarmath_plugin(
        parser, allow_labels=False, allow_space=False, allow_digits=False, double_inline=True, renderer=render
    )
    amsmath_plugin(parser, renderer=lambda tex: _formula(tex, True))
    parser.inline.ruler.before("escape", "math_brackets", _bracket_inline)
    parser.block.ruler.before("fence", "math_brackets", _bracket_block, {"alt": ["paragraph"]})
    rules = {"th_open": _cell, "td_open": _cell, "fence": _fence, "code_block": _fence, "image": _picture}
    for name, rule in {**rules, "math_inline_double": _display_in_text}.items():
        parser.add_render_rule(name, rule)
    return parser


_markdown: Final = _parser()


def _words(text: str) -> set[str]:
    return set(text.split())


_HTML_TAGS: Final = _words(
    "p br hr h1 h2 h3 h4 h5 h6 ul ol li blockquote pre code em strong s del ins b i u sup sub span div a "
    "table thead tbody tr th td"
)
_MATH_TAGS: Final = _words(
    "math mi mo mn ms mtext mspace mrow mfrac msqrt mroot mstyle merror mpadded mphantom menclose msub msup msubsup "
    "munder mover munderover mmultiscripts mprescripts mtable mtr mtd"
)
_MATH_ATTRIBUTES: Final = _words(
    "class display displaystyle scriptlevel mathvariant mathcolor accent accentunder form lspace rspace stretchy "
    "symmetric minsize maxsize movablelimits linethickness width height depth voffset notation columnspan rowspan"
)
_cleaner: Final = nh3.Cleaner(
    tags=_HTML_TAGS | _MATH_TAGS,
    attributes={
        **dict.fromkeys(_MATH_TAGS, _MATH_ATTRIBUTES),
        **{tag: {"class"} for tag in ("span", "div", "th", "td")},
        "code": {"class", "title"},
        "ol": {"start"},
        "a": {"href", "title"},
    },
    url_schemes={"http", "https", "mailto"},
    link_rel="noopener noreferrer nofollow",
)


def markdown(text: str) -> SafeString:
    """Safe HTML for Markdown with maths and code, to stand inside an element of class `prose`."""
    return mark_safe(_cleaner.clean(_markdown.render(text)))  # noqa: S308  cleaned by an allow-list


def plain_text(text: str) -> SafeString:
    """Safe HTML for text that is no Markdown: paragraphs and line breaks kept, maths set, all else as written."""
    return mark_safe(_cleaner.clean(_plain.render(text)))  # noqa: S308


def _plain_parser() -> MarkdownIt:
    parser = _parser()
    kept = {"math_inline", "math_brackets", "math_block", "amsmath", "paragraph", "newline", "text"}
    for ruler in (parser.inline.ruler, parser.block.ruler):
        ruler.disable([name for name in ruler.get_active_rules() if name not in kept])
    return parser


_plain: Final = _plain_parser()
