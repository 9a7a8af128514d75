"""Where a library's arena lies: in RAM like all else, in a section of its own, or shared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tinyforge.errors import ForgeError
from tinyforge.graph import Graph

# One name in every library that shares: linkers give common symbols of one name one place, as
# large as the largest is.
SHARED = "tinyforge_shared_arena"


@dataclass(frozen=True)
class ArenaPlace:
    """section: of the linker's script; "" where zeroed data lies. shared: with other models."""

    section: str = ""
    shared: bool = False

    @property
    def attribute(self) -> str:
        """In C, after the arena's declarator."""
        if self.shared:
            return "__attribute__((common))"
        return f'__attribute__((section("{self.section}")))' if self.section else ""

    @property
    def comment(self) -> str:
        if self.shared:
            return "Common: the linker keeps one arena, the largest, for all models that share it"
        return "Where your linker script puts this section; it needs no initial values (NOLOAD)"

    @property
    def names(self) -> Mapping[str, str]:
        """What the arena is called, where it is not called as all else is."""
        return {"forge_arena": SHARED} if self.shared else {}


def arena_place(section: str | None, *, shared: bool) -> ArenaPlace:
    """ForgeError for a section that no linker script could name, and for a shared one in a section:
    it is the linker that keeps one of the arenas, and it does so for common symbols alone."""
    if section is not None and not re.fullmatch(r"\.[A-Za-z_][A-Za-z0-9_.]{0,60}", section):
        raise ForgeError(
            f"--arena-section {section[:70]!r} is no section's name",
            fix="a dot and a word, as your linker script has it: --arena-section .dtcm",
        )
    if section and shared:
        raise ForgeError(
            "--share-arena and --arena-section exclude each other",
            fix="give --share-arena alone, and place *(COMMON) in your linker script",
        )
    return ArenaPlace(section or "", shared)


def require_sharing(graph: Graph) -> None:
    """ForgeError for a model that keeps something in its arena from one inference to the next."""
    if graph.states:
        raise ForgeError(
            "--share-arena: this model remembers, and another one would overwrite what",
            where=graph.name,
            fix="leave --share-arena out for it; models without a memory may still share",
        )
