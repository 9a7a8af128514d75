"""What operators that take values from anywhere refuse; and how they do it if they may choose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from tests.corpus.builder import GraphBuilder, TensorSpec
from tests.ops.refusals import accepted, refused
from tinyforge.graph import Graph
from tinyforge.ops import OPS, Kernel
from tinyforge.ops.forms import WHOLE, Between, Picked

X = TensorSpec((1, 4, 6, 8), 0.5, 3)


def case(
    op: str, operands: Sequence[Any], shape: Sequence[int], source: TensorSpec = X, **options: Any
) -> Graph:
    b = GraphBuilder(op.lower())
    x = b.input(source.shape, source.scale, source.zero_point)
    constants = [b.constant(np.array(values, np.int32)) for values in operands]
    return b.build([b.op(op, [x, *constants], shape, X.scale, X.zero_point, **options)])


def like(*shape: int) -> TensorSpec:
    return TensorSpec(shape, X.scale, X.zero_point)


def kernel(graph: Graph) -> Kernel:
    (op,) = graph.operators
    lower = OPS[op.op].lower
    assert lower is not None
    return lower(graph, op)


def test_gather_refuses_what_lies_outside() -> None:
    accepted(case("GATHER", [[0, 5]], (1, 4, 2, 8), axis=2))
    refused(case("GATHER", [[0, 6]], (1, 4, 2, 8), axis=2), "an index lies outside the 6")
    refused(case("GATHER", [[-1, 0]], (1, 4, 2, 8), axis=2), "an index lies outside the 6")
    refused(case("GATHER", [[0, 5]], (1, 4, 2, 8), axis=4), "axis 4 is outside 4 dimensions")
    refused(case("GATHER", [[0, 5]], (1, 4, 3, 8), axis=2), r"output is \[1, 4, 3, 8\], not")


def test_gather_of_several_batches_is_refused() -> None:
    indices = [[0], [1]]
    refused(
        case("GATHER", [indices], (2, 1), like(2, 3), axis=1, batch_dims=1), "of several batches"
    )
    refused(case("GATHER", [[0]], (1, 6, 8), axis=1, batch_dims=2), "2 batch dimensions before")


def test_gather_nd_refuses_what_lies_outside() -> None:
    accepted(case("GATHER_ND", [[[0, 3], [0, 0]]], (2, 6, 8)))
    refused(case("GATHER_ND", [[[0, 4], [0, 0]]], (2, 6, 8)), r"lies outside \[1, 4\]")
    refused(case("GATHER_ND", [[[0, 0, 0, 0, 0]]], (1,)), "indices of shape")


def test_broadcast_to_refuses_other_sizes() -> None:
    accepted(case("BROADCAST_TO", [[2, 4, 6, 8]], (2, 4, 6, 8)))
    refused(case("BROADCAST_TO", [[1, 4, 12, 8]], (1, 4, 12, 8)), "does not repeat to")
    refused(case("BROADCAST_TO", [[4, 6, 8]], (4, 6, 8)), "does not repeat to")


def test_reverse_v2_refuses_axes_apart() -> None:
    accepted(case("REVERSE_V2", [[2, 1]], X.shape))
    refused(case("REVERSE_V2", [[1, 3]], X.shape), "reverses neighbouring ones alone")


def test_mirror_pad_refuses_a_border_wider_than_the_picture() -> None:
    for mode, most in ((0, 3), (1, 4)):
        wide = [[0, 0], [most, 0], [0, 0], [0, 0]]
        accepted(case("MIRROR_PAD", [wide], (1, 4 + most, 6, 8), mode=mode))
        wide[1][0] += 1
        refused(
            case("MIRROR_PAD", [wide], (1, 5 + most, 6, 8), mode=mode), f"border of {most + 1} from"
        )


def test_batches_refuse_what_does_not_divide() -> None:
    none = [[0, 0], [0, 0]]
    accepted(case("SPACE_TO_BATCH_ND", [[2, 3], none], (6, 2, 2, 8)))
    refused(case("SPACE_TO_BATCH_ND", [[3, 3], none], (9, 1, 2, 8)), "does not divide into blocks")
    refused(case("SPACE_TO_BATCH_ND", [[2], none], (2, 2, 6, 8)), "for 2 dimensions")
    border = [[2, 0], [0, 0]]
    refused(case("SPACE_TO_BATCH_ND", [[2, 2], border], (4, 3, 3, 8)), "leaves its value to chance")
    pictures = like(4, 2, 3, 8)
    accepted(case("BATCH_TO_SPACE_ND", [[2, 2], none], (1, 4, 6, 8), pictures))
    refused(case("BATCH_TO_SPACE_ND", [[3, 2], none], (1, 6, 6, 8), pictures), "are no blocks")


def test_resize_bilinear_refuses_what_the_interpreter_reads_past() -> None:
    accepted(case("RESIZE_BILINEAR", [[8, 12]], (1, 8, 12, 8)))
    both = {"align_corners": True, "half_pixel_centers": True}
    refused(case("RESIZE_BILINEAR", [[8, 12]], (1, 8, 12, 8), **both), "exclude each other")
    two = like(1, 2, 2, 1)
    accepted(case("RESIZE_BILINEAR", [[2, 1024]], (1, 2, 1024, 1), two))
    refused(case("RESIZE_BILINEAR", [[2, 1365]], (1, 2, 1365, 1), two), "would read past its input")


@pytest.mark.parametrize(
    ("graph", "form"),
    [
        (case("GATHER", [[3, 0, 0]], (1, 3, 6, 8), axis=1), Picked((3, 0, 0), 4)),
        (case("GATHER", [[5, 0]], (1, 4, 2, 8), axis=2), Picked((0, 1, 2, 3), 4)),
        (case("REVERSE_V2", [[1]], X.shape), Picked((3, 2, 1, 0), 4)),
        (case("BROADCAST_TO", [[1, 4, 6, 8]], X.shape, like(1, 1, 6, 8)), Picked((0,) * 4, 1)),
        (
            case("BROADCAST_TO", [[1, 2, 3, 6, 8]], (1, 2, 3, 6, 8), like(1, 2, 1, 6, 8)),
            Picked((0, 0, 0, 1, 1, 1), 2),
        ),
        (case("GATHER", [[0]], (1, 4, 6, 8), axis=0), Picked((0, 1, 2, 3), 4)),
        (case("REVERSE_V2", [[0]], (5, 3), like(5, 3)), WHOLE),
        (
            case("RESIZE_BILINEAR", [[2, 3]], (1, 2, 3, 8), align_corners=True),
            Between(((0, 0), (3, 3)), 4),
        ),
    ],
)
def test_pictures_are_taken_by_rows(graph: Graph, form: object) -> None:
    assert kernel(graph).form == form


def test_even_steps_need_no_table() -> None:
    assert kernel(case("REVERSE_V2", [[2]], X.shape)).function == "forge_copy_run"
    assert kernel(case("GATHER", [[5, 3, 1]], (1, 4, 3, 8), axis=2)).function == "forge_copy_run"
    tabled = kernel(case("GATHER", [[5, 3, 2]], (1, 4, 3, 8), axis=2))
    assert tabled.function == "forge_pick_run"
    assert [name for name in tabled.fields if name.startswith("places")] == ["places_3"]


def test_dimensions_that_have_no_kernel_are_refused() -> None:
    graph = case(
        "MIRROR_PAD",
        [[[1, 1]] * 5],
        (5, 5, 5, 5, 5),
        like(3, 3, 3, 3, 3),
    )
    refused(graph, "more than 4 dimensions are taken from apart")
