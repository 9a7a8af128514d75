"""What `tinyforge advise` says. Field names are the keys of `--json`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tinyforge.boards.timing import Milliseconds

# counted: built and run in the emulator. planned: bytes of the memory plan, which are exact, and
# time of the kernels' cost model. estimated: of a model that is not there yet.
Basis = Literal["counted", "planned", "estimated"]
Resource = Literal["time", "flash", "RAM"]


@dataclass(frozen=True)
class Figures:
    """What the compiled engine takes. Bytes; time of one inference.

    arena, tables: of the plan: activations, and constants of the kernels. ram, flash: all of it,
    the self-test's vectors left out; None where nothing was built. cost: cycles, or instructions
    on cores whose cycles nobody modelled (unit says which). ms: on the board; None where nothing
    was run.
    """

    basis: Basis
    arena: int
    tables: int
    ram: int | None
    flash: int | None
    cost: int
    unit: Literal["cycles", "instructions"]
    ms: Milliseconds | None


@dataclass(frozen=True)
class Accuracy:
    """Points of accuracy, from the least to the most, that others lost; below 0 they won. models:
    how many, of which `python -m tests.bench.curves` says more."""

    least: float
    most: float
    models: int


@dataclass(frozen=True)
class Advice:
    """One thing to do. flash, ram: bytes more, negative where they are saved; time: of now's, as a
    share more. None: it does not say. how: the option or the command. why: what there is to know of
    it. accuracy: what it costs; None where the answers stay the same, bit for bit."""

    what: str
    basis: Basis
    flash: int | None
    ram: int | None
    time: float | None
    how: str
    why: str = ""
    accuracy: Accuracy | None = None


@dataclass(frozen=True)
class Hot:
    """A layer that takes time; of several that run as one, the one that multiplies most. share: of
    the whole inference. kernel: how it runs. why: what makes it slow, and what it could have
    instead."""

    layer: int
    op: str
    name: str
    cost: int
    share: float
    kernel: str
    why: str


@dataclass(frozen=True)
class Held:
    """What lies in the arena when it is fullest: a tensor, some of its rows, or a layer's own
    memory. They may share bytes, where rows are read before others come."""

    what: str
    nbytes: int


@dataclass(frozen=True)
class Peak:
    """When the arena is fullest: the layer and its op that run then, and what is held, the largest
    first."""

    layer: int
    op: str
    nbytes: int
    held: tuple[Held, ...]


@dataclass(frozen=True)
class Use:
    """What the board, the budget or the user allows, and what the model takes as it is: bytes, or
    milliseconds."""

    resource: Resource
    limit: float
    taken: float

    @property
    def over(self) -> bool:
        return self.taken > self.limit


@dataclass(frozen=True)
class Advised:
    """now: with the settings as they are. uses: of flash, RAM and, where a limit was given, time.
    sorted_by: what advices are sorted by: what lacks most, else time. remarks: what is already
    done, or cannot be had, in sentences."""

    model: str
    board: str
    core: str
    optimize: str
    now: Figures
    uses: tuple[Use, ...]
    sorted_by: Resource
    advices: tuple[Advice, ...]
    hot: tuple[Hot, ...]
    peak: Peak | None
    remarks: tuple[str, ...]
