"""What every HTML page of a report is rendered with: no network, no script, no font files."""

from __future__ import annotations

import re

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tinyforge.resources import folder


def page(template: str, values: object) -> str:
    """A template of templates/report with these finished values. Text is escaped; the same values
    give the same page."""
    environment = Environment(
        loader=FileSystemLoader(folder("templates") / "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(page=values)


def tied(sentence: str) -> str:
    """The sentence with no line break between a number and its unit."""
    return re.sub(r"(?<=\d) (?=(?:B|KiB|MiB|k|M)\b|%)", "\u00a0", sentence)
