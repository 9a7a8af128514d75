"""The boards: one TOML file each, and whether firmware fits them."""

from tinyforge.boards.board import Board, Memory, PlatformIO
from tinyforge.boards.catalog import all_boards, load
from tinyforge.boards.fit import Fit, Need, fits, fitting_boards, rank, roomy
from tinyforge.boards.memory import MemoryMap, Region

__all__ = [
    "Board",
    "Fit",
    "Memory",
    "MemoryMap",
    "Need",
    "PlatformIO",
    "Region",
    "all_boards",
    "fits",
    "fitting_boards",
    "load",
    "rank",
    "roomy",
]
