"""What the kernels of few different weights take: cycles of a Cortex-M4 without wait states, on a
narrow target instructions; and the bytes of weights that they load."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinyforge.ops.base import Kernel
from tinyforge.ops.forms import Windowed
from tinyforge.ops.target import Target


@dataclass(frozen=True)
class _Costs:
    """Cycles of two channels' products with a stretch of inputs. Where four inputs at a time are
    taken, begin: before the first, and four: for each, of one pixel, of two. Of all others, or of
    those that are left, loop: before the first, left: for each; twice for two pixels. Beside that,
    output: for each output, window: for each window."""

    loop: float
    left: float
    output: float
    begin: float = 0
    four: tuple[float, float] | None = None
    window: float = 0

    def of(self, inputs: int, pixels: int) -> float:
        """Of a stretch of so many inputs."""
        fours = inputs // 4 if self.four else 0
        left = inputs - 4 * fours
        found = pixels * (self.loop + left * self.left) if left else 0
        return found + (self.begin + fours * self.four[pixels - 1] if self.four and fours else 0)


# In code that is quick: counted of layers alone. In code that is small: of layers in one model.
_DSP = _Costs(44, 12, 35, begin=86, four=(40.4, 47.4))
_SMALL_DSP = _Costs(70, 8, 96, begin=132, four=(40, 48), window=110)
_WIDE = _Costs(20, 16, 35)
_NARROW = _Costs(56, 18.2, 26)
_SMALL_NARROW = _Costs(76, 23, 92, window=150)


def _costs_on(target: Target) -> _Costs:
    if target.narrow:
        return _SMALL_NARROW if target.small else _NARROW
    if target.dsp:
        return _SMALL_DSP if target.small else _DSP
    return _WIDE


@dataclass(frozen=True)
class Passes:
    """How often a layer reads its stream. Of each two channels: inputs in each stretch that is read
    for one pixel, for two at once, and how often each of those is. windows: that are taken, two at
    once as one."""

    ones: Sequence[int]
    twos: Sequence[int]
    times: int
    windows: int = 0

    def cycles(self, target: Target, twos: int, made: int) -> int:
        """Of so many twos of channels, and values of the output."""
        costs = _costs_on(target)
        one = sum(costs.of(inputs, 1) for inputs in self.ones)
        two = sum(costs.of(inputs, 2) for inputs in self.twos)
        products = twos * self.times * (one + two)
        return round(products + made * costs.output + self.windows * costs.window)

    def reads(self, twos: int) -> int:
        """Bytes of weights."""
        return twos * self.times * (sum(self.ones) + sum(self.twos))


def passes_of(shape: tuple[int, ...], anywhere: Kernel, made: int, target: Target) -> Passes:
    """shape: of the weights. anywhere: the kernel of int8 weights. made: values of the output."""
    if not isinstance(anywhere.form, Windowed):
        return Passes([shape[1]], [], made // shape[0])
    win, (_, _, width, depth) = anywhere.form.window, shape
    rows, columns = win.inside
    ones: list[int] = []
    twos: list[int] = []
    x = windows = 0
    while x < len(columns):
        both = target.dsp and columns[x : x + 2] == (width, width)
        seen = columns[x]
        stretches = [seen * depth] if win.dilation[1] == 1 else seen * [depth]
        (twos if both else ones).extend(stretches)
        x, windows = x + 1 + both, windows + 1
    return Passes(ones, twos, win.pictures * sum(rows), win.pictures * len(rows) * windows)
