"""Where a library's arena lies: in RAM like all else, in a section of its own, or shared."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.memory.plan import Plan
from tinyforge.tflite.about import remembers

# One name in every library that shares: linkers give common symbols of one name one place, as
# large as the largest is.
SHARED = "tinyforge_shared_arena"

_TWO = "for example --arena-section .dtcm=64K --arena-section .sram"


@dataclass(frozen=True)
class ArenaPlace:
    """section: of the linker's script; "" where zeroed data lies. large: of what the first memory
    does not hold; "" where it holds all. shared: with other models."""

    section: str = ""
    large: str = ""
    shared: bool = False

    @property
    def attributes(self) -> Mapping[str, str]:
        """In C, behind the declarators of the arena's arrays: by the macros that stand there."""
        if self.shared:
            return {"FORGE_ARENA_PLACE": "__attribute__((common))"}
        sections = {"FORGE_ARENA_PLACE": self.section, "FORGE_LARGE_ARENA_PLACE": self.large}
        return {
            macro: f'__attribute__((section("{section}")))'
            for macro, section in sections.items()
            if section
        }

    @property
    def comment(self) -> str:
        if self.shared:
            return "Common: the linker keeps one arena, the largest, for all models that share it"
        return "Where your linker script puts these; they need no initial values (NOLOAD)"

    @property
    def names(self) -> Mapping[str, str]:
        """What the arena is called, where it is not called as all else is."""
        return {"forge_arena": SHARED} if self.shared else {}


@dataclass(frozen=True)
class Memory:
    """section: of the linker's script. size: bytes; None: as many as it takes."""

    section: str
    size: int | None = None

    def holds(self, nbytes: int) -> bool:
        return self.size is None or nbytes <= self.size


@dataclass(frozen=True)
class ArenaWish:
    """memories: that the arena may lie in, the quick one first; none: where zeroed data lies."""

    memories: tuple[Memory, ...] = ()
    shared: bool = False

    @property
    def fast(self) -> int | None:
        """For the planner: the quick memory's bytes, where they are known."""
        return self.memories[0].size if self.memories else None

    def place(self, plan: Plan) -> ArenaPlace:
        """Of a plan's arena, as it was told of the quick memory. ForgeError where that, or what of
        it goes into the large memory, has no room there."""
        if not self.memories:
            return ArenaPlace(shared=self.shared)
        first, *others = self.memories
        if first.holds(plan.arena_bytes):
            return ArenaPlace(first.section)
        rest = plan.arena_bytes - (plan.fast_bytes or 0)
        if not others or not others[0].holds(rest):
            sizes = ", ".join(f"{memory.section} {memory.size:,}" for memory in self.memories)
            raise ForgeError(
                f"the arena's {plan.arena_bytes:,} bytes find no room: {sizes}",
                fix="use --optimize size, or name a larger memory with --arena-section",
            )
        large = others[0].section
        return ArenaPlace(first.section, large) if plan.fast_bytes else ArenaPlace(large)


def arena_wish(sections: Sequence[str], *, shared: bool) -> ArenaWish:
    """From the command line: .dtcm, or with the size of its memory .dtcm=65536 or .dtcm=64K; of two
    memories the quick one first.

    ForgeError for what no linker script could name, for more than two, or two of which the first
    has no size, and for a shared arena in a section: it is the linker that keeps one of the arenas,
    and it does so for common symbols alone.
    """
    memories = tuple(map(_memory, sections))
    if memories and shared:
        raise ForgeError(
            "--share-arena and --arena-section exclude each other",
            fix="give --share-arena alone, and place *(COMMON) in your linker script",
        )
    sections = [memory.section for memory in memories]
    if len(memories) > 2 or len(set(sections)) != len(sections):
        raise ForgeError(
            f"--arena-section takes two memories at most, a quick and a large one: found "
            f"{', '.join(sections)}",
            fix=_TWO,
        )
    if len(memories) == 2 and memories[0].size is None:
        raise ForgeError("of two memories the quick one needs a size", fix=_TWO)
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
    if remembers(graph):
        raise ForgeError(
            "--share-arena: this model remembers, and another one would overwrite what",
            where=graph.name,
            fix="leave --share-arena out for it; models without a memory may still share",
        )
