"""Which code inferences executed, how often and how long, and what its data accesses should be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol, runtime_checkable

from tinyforge.boards.flash_reads import MemorySystem
from tinyforge.sim.base import Job, Machine


@dataclass(frozen=True)
class BlockCount:
    """A stretch of straight-line code that is left only at its end: its address, bytes and
    instructions, and what inferences did with it while one layer ran (-1: none did).

    entries: times it was entered. fell_through: times the code behind it was entered next; the
    other times a branch at its end was taken. Stretches may overlap: one begins wherever a jump
    leads. The emulator also ends one where its pages end.
    """

    address: int
    size: int
    instructions: int
    layer: int
    entries: int
    fell_through: int


class Span(NamedTuple):
    """Addresses from begin to before end, which may be read, and perhaps written."""

    begin: int
    end: int
    writable: bool


@dataclass(frozen=True, eq=False)
class Grants:
    """What code may touch during inferences. steps: in the order of the probes, from each one until
    the function that it is at the entry of returns. layers: by layer, throughout; -1 for what runs
    outside of layers."""

    steps: Sequence[Sequence[Span]]
    layers: Mapping[int, Sequence[Span]]


@dataclass(frozen=True)
class Stray:
    """A data access outside of what was granted. step: the one whose grant held, None for none.
    layer: the one whose function ran, -1 for none. code: the instruction's address."""

    step: int | None
    layer: int
    address: int
    nbytes: int
    written: bool
    code: int


@dataclass(frozen=True)
class Profile:
    """Sums over the inferences, by layer, -1 for what runs outside of layers. entries times
    instructions, over all blocks, is the sum of Run.instructions.

    unaligned_extra: bus accesses more than aligned ones would take, 1 or 2 each; simulated: clock
    cycles, for each memory system. Both are empty where none was asked for. checked: data accesses
    that were held against grants, and stray: the first that none allows.
    """

    inferences: int
    blocks: tuple[BlockCount, ...]
    unaligned_extra: Mapping[int, int]
    simulated: tuple[Mapping[int, int], ...]
    checked: int = 0
    stray: Stray | None = None


@runtime_checkable
class Profiler(Protocol):
    """A machine that sees which code runs."""

    def profile(
        self,
        job: Job,
        *,
        grants: Grants | None = None,
        systems: Sequence[MemorySystem] | None = None,
    ) -> Profile:
        """Runs a job, whose probes are where layers begin. grants: what each access is held
        against; None: nothing. systems: to simulate with a Cortex-M4, perhaps none; None:
        nor are unaligned accesses counted. ForgeError as run says, and where they are and code
        cannot be decoded."""
        ...


def profiled(
    machine: Machine,
    job: Job,
    *,
    grants: Grants | None = None,
    systems: Sequence[MemorySystem] | None = None,
) -> Profile | None:
    """Of the inference of a job's first input; None on machines that do not see which code runs.

    One input, because seeing every data access slows the emulator down, and another one's values
    change few branches.
    """
    if not isinstance(machine, Profiler):
        return None
    first = replace(job, inputs=job.inputs[:1])
    return machine.profile(first, grants=grants, systems=systems)
