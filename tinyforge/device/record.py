"""What only the board can tell. Field names are the keys of `--json`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cycles:
    """Processor cycles of one inference over all inputs; mean rounded."""

    mean: int
    lowest: int
    highest: int


@dataclass(frozen=True)
class DeviceReport:
    """Who the board says it is, how long it takes, and how good the line to it was.

    model: the first bytes of the .tflite file's SHA-256, hexadecimal. golden: vectors compiled in.
    cycles: None on a board without a counter; milliseconds: of their mean at the board's clock.
    layers_compared: 0 where only outputs were. layer_cycles: by operator index, where layers were
    run one by one. repeated: questions that were sent again; damaged: stretches on the line that
    were no sound frame.
    """

    port: str
    board: str
    engine: str
    model: str
    golden: int
    cycles: Cycles | None
    milliseconds: float | None
    layers_compared: int
    layer_cycles: dict[int, int] | None
    repeated: int
    damaged: int
