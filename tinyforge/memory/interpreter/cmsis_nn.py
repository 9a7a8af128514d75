"""Bytes of scratch memory that CMSIS-NN's int8 kernels ask for, as compiled by GCC.

Source: Source/*/arm_*_get_buffer_sizes_s8.c and Include/arm_nnsupportfunctions.h of CMSIS-NN
4ab83cc3. Shapes are NHWC, without the batch where it says hwc.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tinyforge.memory.interpreter.target import Simd

_INT16 = 2
_INT32 = 4
_MVE_COLUMNS = 4  # columns of the unfolded input that the MVE kernel works on at once
_MVE_LANES = 16
_MVE_CHANNELS = 124  # channels that the MVE depthwise kernel works on at once
_FEW_CHANNELS = 16  # up to so many, a transposed convolution is not turned into a convolution


@dataclass(frozen=True)
class Window:
    """A convolution's geometry. input, kernel, stride, dilation and padding are (height, width);
    padding is what lies before the first row and column.

    channels: of the input.
    """

    input: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    padding: tuple[int, int]
    output: tuple[int, int]
    channels: int


def convolution(window: Window, depth: int, simd: Simd) -> int:
    """arm_convolve_wrapper_s8_get_buffer_size. depth: of the filter, less than the input's channels
    when the convolution is grouped."""
    whole = window.channels == depth
    if whole and _pointwise(window):
        return 0
    flat = window.input[0] == window.kernel[0] == window.dilation[1] == 1
    if simd is Simd.MVE and whole and flat and window.stride[1] * window.channels % 4 == 0:
        return _one_row_mve(window)
    return _unfolded(window.kernel, window.channels, simd)


def _pointwise(window: Window) -> bool:
    return window.kernel == (1, 1) and window.padding == (0, 0) and window.dilation == (1, 1)


def _unfolded(kernel: tuple[int, int], channels: int, simd: Simd) -> int:
    """arm_convolve_s8_get_buffer_size: columns of the unfolded input."""
    column = kernel[0] * kernel[1] * channels
    if simd is Simd.MVE:
        return _MVE_COLUMNS * math.ceil(column / _MVE_LANES) * _MVE_LANES
    return 2 * math.ceil(column / 4) * 4 * _INT16


def _one_row_mve(window: Window) -> int:
    """arm_convolve_1_x_n_s8_get_buffer_size_mve: the input's row with its padding."""
    kernel, stride, pad = window.kernel[1], window.stride[1], window.padding[1]
    total = (window.output[1] - 1) * stride + kernel - window.input[1]
    odd = int(math.fmod(total, 2))  # -1 where the last window ends before the row does
    right = max(1, (pad + odd + stride - 1) // stride) if pad + odd else 0
    left = max(1, (pad + stride - 1) // stride) if pad else 0
    middle = max(window.output[1] - (right + left), 0)
    if right + middle + left != window.output[1]:
        return _unfolded(window.kernel, window.channels, Simd.MVE)
    right_pad = right if odd else pad
    return max(kernel + pad, kernel - 1 + right_pad) * window.channels


def depthwise(window: Window, outputs: int, simd: Simd) -> int:
    """arm_depthwise_conv_wrapper_s8_get_buffer_size. outputs: channels."""
    height, width = window.kernel
    if simd is Simd.MVE and window.channels == 1 and outputs > 1:
        # It runs as a convolution, with its filter rearranged. On a single row CMSIS-NN may need
        # less: that depends on a stride which TFLM leaves unset, so the larger figure stands.
        columns = 0 if _pointwise(window) else _unfolded(window.kernel, 1, simd)
        return columns + outputs * height * width
    if window.channels != outputs or window.dilation != (1, 1) or simd is Simd.NONE:
        return 0
    if simd is Simd.MVE:
        return _MVE_COLUMNS * _MVE_CHANNELS * width * height
    if window.kernel == (3, 3) and max(window.padding) <= 1:
        return 0
    return _unpacked_filters(window)


def depthwise_2023(window: Window, outputs: int, simd: Simd) -> int:
    """The same in the CMSIS-NN of Chirale_TensorFLowLite 2.0.0, without vectors: a buffer for
    filters of 3x3 too, which it does not use."""
    if simd is not Simd.DSP or window.channels != outputs or window.dilation != (1, 1):
        return depthwise(window, outputs, simd)
    return _unpacked_filters(window)


def _unpacked_filters(window: Window) -> int:
    height, width = window.kernel
    return window.channels * width * height * _INT16


def fully_connected(outputs: int, simd: Simd) -> int:
    """arm_fully_connected_s8_get_buffer_size: a sum of weights for each output."""
    return outputs * _INT32 if simd is Simd.MVE else 0


def svdf(filters: int, simd: Simd) -> int:
    """arm_svdf_s8_get_buffer_size: a sum of weights for each filter."""
    return filters * _INT32 if simd is Simd.MVE else 0


def average_pool(channels: int, simd: Simd) -> int:
    """arm_avgpool_s8_get_buffer_size: a sum for each channel."""
    return channels * _INT32 if simd is Simd.DSP else 0


def transpose_convolution(
    input_hwc: tuple[int, int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    outputs: int,
    simd: Simd,
) -> tuple[int, int]:
    """arm_transpose_conv_s8_get_buffer_size, and the buffer for the reversed filter."""
    _, width, channels = input_hwc
    if max(stride) <= 2 and channels > _FEW_CHANNELS:
        return _unfolded(kernel, channels, simd), channels * kernel[0] * kernel[1] * outputs
    # The width takes the greater of kernel width and stride *height*, as there.
    columns = ((width - 1) * stride[1] + max(kernel[1], stride[0])) * outputs
    return columns * max(kernel[0], stride[0]) * _INT32, 0
