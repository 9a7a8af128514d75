"""What a microcontroller draws while it computes, and the energy of an inference from it."""

from __future__ import annotations

from typing import Annotated

import msgspec

_Positive = Annotated[float, msgspec.Meta(gt=0, le=10_000)]
_Source = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9 (),:+./_-]{0,159}\Z")]


class Power(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The core and its flash at work, peripherals off, as the data sheet has it: the board's
    sensors, radio and regulator come on top.

    microamperes: for each MHz of the clock. volts: of the supply that they are drawn from. source:
    the document, and on what condition.
    """

    microamperes: _Positive
    volts: _Positive
    source: _Source

    def microjoules(self, cycles: float) -> float:
        """Of so many cycles, at whichever clock: a quicker one draws more, for less long."""
        return self.microamperes * self.volts * cycles / 1e6

    def __str__(self) -> str:
        each = f"{self.microamperes:g} µA a MHz at {self.volts:g} V"
        return f"the microcontroller alone, {each} ({self.source})"
