"""What a report is made of: one Proof, and for the demo the way that led to it.

Field names are the keys of `--json`; drawings and facts are shown by the HTML report alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.boards.timing import Microjoules, Milliseconds
from tinyforge.memory.choices import KernelChoice
from tinyforge.proof.measure import Measured
from tinyforge.proof.record import EngineCost, Proof
from tinyforge.report.break_even import BreakEven
from tinyforge.training.noise.record import Explained


@dataclass(frozen=True)
class Device:
    """What a variant takes on the board, where its firmware was proved, every layer of it.

    flash, ram: bytes of all. instructions, cycles, ms, uj: of one inference: cycles simulated on
    the board where its memory system is known, else estimated of its core; ms and uj from the least
    to the most. None: not known of this board. inputs: that ran through the firmware; answers to
    others are the oracle's, whose every byte it gave on these.
    """

    flash: int | None
    ram: int | None
    instructions: int | None
    cycles: int | None
    ms: Milliseconds | None
    uj: Microjoules | None
    inputs: int
    machine: str


@dataclass(frozen=True)
class Kernel:
    """A layer of a variant that has weights. zeros: the share of its weights that are zero. snr:
    signal to noise in dB of what it computes, int8 beside its float model; None where that is not
    compared. channels: that it makes."""

    op: str
    name: str
    channels: int
    zeros: float
    snr: float | None


@dataclass(frozen=True)
class Training:
    """Epochs of one stage of a variant's training, in order: the mean loss of each."""

    stage: str
    losses: tuple[float, ...]


@dataclass(frozen=True)
class Variant:
    """One way to ship the model: float, pruned, int8 or pruned+int8.

    tflite_bytes: the .tflite file. gzip_bytes: the same file compressed, as sent over the air.
    nonzero: weights that are not zero. accuracy: on held-out data, 1 is perfect; of int8 that of
    the device; None without labels. device: None where no firmware of it is proved, which refused
    says why. confusion: how many of each class (a row) got which answer; None of no classifier.
    """

    name: str
    tflite_bytes: int
    gzip_bytes: int
    nonzero: int
    accuracy: float | None
    device: Device | None = None
    refused: str = ""
    confusion: tuple[tuple[int, ...], ...] | None = None
    kernels: tuple[Kernel, ...] = ()
    training: tuple[Training, ...] = ()


@dataclass(frozen=True)
class Unmade:
    """A variant that there is not, and why."""

    name: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The variants of a model beside each other, on a board.

    measure: what their accuracy is; "" where nothing says what is right. held_out: samples that it
    is of, of data, as the model takes them in range. classes: names, in the order of confusion.
    """

    model: str
    board: str
    core: str
    measure: str
    held_out: int
    data: str
    range: str
    classes: tuple[str, ...]
    variants: tuple[Variant, ...]
    unmade: tuple[Unmade, ...] = ()

    def variant(self, name: str) -> Variant | None:
        """The variant of that name, or None where it was not made."""
        return next((v for v in self.variants if v.name == name), None)


@dataclass(frozen=True)
class RealDrawings:
    """Drawings by people, that no training has seen: how many, and the balanced accuracy."""

    count: int
    balanced_accuracy: float


@dataclass(frozen=True, eq=False)
class Drawing:
    """One input, what it is, and what the firmware said it is.

    pixels: uint8, (height, width) or (height, width, 1 or 3).
    """

    pixels: npt.NDArray[np.uint8]
    label: str
    answer: str


@dataclass(frozen=True, kw_only=True)
class Report:
    """One engine on one board, proved. What `build` and `simulate` show.

    seconds: wall time of the command; None in files, which are the same for the same input.
    accuracy: on more of the data than was proved; None without labels. choices: the kernels of the
    compiled engine, by layer, and why. engines: what the model takes with each, where the project
    has both. break_even: of the compiled engine's widest layer with zeros; None without one.
    explained: what int8 loses in the model; None where no data tells.
    facts: further rows of the HTML report's last table, as (name, value): versions, seed, data.
    """

    board: str
    engine: str
    proof: Proof
    seconds: float | None
    facts: tuple[tuple[str, str], ...] = ()
    accuracy: Measured | None = None
    choices: tuple[KernelChoice, ...] = ()
    engines: tuple[EngineCost, ...] = ()
    break_even: BreakEven | None = None
    explained: Explained | None = None


@dataclass(frozen=True, kw_only=True)
class DemoReport(Report):
    """The whole way, from drawings to proof.

    comparison: of the model's variants, of which one was shipped. samples: a few drawings with the
    firmware's answers. mistakes: those it got wrong.
    """

    comparison: Comparison
    real_drawings: RealDrawings | None
    samples: tuple[Drawing, ...] = ()
    mistakes: tuple[Drawing, ...] = ()
