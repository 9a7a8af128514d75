"""Which groups CONV_2D takes."""

from __future__ import annotations

import numpy as np
import pytest

from tests.corpus.builder import Constant, TensorSpec, single_op
from tests.ops.draw import VALID
from tests.ops.refusals import accepted, refused
from tinyforge.graph import Graph, Quant


def conv_2d(channels: int, depth: int, filters: int) -> Graph:
    """depth: input channels that a filter sees."""
    return single_op(
        "CONV_2D",
        inputs=[
            TensorSpec((1, 1, 1, channels), 0.1),
            Constant(np.ones((filters, 1, 1, depth), np.int8), Quant((0.1,), (0,))),
        ],
        output=TensorSpec((1, 1, 1, filters), 0.1),
        options={"padding": VALID, "stride_h": 1, "stride_w": 1},
    )


@pytest.mark.parametrize(("depth", "filters"), [(12, 5), (6, 4), (4, 3), (1, 12)])
def test_groups_that_divide_both_channels_are_taken(depth: int, filters: int) -> None:
    accepted(conv_2d(12, depth, filters))


@pytest.mark.parametrize(("depth", "filters"), [(5, 5), (24, 2), (6, 5), (1, 13)])
def test_groups_that_do_not_are_refused(depth: int, filters: int) -> None:
    refused(conv_2d(12, depth, filters), "do not fit input")
