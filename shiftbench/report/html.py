"""From tables to HTML: the templates, and a fragment that a notebook shows for an object (`_repr_html_`)."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import jinja2

from shiftbench.report.tables import Table


@cache
def environment() -> jinja2.Environment:
    """Templates of the report, every value escaped."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )


def fragment(tables: Sequence[Table], said: Sequence[str] = (), link: Path | None = None) -> str:
    """HTML of sentences, tables and the path of a page, with its own style and nothing from elsewhere."""
    return environment().get_template("notebook.html").render(tables=tables, said=said, link=str(link or ""))
