"""Where a library's arena lies: in RAM like all else, in a section of its own, or shared."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
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


@dataclass(frozen=True)
class Memory:
    """section: of the linker's script. size: bytes; None: as many as it takes."""

    section: str
    size: int | None = None


@dataclass(frozen=True)
class ArenaWish:
    """memories: that the arena may lie in, the best first; none: where zeroed data lies."""

    memories: tuple[Memory, ...] = ()
    shared: bool = False

    @property
    def sizes(self) -> tuple[int, ...]:
        """For the planner: those that are known."""
        return tuple(memory.size for memory in self.memories if memory.size is not None)

    def place(self, nbytes: int) -> ArenaPlace:
        """Of an arena of so many bytes: the first memory that holds it. ForgeError for none."""
        if not self.memories:
            return ArenaPlace(shared=self.shared)
        for memory in self.memories:
            if memory.size is None or nbytes <= memory.size:
                return ArenaPlace(memory.section)
        sizes = ", ".join(f"{memory.section} {memory.size:,}" for memory in self.memories)
        raise ForgeError(
            f"the arena needs {nbytes:,} bytes, and no memory has as many: {sizes}",
            fix="use --optimize size, or name a larger memory with --arena-section",
        )


def arena_wish(sections: Sequence[str], *, shared: bool) -> ArenaWish:
    """From the command line: .dtcm, or with the size of its memory .dtcm=65536 or .dtcm=64K.

    ForgeError for what no linker script could name, for several memories of which one has no size,
    and for a shared arena in a section: it is the linker that keeps one of the arenas, and it does
    so for common symbols alone.
    """
    memories = tuple(map(_memory, sections))
    if memories and shared:
        raise ForgeError(
            "--share-arena and --arena-section exclude each other",
            fix="give --share-arena alone, and place *(COMMON) in your linker script",
        )
    if any(memory.size is None for memory in memories[:-1]):
        raise ForgeError(
            "of several memories all but the last need a size",
            fix="for example --arena-section .dtcm=64K --arena-section .sram",
        )
    return ArenaWish(memories, shared)


def _memory(text: str) -> Memory:
    found = re.fullmatch(
        r"(\.[A-Za-z_][A-Za-z0-9_.]{0,60})(?:=([0-9]{1,10})([kK]?))?", text, re.ASCII
    )
    if found is None:
        raise ForgeError(
            f"--arena-section {text[:70]!r} is neither a section's name nor one with a size",
            fix="a dot and a word, as your linker script has it: --arena-section .dtcm=64K",
        )
    if found[2] is None:
        return Memory(found[1])
    return Memory(found[1], int(found[2]) * (1024 if found[3] else 1))


def require_sharing(graph: Graph) -> None:
    """ForgeError for a model that keeps something in its arena from one inference to the next."""
    if graph.states:
        raise ForgeError(
            "--share-arena: this model remembers, and another one would overwrite what",
            where=graph.name,
            fix="leave --share-arena out for it; models without a memory may still share",
        )
