"""The geometry of a sliding window: what convolutions and pools share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tinyforge.graph import Graph, Operator, Tensor
from tinyforge.ops.base import option, output, require, tensor

_PADDING = {0: "SAME", 1: "VALID"}


@dataclass(frozen=True)
class Window:
    """Heights and widths of a window over an NHWC tensor; padding before, in rows and columns.

    pictures: how many there are, one above the other; the window stays within each.
    """

    input: tuple[int, int]
    output: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    padding: tuple[int, int]
    padding_name: str
    pictures: int = 1

    def fields(self) -> dict[str, int]:
        """The kernel's struct members."""
        return {
            "window.input_height": self.input[0],
            "window.input_width": self.input[1],
            "window.output_height": self.output[0],
            "window.output_width": self.output[1],
            "window.kernel_height": self.kernel[0],
            "window.kernel_width": self.kernel[1],
            "window.stride_height": self.stride[0],
            "window.stride_width": self.stride[1],
            "window.dilation_height": self.dilation[0],
            "window.dilation_width": self.dilation[1],
            "window.pad_top": self.padding[0],
            "window.pad_left": self.padding[1],
            **({"window.pictures": self.pictures} if self.pictures > 1 else {}),
        }

    def summary(self) -> str:
        """ "3x3, stride 2x2, SAME"."""
        parts = [f"{self.kernel[0]}x{self.kernel[1]}", f"stride {self.stride[0]}x{self.stride[1]}"]
        if self.dilation != (1, 1):
            parts.append(f"dilation {self.dilation[0]}x{self.dilation[1]}")
        return ", ".join([*parts, self.padding_name])

    @property
    def within(self) -> bool:
        """Whether it never reaches into the padding."""
        sides = zip(self.input, self.padding, self._span(), strict=True)
        return all(before == 0 and span <= size for size, before, span in sides)

    def _span(self) -> list[int]:
        """Rows and columns from the first that a window begins at to the last that one ends at."""
        sides = zip(self.output, self.stride, self.kernel, self.dilation, strict=True)
        return [(o - 1) * s + (k - 1) * d + 1 for o, s, k, d in sides]

    @cached_property
    def inside(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """How many of a window's rows lie in the picture, of each row of windows; and columns."""
        sides = zip(
            self.input, self.output, self.kernel, self.stride, self.dilation, self.padding,
            strict=True,
        )  # fmt: skip
        rows, columns = (
            tuple(sum(0 <= o * s - p + tap * d < n for tap in range(k)) for o in range(count))
            for n, count, k, s, d, p in sides
        )
        return rows, columns

    def taps(self, x: npt.NDArray[np.int64], fill: int) -> npt.NDArray[np.int64]:
        """Every window's contents: (height, width, channels) to
        (output height, output width, kernel height, kernel width, channels); fill in the padding.
        """
        sides = zip(self._span(), self.input, self.padding, strict=True)
        after = [max(0, span - size - before) for span, size, before in sides]
        padded = np.pad(
            x,
            ((self.padding[0], after[0]), (self.padding[1], after[1]), (0, 0)),
            constant_values=fill,
        )
        views = np.lib.stride_tricks.sliding_window_view(
            padded,
            tuple((k - 1) * d + 1 for k, d in zip(self.kernel, self.dilation, strict=True)),
            axis=(0, 1),
        )
        (sh, sw), (dh, dw), (oh, ow) = self.stride, self.dilation, self.output
        views = views[::sh, ::sw, :, ::dh, ::dw][:oh, :ow]
        return np.moveaxis(views, 2, 4)


def weights_window(graph: Graph, op: Operator) -> Window:
    """The window of a convolution: its weights have height and width in the middle."""
    weights = tensor(graph, op, 1)
    return window(graph, op, (weights.shape[1], weights.shape[2]))


def window(graph: Graph, op: Operator, kernel: tuple[int, int]) -> Window:
    """The window an operator's options describe, checked against its tensors' shapes."""
    return window_between(graph, op, tensor(graph, op, 0), output(graph, op), kernel)


def window_between(
    graph: Graph, op: Operator, source: Tensor, out: Tensor, kernel: tuple[int, int]
) -> Window:
    """The same from one tensor to another, which need not be the operator's input and output.

    Source of the output size and padding: TensorFlow Lite's kernels/padding.h.
    """
    stride = (option(op, "stride_h"), option(op, "stride_w"))
    dilation = (
        (option(op, "dilation_h_factor"), option(op, "dilation_w_factor"))
        if "dilation_h_factor" in op.options
        else (1, 1)
    )
    for name, pair in (("stride", stride), ("dilation", dilation), ("kernel", kernel)):
        require(min(pair) >= 1, f"{name} {pair[0]}x{pair[1]} is not positive", graph, op)
    padding = option(op, "padding")
    require(padding in _PADDING, f"padding {padding} is neither SAME nor VALID", graph, op)
    require(
        source.shape[0] == out.shape[0],
        f"{source.shape[0]} pictures in, {out.shape[0]} out",
        graph,
        op,
    )
    size = (source.shape[1], source.shape[2])
    before = []
    for n, k, s, d, found in zip(size, kernel, stride, dilation, out.shape[1:3], strict=True):
        reach = (k - 1) * d + 1
        expected = (n + s - 1) // s if _PADDING[padding] == "SAME" else (n + s - reach) // s
        require(
            expected == found and found >= 1,
            f"a {kernel[0]}x{kernel[1]} window over {size[0]}x{size[1]} does not give "
            f"{out.shape[1]}x{out.shape[2]}",
            graph,
            op,
        )
        before.append(max(0, (found - 1) * s + reach - n) // 2)
    return Window(
        size,
        (out.shape[1], out.shape[2]),
        kernel,
        stride,
        dilation,
        (before[0], before[1]),
        _PADDING[padding],
        source.shape[0],
    )
