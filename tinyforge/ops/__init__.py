"""The operators tinyforge knows inside out, by TensorFlow Lite's name: one module each."""

from collections.abc import Mapping

from tinyforge.ops import (
    add,
    average_pool_2d,
    conv_2d,
    depthwise_conv_2d,
    fully_connected,
    logistic,
    max_pool_2d,
    mean,
    reduce_max,
    reduce_min,
    relu,
    relu6,
    reshape,
    softmax,
    sum,
    transpose_conv,
)
from tinyforge.ops.base import Kernel, Op, Table

OPS: Mapping[str, Op] = {
    op.name: op
    for op in (
        add.OP,
        average_pool_2d.OP,
        conv_2d.OP,
        depthwise_conv_2d.OP,
        fully_connected.OP,
        logistic.OP,
        max_pool_2d.OP,
        mean.OP,
        reduce_max.OP,
        reduce_min.OP,
        relu.OP,
        relu6.OP,
        reshape.OP,
        softmax.OP,
        sum.OP,
        transpose_conv.OP,
    )
}

__all__ = ["OPS", "Kernel", "Op", "Table"]
