"""The commands in groups, as `tinyforge --help` lists them."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup

# Every command once, in the order in which a newcomer meets them.
GROUPS = {
    "From a model to proved firmware": (
        "demo",
        "build",
        "compare",
        "tune",
        "generate",
        "export",
        "simulate",
        "flash",
        "monitor",
    ),
    "Look at a model": ("inspect", "advise", "arena", "bench", "diff", "boards"),
    "Make a model": ("train", "prune", "quantize", "convert"),
    "Tools": ("doctor", "setup-offline"),
}
_NAME_WIDTH = max(len(name) for names in GROUPS.values() for name in names)


class Groups(TyperGroup):
    """Lists its commands under the headings of GROUPS."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - overrides
        for title, names in GROUPS.items():
            limit = formatter.width - 6 - _NAME_WIDTH
            rows = [
                (name.ljust(_NAME_WIDTH), self.commands[name].get_short_help_str(limit))
                for name in names
            ]
            with formatter.section(title):
                formatter.write_dl(rows)
