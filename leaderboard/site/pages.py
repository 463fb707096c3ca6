"""From a template and its values to a page: everything escaped, styles and script inlined and named by their hash."""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from leaderboard.reading.text import visible
from leaderboard.site import charts, words

HERE = Path(__file__).parent


@cache
def environment() -> jinja2.Environment:
    """Templates of the site; an undefined name is an error, and no value is taken for markup."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=_visible,
    )
    for name in (
        "named", "number", "share", "ends", "duration", "count", "ordinal", "page_of", "page_of_family", "plain",
        "sentence",
    ):  # fmt: skip
        made.filters[name] = getattr(words, name)
    made.globals["panel_size"] = {
        "width": charts.WIDTH,
        "height": charts.HEIGHT,
        "left": charts.LEFT,
        "right": charts.WIDTH - charts.RIGHT,
        "top": charts.TOP,
        "bottom": charts.HEIGHT - charts.BOTTOM,
    }
    return made


def _visible(value: Any) -> Any:
    """A value as a template prints it: text of others without what a reader cannot see."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def inlined(name: str) -> str:
    """Text of the style sheet or of the script."""
    return (HERE / "templates" / name).read_text(encoding="utf-8")


def hashed(text: str) -> str:
    """Source expression of a content-security policy for one inlined text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def policy() -> str:
    """What a page may do: show its own style, run its own script, and nothing else."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src {hashed(inlined('site.css'))}",
            f"script-src {hashed(inlined('site.js'))}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def page(template: str, root: str, **values: Any) -> str:
    """HTML of a page; `root`: the way from its folder to that of its table ("" or "../")."""
    style, script = Markup(inlined("site.css")), Markup(inlined("site.js"))
    return environment().get_template(template).render(policy=policy(), style=style, script=script, root=root, **values)
