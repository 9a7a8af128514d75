"""int4 weights: as a file holds them, as flash holds them, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.corpus.builder import Constant, TensorSpec, single_op
from tests.ops.cases import INT4, random_case
from tests.ops.refusals import accepted, refused
from tinyforge.graph import DType, Graph, Quant
from tinyforge.graph.nibbles import packed, unpacked
from tinyforge.ops import OPS, Table
from tinyforge.tflite import read, write


def test_two_elements_a_byte_the_first_in_the_low_half() -> None:
    assert packed(np.array([1, -1, 7, -8, -2], np.int8)).tolist() == [0xF1, 0x87, 0x0E]
    every = np.arange(-8, 8, dtype=np.int8)
    for count in (0, 1, 2, 15, 16):
        data = packed(every[:count])
        assert len(data) == -(-count // 2)
        np.testing.assert_array_equal(unpacked(data, count), every[:count])


@pytest.mark.parametrize("op", INT4)
def test_a_file_keeps_them_and_flash_holds_half_the_bytes(op: str) -> None:
    graph, _ = random_case(f"{op}/int4", 3)
    again = read(write(graph))
    (weights,) = (t for t in again.tensors if t.dtype is DType.INT4)
    assert weights.data is not None and weights.data.dtype == np.int8
    np.testing.assert_array_equal(weights.data, graph.tensors[weights.index].data)
    lower = OPS[op].lower
    assert lower is not None
    table = lower(again, again.operators[0]).fields["weights"]
    assert isinstance(table, Table)
    assert table.values.nbytes == weights.nbytes == -(-weights.size // 2)


def _dense(dtype: DType, scales: int) -> Graph:
    values = np.ones((4, 6), np.int8)
    weights = Constant(values, Quant((0.1,) * scales, (0,) * scales), DType.INT4)
    source = TensorSpec((1, 6), 0.1, 0, dtype)
    return single_op(
        "FULLY_CONNECTED", inputs=[source, weights], output=replace(source, shape=(1, 4))
    )


def test_what_the_interpreter_does_not_run_is_refused() -> None:
    accepted(_dense(DType.INT8, 1))
    refused(_dense(DType.INT8, 4), "int4 weights of one scale alone")
    refused(_dense(DType.INT16, 1), "int4 weights on int8 inputs alone")
    graph, _ = random_case("TRANSPOSE_CONV", 1)
    tensors = [
        replace(t, dtype=DType.INT4, data=t.data >> 4)
        if t.data is not None and t.data.ndim == 4
        else t
        for t in graph.tensors
    ]
    refused(replace(graph, tensors=tuple(tensors)), "needs int8 weights, found int4")
