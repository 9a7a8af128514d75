"""The one Jinja environment. Templates receive finished, escaped values and call nothing."""

from __future__ import annotations

from functools import cache

import jinja2

from tinyforge.resources import folder


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder("templates")),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 - the output is C, INI and Markdown; names.py is the escaper
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(template_name: str, /, **values: object) -> str:
    """The text of templates/<template_name> with these values filled in.

    Every value is finished: what came from outside has passed tinyforge.names, and a value is
    never itself a template. jinja2.UndefinedError when the template asks for a value that is
    not given: a defect of ours, not of the input.
    """
    return _environment().get_template(template_name).render(values)
