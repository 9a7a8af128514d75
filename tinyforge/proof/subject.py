"""What is to be proved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.boards import Board
from tinyforge.engines.base import Lowered
from tinyforge.graph import Graph
from tinyforge.memory.plan import Plan
from tinyforge.sim.elf import Firmware


@dataclass(frozen=True, eq=False)
class Subject:
    """What is to be proved. labels: the right class of each input, where known; head: the output,
    by position, that names it.

    plan: None for an interpreter's firmware: it plans by itself. timed_on: boards of the same core
    to say what an inference takes on; a report shows the first one's figures.
    """

    graph: Graph
    plan: Plan | None
    lowered: Lowered
    firmware: Firmware
    board: Board
    toolchain: str
    inputs: npt.NDArray[np.int8]
    labels: npt.NDArray[np.int64] | None = None
    head: int = 0
    timed_on: Sequence[Board] = ()

    @property
    def clock(self) -> Board | None:
        """The board whose time is shown."""
        return next(iter(self.timed_on), None)
