"""What operators that move values refuse, each with a message that says why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.corpus.builder import Constant, GraphBuilder, TensorSpec, single_op
from tests.ops.cases import random_case
from tests.ops.refusals import refused
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph, Operator, Quant
from tinyforge.ops import OPS
from tinyforge.ops.copying import copy
from tinyforge.ops.forms import WHOLE

SPEC = TensorSpec((2, 4, 6, 8), 0.5, 3)


def ints(*values: Any, dtype: Any = np.int32) -> Constant:
    return Constant(np.array(values, dtype))


def like(*shape: int) -> TensorSpec:
    return TensorSpec(shape, SPEC.scale, SPEC.zero_point)


def constant(*shape: int) -> Constant:
    return Constant(np.zeros(shape, np.int8), SPEC.quant)


def case(op: str, inputs: Sequence[Any], *outputs: Sequence[int], **options: Any) -> Graph:
    """One operator; and an input that it may not read, for those of constants alone."""
    b = GraphBuilder(op.lower())
    b.input((1, 1), 1.0)
    operands = [
        b.constant(x.values, x.quant)
        if isinstance(x, Constant)
        else b.input(x.shape, x.scale, x.zero_point)
        for x in inputs
    ]
    return b.build(b.ops(op, operands, [like(*shape) for shape in outputs], options))


STRIDED = (ints(0, 1, 1, 0), ints(2, 3, 6, 8), ints(1, 1, 1, 1))


def strided(
    begin: Constant = STRIDED[0],
    end: Constant = STRIDED[1],
    strides: Constant = STRIDED[2],
    output: Sequence[int] = (2, 2, 5, 8),
    **options: Any,
) -> Graph:
    return case("STRIDED_SLICE", [SPEC, begin, end, strides], output, **options)


def padded(amounts: Constant, output: Sequence[int], *value: Any) -> Graph:
    return case("PADV2" if value else "PAD", [SPEC, amounts, *value], output)


BORDER = ints((0, 0), (1, 2), (0, 0), (0, 0))
VALUE = Constant(np.array([9], np.int8), SPEC.quant)
TWICE = Constant(np.array([9, 9], np.int8), SPEC.quant)
RESCALED = Constant(np.array([9], np.int8), Quant((0.25,), (3,)))

REFUSED = {
    "computed operand": (case("EXPAND_DIMS", [like(1, 4), like(1)], (1, 1, 4)), "constant axis"),
    "operand of int64": (strided(begin=ints(0, 1, 1, 0, dtype=np.int64)), "begin as int32"),
    "constant source": (case("TRANSPOSE", [constant(2, 3), ints(1, 0)], (3, 2)), "of a constant"),
    "six dimensions": (
        case("TRANSPOSE", [like(1, 1, 1, 1, 1, 2), ints(0, 1, 2, 3, 4, 5)], (1, 1, 1, 1, 1, 2)),
        "more than 5 dimensions",
    ),
    "twice the same": (case("TRANSPOSE", [like(2, 2), ints(0, 0)], (2, 2)), "no permutation"),
    "negative dimension": (case("TRANSPOSE", [like(2, 3), ints(-1, 0)], (3, 2)), "no permutation"),
    "transposed shape": (case("TRANSPOSE", [like(2, 3), ints(1, 0)], (2, 3)), r"not \[3, 2\]"),
    "slice outside": (case("SLICE", [like(4), ints(2), ints(3)], (3,)), r"outside \[4\]"),
    "slice before": (case("SLICE", [like(4), ints(-1), ints(2)], (2,)), r"outside \[4\]"),
    "slice of nothing": (case("SLICE", [like(4), ints(4), ints(-1)], (1,)), r"not \[0\]"),
    "slice of two": (case("SLICE", [like(4), ints(0, 0), ints(1, 1)], (1,)), "for 1 dimensions"),
    "new axis": (strided(new_axis_mask=1), "new_axis_mask is not supported"),
    "ellipsis": (strided(ellipsis_mask=1), "ellipsis_mask is not supported"),
    "offset": (strided(offset=True), "offset is not supported"),
    "strided slice of five": (
        case("STRIDED_SLICE", [like(1, 1, 1, 1, 2), *[ints(0, 0, 0, 0, 0)] * 3], (1,)),
        "more than 4 dimensions",
    ),
    "too few ends": (strided(end=ints(2, 3)), "2 values of end for 4 dimensions"),
    "no stride": (strided(strides=ints(1, 0, 1, 1)), "stride 0 in dimension 1"),
    "endless stride": (strided(strides=ints(1, 1, 2**31 - 1, 1)), "stride 2147483647"),
    "backward index": (
        strided(strides=ints(-1, 1, 1, 1), output=(2, 5, 8), shrink_axis_mask=1),
        "negative stride",
    ),
    "index outside": (
        strided(begin=ints(2, 1, 1, 0), output=(2, 5, 8), shrink_axis_mask=1),
        "index 2 of dimension 0, which has 2",
    ),
    "strided shape": (strided(output=(2, 2, 5, 7)), r"not \[2, 2, 5, 8\]"),
    "negative padding": (
        padded(ints((0, 0), (0, -1), (0, 0), (0, 0)), (2, 3, 6, 8)),
        "paddings are negative",
    ),
    "paddings of three": (padded(ints((0, 0), (1, 2), (0, 0)), (2, 7, 6, 8)), "6 paddings for 4"),
    "padded shape": (padded(BORDER, (2, 6, 6, 8)), r"not \[2, 7, 6, 8\]"),
    "computed value": (padded(BORDER, (2, 7, 6, 8), like(1)), "constant padding value"),
    "two values": (padded(BORDER, (2, 7, 6, 8), TWICE), "more than one padding value"),
    "value's scale": (padded(BORDER, (2, 7, 6, 8), RESCALED), "output's scale and zero point"),
    "blocks of 0": (case("SPACE_TO_DEPTH", [SPEC], SPEC.shape, block_size=0), "block size 0"),
    "blocks of 4": (case("SPACE_TO_DEPTH", [SPEC], (2, 1, 1, 128), block_size=4), "4x6 does not"),
    "8 channels": (case("DEPTH_TO_SPACE", [SPEC], (2, 12, 18, 1), block_size=3), "8 channels do"),
    "resized channels": (
        case("RESIZE_NEAREST_NEIGHBOR", [like(1, 4, 6, 8), ints(5, 5)], (1, 5, 5, 7)),
        r"not \[1, 5, 5, 8\]",
    ),
    "two images": (
        case("RESIZE_NEAREST_NEIGHBOR", [SPEC, ints(5, 5)], (1, 5, 5, 8)),
        r"not \[2, 5, 5, 8\]",
    ),
    "eleven inputs": (
        case("CONCATENATION", [like(1, 2)] * 11, (1, 22), axis=1),
        "1 to 10 inputs",
    ),
    "constants alone": (
        case("CONCATENATION", [constant(1, 2)] * 2, (1, 4), axis=1),
        "all inputs are constant",
    ),
    "axis outside": (
        case("CONCATENATION", [like(1, 2)] * 2, (1, 4), axis=2),
        "axis 2 is outside 2 dimensions",
    ),
    "rescaling": (
        case("CONCATENATION", [like(1, 2), TensorSpec((1, 2), 0.5, 4)], (1, 4), axis=1),
        "CONCATENATION cannot rescale",
    ),
    "activation": (
        case("CONCATENATION", [like(1, 2)] * 2, (1, 4), axis=1, fused_activation_function=1),
        "fused activation 1",
    ),
    "shapes": (
        case("CONCATENATION", [like(1, 2), like(2, 2)], (1, 4), axis=1),
        "differ in more than dimension 1",
    ),
    "ranks": (case("CONCATENATION", [like(1, 2), like(2)], (1, 4), axis=1), "needs 2 dimensions"),
    "joined shape": (case("CONCATENATION", [like(1, 2)] * 2, (1, 5), axis=1), r"not \[1, 4\]"),
    "packs fewer": (case("PACK", [like(2)] * 2, (2, 2), values_count=3), "values_count is 3, of 2"),
    "packs 257": (case("PACK", [like(2)] * 257, (257, 2), values_count=257), "1 to 256 inputs"),
    "packs shapes": (
        case("PACK", [like(2), like(3)], (2, 2), values_count=2),
        "inputs have different shapes",
    ),
    "packed shape": (case("PACK", [like(2)] * 2, (2, 3), values_count=2), r"not \[2, 2\]"),
    "squeezes 4": (case("SQUEEZE", [like(1, 4)], (1,), squeeze_dims=(1,)), "dimension 1 is 4"),
    "squeezes the sixth": (
        case("SQUEEZE", [like(1, 4)], (4,), squeeze_dims=(5,)),
        "axis 5 is outside 2 dimensions",
    ),
    "squeezed shape": (case("SQUEEZE", [like(1, 4)], (1, 4), squeeze_dims=(0,)), r"not \[4\]"),
    "expanded shape": (case("EXPAND_DIMS", [like(1, 4), ints(1)], (1, 4, 1)), r"not \[1, 1, 4\]"),
    "expands two": (case("EXPAND_DIMS", [like(1, 4), ints(1, 1)], (1, 1, 4)), "2 axes"),
    "splits 8 in 3": (
        case("SPLIT", [ints(3), SPEC], *[(2, 4, 6, 2)] * 3, num_splits=3),
        "dimension 3 is 8, which 3 outputs do not divide",
    ),
    "splits in 257": (case("SPLIT", [ints(0), like(257)], *[(1,)] * 257), "1 to 256 outputs"),
    "splits unevenly in 17": (
        case("SPLIT", [ints(0), like(18)], (2,), *[(1,)] * 16),
        "1 to 16 outputs",
    ),
    "splits a constant": (case("SPLIT", [ints(0), constant(2)], (1,), (1,)), "of a constant"),
    "split shape": (case("SPLIT", [ints(0), like(4)], (2,), (1,)), r"is \[1\], not \[2\]"),
    "splits outside": (case("SPLIT", [ints(1), like(4)], (2,), (2,)), "axis 1 is outside 1"),
    "computed axis": (case("SPLIT", [like(1), like(4)], (2,), (2,)), "constant axis"),
    "splits along two": (case("SPLIT", [ints(0, 0), like(4)], (2,), (2,)), "2 axes"),
    "splits off less": (
        case("SPLIT_V", [like(4), ints(1, 2), ints(0)], (1,), (2,), num_splits=2),
        "outputs take 3 of dimension 0, which has 4",
    ),
    "splits off a rank": (
        case("SPLIT_V", [like(4, 2), ints(4), ints(1)], (4,), num_splits=1),
        r"is \[4\], not \[4, 0\]",
    ),
    "unpacks fewer": (
        case("UNPACK", [like(3, 2)], (2,), (2,), num=2),
        "num is 2, for 2 outputs and 3 in dimension 0",
    ),
    "unpacked shape": (case("UNPACK", [like(1, 2)], (1, 2), num=1), r"is \[1, 2\], not \[2\]"),
    "unpacks outside": (case("UNPACK", [like(1, 2)], (2,), axis=2, num=1), "axis 2 is outside"),
    "expands outside": (
        case("EXPAND_DIMS", [like(1, 4), ints(-4)], (1, 1, 4)),
        "axis -4 is outside 3 dimensions",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_say_why_and_name_the_layer(name: str) -> None:
    refused(*REFUSED[name])


@pytest.mark.parametrize("op", ["PAD", "TRANSPOSE", "CONCATENATION", "RESIZE_NEAREST_NEIGHBOR"])
def test_missing_operands_are_refused(op: str) -> None:
    graph, _ = random_case(op, 1)
    (operator,) = graph.operators
    for inputs in ((), (-1, *operator.inputs[1:])):
        without: Operator = replace(operator, inputs=inputs)
        with pytest.raises(ForgeError):
            OPS[op].check(replace(graph, operators=(without,)), without)


def test_walks_that_lie_together_become_one_run() -> None:
    """The copy of a slice of rows is one run of bytes; a transposed matrix has runs of one."""
    source = single_op("RELU", inputs=[SPEC], output=SPEC).tensors[0]
    rows = copy(source, 96, [(1, 192), (2, 48), (6, 8), (8, 1)])
    assert [rows.fields[f"size[{i}]"] for i in range(5)] == [1, 1, 1, 1, 1]
    assert (rows.fields["start"], rows.fields["run"]) == (96, 96)
    columns = copy(source, 0, [(6, 8), (4, 48), (8, 1)])
    assert (columns.fields["size[3]"], columns.fields["size[4]"], columns.fields["run"]) == (
        6,
        4,
        8,
    )
    transposed = copy(source, 0, [(8, 1), (48, 8)])
    assert (transposed.fields["size[4]"], transposed.fields["run"]) == (48, 1)


IMAGE = like(1, 4, 6, 8)
FULL = (1, 4, 6, 8)

# Operators on an image, and the input row of each output row; None for one that needs it whole.
BY_ROWS: dict[str, tuple[Graph, tuple[int, ...] | None]] = {
    "padded": (case("PAD", [IMAGE, BORDER], (1, 7, 6, 8)), (-1, 0, 1, 2, 3, -1, -1)),
    "padded batch": (
        case("PAD", [IMAGE, ints((0, 1), (0, 0), (0, 0), (0, 0))], (2, 4, 6, 8)),
        None,
    ),
    "sliced": (
        case("SLICE", [IMAGE, ints(0, 1, 2, 0), ints(1, 2, 4, 8)], (1, 2, 4, 8)),
        (1, 2),
    ),
    "every other": (
        case(
            "STRIDED_SLICE",
            [IMAGE, ints(0, 0, 0, 0), ints(*FULL), ints(1, 2, 1, 1)],
            (1, 2, 6, 8),
        ),
        (0, 2),
    ),
    "upside down": (
        case(
            "STRIDED_SLICE",
            [IMAGE, ints(0, -1, 0, 0), ints(1, -5, 6, 8), ints(1, -1, 1, 1)],
            FULL,
        ),
        None,
    ),
    "resized": (
        case("RESIZE_NEAREST_NEIGHBOR", [IMAGE, ints(6, 3)], (1, 6, 3, 8)),
        (0, 0, 1, 2, 2, 3),
    ),
    "joined": (case("CONCATENATION", [IMAGE, IMAGE], (1, 4, 6, 16), axis=3), (0, 1, 2, 3)),
    "stacked": (case("CONCATENATION", [IMAGE, IMAGE], (1, 8, 6, 8), axis=1), None),
    "split": (case("SPLIT", [ints(2), IMAGE], *[(1, 4, 3, 8)] * 2), (0, 1, 2, 3)),
    "split rows": (case("SPLIT", [ints(1), IMAGE], *[(1, 2, 6, 8)] * 2), None),
    "two images": (case("SLICE", [SPEC, ints(0, 0, 0, 0), ints(*SPEC.shape)], SPEC.shape), None),
}


@pytest.mark.parametrize("name", BY_ROWS)
def test_images_go_by_rows_where_rows_suffice(name: str) -> None:
    graph, rows = BY_ROWS[name]
    (op,) = graph.operators
    lower = OPS[op.op].lower
    assert lower is not None
    form = lower(graph, op).form
    if rows is None:
        assert form is WHOLE
    else:
        reads = [form.reads(step) for step in range(form.steps)]
        assert tuple(read[0] if read else -1 for read in reads) == rows
        assert (form.input_rows, form.output_rows) == (4, len(rows))
