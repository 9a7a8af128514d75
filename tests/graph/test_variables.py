"""Resource variables become variable tensors: the same sequence before and after, in TFLM."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.corpus.streaming import MODELS, Raw
from tests.tflite.equality import assert_same_graph
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph, Operator
from tinyforge.graph.passes import adapt
from tinyforge.graph.passes.moved_floats import moved_floats
from tinyforge.graph.passes.variables import variables
from tinyforge.proof.oracle import reference_trace, tflm_trace
from tinyforge.tflite import read, read_file, require_quantized, write

FILES = ["cases/stream", "real/okay_nabu", "real/vad"]
LENGTH = 6


def sequence(graph: Graph, count: int = LENGTH) -> npt.NDArray[np.int8]:
    size = graph.tensors[graph.inputs[0]].nbytes
    return np.random.default_rng(5).integers(-128, 128, (count, size)).astype(np.int8)


def answers(model: bytes, graph: Graph, inputs: npt.NDArray[np.int8]) -> npt.NDArray[np.generic]:
    """TFLM's, over the sequence."""
    runtime = pytest.importorskip("tflite_micro.python.tflite_micro").runtime
    interpreter = runtime.Interpreter.from_bytes(model, arena_size=1 << 20)
    found = []
    for values in inputs:
        interpreter.set_input(values.reshape(graph.tensors[graph.inputs[0]].shape), 0)
        interpreter.invoke()
        found.append(interpreter.get_output(0).copy())
    return np.stack(found)


def require_same_sequence(model: bytes, graph: Graph) -> None:
    """The file as it is and the graph that is made of it; every tensor of that in NumPy too."""
    after, _ = adapt(graph)
    require_quantized(after)
    inputs = sequence(after)
    before = answers(model, graph, inputs).astype(np.int16)
    if before.max() > 127 or graph.tensors[graph.outputs[0]].dtype.name == "UINT8":
        before = before - 128
    np.testing.assert_array_equal(before, answers(write(after), after, inputs))
    expected, found = tflm_trace(write(after), after, inputs), reference_trace(after, inputs)
    assert expected.keys() == found.keys()
    for t, values in expected.items():
        np.testing.assert_array_equal(values, found[t], after.tensors[t].name)
    assert len(np.unique(before.reshape(LENGTH, -1), axis=0)) > 1


@pytest.mark.parametrize("name", FILES)
def test_a_file_s_sequence_is_the_same(corpus: Path, name: str) -> None:
    require_same_sequence(*read_file(corpus / f"{name}.tflite"))


@pytest.mark.parametrize("name", MODELS)
def test_a_sequence_is_the_same_however_variables_are_used(name: str) -> None:
    model = write(MODELS[name]())
    require_same_sequence(model, read(model))


@pytest.mark.parametrize("name", MODELS)
def test_written_and_read_again_it_is_the_same_graph(name: str) -> None:
    """So a project's own model.tflite gives the project."""
    once, _ = adapt(MODELS[name]())
    twice, notes = adapt(read(write(once)))
    assert_same_graph(twice, once)
    assert write(twice) == write(once)
    assert notes == ()


def test_first_values_are_kept_where_they_are_not_zero_points(corpus: Path) -> None:
    once, _ = adapt(MODELS["swapped"]())
    assert [once.tensors[t].start is None for t in once.states] == [False, False, True]
    _, graph = read_file(corpus / "real/okay_nabu.tflite")
    nabu, _ = adapt(graph)
    starts = np.concatenate([nabu.tensors[t].at_start().reshape(-1) for t in nabu.states])
    assert len(starts) == 3472
    assert set(starts.tolist()) == {-128}


def test_float_variables_between_conversions_are_int8(corpus: Path) -> None:
    graph, _ = variables(read_file(corpus / "cases/stream.tflite")[1])
    assert "DEQUANTIZE" in {op.op for op in graph.operators}
    after, _ = moved_floats(graph)
    assert {op.op for op in after.operators}.isdisjoint({"DEQUANTIZE", "QUANTIZE"})
    assert {t.dtype.name for t in after.tensors if t.variable} == {"INT8"}


@pytest.mark.parametrize("break_", ["scale", "reader"])
def test_floats_that_something_else_needs_stay(corpus: Path, break_: str) -> None:
    graph, _ = variables(read_file(corpus / "cases/stream.tflite")[1])
    if break_ == "scale":
        (op,) = (op for op in graph.operators if op.op == "QUANTIZE")
        out = graph.tensors[op.outputs[0]]
        assert out.quant is not None
        tensors = list(graph.tensors)
        tensors[out.index] = replace(out, quant=replace(out.quant, scale=(0.5,)))
        other = replace(graph, tensors=tuple(tensors))
    else:
        (op,) = (op for op in graph.operators if op.op == "READ_VARIABLE")
        t = graph.tensors[op.outputs[0]]
        new = replace(t, index=len(graph.tensors), name="cosine")
        cosine = Operator(len(graph.operators), "COS", (t.index,), (new.index,), {})
        other = replace(
            graph,
            tensors=(*graph.tensors, new),
            operators=(*graph.operators, cosine),
            outputs=(*graph.outputs, new.index),
        )
    after, _ = moved_floats(other)
    assert after is other
    with pytest.raises(ForgeError):
        require_quantized(after)


def late_call() -> Graph:
    graph = MODELS["sum"]()
    once, *rest = graph.operators
    return replace(graph, operators=(*rest, once))


def computed_start() -> Graph:
    graph = MODELS["sum"]()
    (init,) = graph.initializers
    handle, assign = init.operators
    softmax = Operator(1, "SOFTMAX", (1,), (2,), {"beta": 1.0})
    value = replace(init.tensors[1], index=2, data=None)
    wrong = replace(
        init,
        tensors=(*init.tensors, value),
        operators=(handle, softmax, replace(assign, inputs=(0, 2))),
    )
    return replace(graph, initializers=(wrong,))


def other_size() -> Graph:
    r = Raw()
    x = r.input()
    v = r.variable("v", np.zeros((1, 4, 2), np.int8))
    r.assign(v, r.sum(r.read(v), x))
    return r.build([r.relu(x)])


def other_shape() -> Graph:
    r = Raw()
    x = r.input()
    v = r.variable("v")
    total = r.sum(r.read(v), x)
    r.assign(v, r.b.op("RESHAPE", [total], (1, 12), 0.1, -7, new_shape=(1, 12)))
    return r.build([r.relu(total)])


def no_handle() -> Graph:
    r = Raw()
    x = r.input()
    r.variable("v")
    return r.build([r.sum(r.read(x), x)])


def compared_handle() -> Graph:
    r = Raw()
    x = r.input()
    r.b.op("ABS", [r.variable("v")], (1,), 0.1)
    return r.build([r.relu(x)])


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (late_call, "CALL_ONCE must come before all other layers"),
        (computed_start, "SOFTMAX in the graph that CALL_ONCE calls"),
        (other_size, "begins as INT8 [1, 4, 2], and goes on as INT8 [1, 4, 3]"),
        (other_shape, "a variable is INT8 [1, 4, 3] and INT8 [1, 12]"),
        (no_handle, "the operator has no variable"),
        (compared_handle, "ABS of a variable is not supported"),
    ],
)
def test_other_uses_are_refused(make: object, what: str) -> None:
    assert callable(make)
    graph = read(write(make()))
    with pytest.raises(ForgeError) as caught:
        adapt(graph)
    assert what in caught.value.what
