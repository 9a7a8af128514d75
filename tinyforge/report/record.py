"""What a report is made of: one Proof, and for the demo the way that led to it.

Field names are the keys of `--json`; drawings and facts are shown by the HTML report alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.memory.choices import KernelChoice
from tinyforge.proof.measure import Measured
from tinyforge.proof.record import EngineCost, Proof


@dataclass(frozen=True)
class Variant:
    """One way to ship the model: float, pruned, int8 or pruned+int8.

    tflite_bytes: the .tflite file. gzip_bytes: the same file compressed, as sent over the air.
    nonzero: weights that are not zero. accuracy: on held-out data, in [0, 1]; None without labels.
    """

    name: str
    tflite_bytes: int
    gzip_bytes: int
    nonzero: int
    accuracy: float | None


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
    has both.
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


@dataclass(frozen=True, kw_only=True)
class DemoReport(Report):
    """The whole way, from drawings to proof.

    samples: a few drawings with the firmware's answers. mistakes: those it got wrong.
    """

    variants: tuple[Variant, ...]
    real_drawings: RealDrawings | None
    samples: tuple[Drawing, ...] = ()
    mistakes: tuple[Drawing, ...] = ()

    def variant(self, name: str) -> Variant | None:
        """The variant of that name, or None where it was not made."""
        return next((v for v in self.variants if v.name == name), None)
