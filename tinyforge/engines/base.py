"""What an engine is: the way a model runs on the device."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from tinyforge.graph import Graph
from tinyforge.memory.plan import Plan
from tinyforge.memory.progress import Tell, ignored
from tinyforge.memory.search import SMALLEST, Aim
from tinyforge.ops import Table

# What the self-test carries in flash.
TEST_VECTORS = (
    "forge_golden_inputs",
    "forge_golden_outputs",
    "forge_golden_digests",
    "forge_pieces",
)


def layer_of(constant: str) -> int | None:
    """The operator whose table, or parameters, have this name in C; None for what is no layer's."""
    number = re.search(r"layer_(\d+)", constant)
    return int(number[1]) if number else None


@dataclass(frozen=True)
class Missing:
    """What an engine cannot do, as an error or a warning names it: an operator, most often."""

    where: str
    what: str


@dataclass(frozen=True)
class Lowered:
    """One engine's generated sources.

    files: text by path inside the project ("src/aot/model.c").
    flash_symbols: names of the constants that are the model's weights and tables. in_ram: those of
    them that are copied to RAM when the device starts.
    layer_symbols: operator index to the function that runs it, in the order they run; operators
    without code have none, and an interpreter has none at all. step_count: how many steps those
    functions take together, where they can be taken one by one. arena_bytes: of forge_arena.
    by_rows: whether the input is taken by forge_push_row alone. plan: of the arena, of an engine
    that makes one. tables: what flash_symbols name. parameters: the members of each constant
    structure in C, by its name: numbers, and names of tables.
    """

    files: Mapping[str, str]
    flash_symbols: tuple[str, ...]
    layer_symbols: Mapping[int, str]
    step_count: int
    arena_bytes: int
    by_rows: bool = False
    plan: Plan | None = None
    tables: Mapping[str, Table] = field(default_factory=dict)
    in_ram: frozenset[str] = frozenset()

    @property
    def ram_bytes(self) -> int:
        """Of the arena and the tables in RAM."""
        return self.arena_bytes + sum(self.tables[name].nbytes for name in self.in_ram)

    parameters: Mapping[str, Mapping[str, int | float | str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Wish:
    """What an engine is asked for. aim: what the code shall be good for. by_rows: whether the input
    comes row by row. progress: told of the work that is done."""

    aim: Aim = SMALLEST
    by_rows: bool = False
    progress: Tell = ignored


class Engine(Protocol):
    name: str

    def missing(self, graph: Graph) -> tuple[Missing, ...]:
        """The layers this engine cannot run; empty when it can run the graph."""
        ...

    def lower(self, graph: Graph, model: bytes, wish: Wish) -> Lowered:
        """The engine's sources. model: the .tflite bytes the graph was read from.

        ForgeError for what cannot be planned. An interpreter plans on the device: it takes no wish.
        """
        ...
