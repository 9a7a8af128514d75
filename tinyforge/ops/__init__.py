"""The operators tinyforge knows inside out, by TensorFlow Lite's name: one module each."""

from collections.abc import Mapping

from tinyforge.ops import (
    add,
    average_pool_2d,
    concatenation,
    conv_2d,
    depth_to_space,
    depthwise_conv_2d,
    expand_dims,
    fully_connected,
    logistic,
    max_pool_2d,
    mean,
    pack,
    pad,
    padv2,
    reduce_max,
    reduce_min,
    relu,
    relu6,
    reshape,
    resize_nearest_neighbor,
    slice,
    softmax,
    space_to_depth,
    squeeze,
    strided_slice,
    sum,
    transpose,
    transpose_conv,
)
from tinyforge.ops.base import Kernel, Op, Table

OPS: Mapping[str, Op] = {
    op.name: op
    for op in (
        add.OP,
        average_pool_2d.OP,
        concatenation.OP,
        conv_2d.OP,
        depth_to_space.OP,
        depthwise_conv_2d.OP,
        expand_dims.OP,
        fully_connected.OP,
        logistic.OP,
        max_pool_2d.OP,
        mean.OP,
        pack.OP,
        pad.OP,
        padv2.OP,
        reduce_max.OP,
        reduce_min.OP,
        relu.OP,
        relu6.OP,
        reshape.OP,
        resize_nearest_neighbor.OP,
        slice.OP,
        softmax.OP,
        space_to_depth.OP,
        squeeze.OP,
        strided_slice.OP,
        sum.OP,
        transpose.OP,
        transpose_conv.OP,
    )
}

__all__ = ["OPS", "Kernel", "Op", "Table"]
