"""Models that keep what windows share: every row that they make, against TensorFlow Lite Micro on
each whole window."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.corpus import models, several
from tests.corpus.windowed import MODELS, Stack, stacked
from tests.tflite.equality import assert_same_graph
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.graph.channels import narrowed
from tinyforge.graph.hop import Hopped, hopped
from tinyforge.graph.passes import adapt
from tinyforge.proof.oracle import reference_trace, tflm_trace
from tinyforge.proof.windows import require_same, windows_of
from tinyforge.tflite import read, read_file, require_quantized, write

pytest.importorskip("tflite_micro")

HOPS = {
    "valid": (2, 6), "same": (2, 4, 8), "pools": (4, 12), "residual": (1, 5), "conv1d": (1, 10),
    "flat": (1, 9), "padded": (1, 7), "dilated": (1, 8), "dense rows": (1, 12),
    "branches": (1, 6), "int16": (1, 4), "means": (1, 5),
}  # fmt: skip
CASES = [(name, hop) for name, hops in HOPS.items() for hop in hops]


def sequence(found: Hopped, count: int = 9) -> npt.NDArray[np.int8]:
    shape = (count, found.graph.input_bytes)
    return np.random.default_rng(6).integers(-128, 128, shape).astype(np.int8)


def require_exact(graph: Graph, found: Hopped) -> None:
    """And that each row it says it makes is one that the proof looks at."""
    inputs = sequence(found)
    windows = tflm_trace(write(graph), graph, windows_of(found, inputs))
    hops = tflm_trace(write(found.graph), found.graph, inputs)
    require_same(found, hops, windows)
    out, whole = found.graph.outputs[0], graph.outputs[0]
    np.testing.assert_array_equal(hops[out], windows[whole])
    assert all(len(np.unique(hops[made.own], axis=0)) > 1 for made in found.streaming.made[:2])
    of = {made.of for made in found.streaming.made}
    assert of == {t for op in found.window.operators for t in op.outputs}


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize(("name", "hop"), CASES)
def test_hops_give_what_windows_give(name: str, hop: int, quick: bool) -> None:
    graph = MODELS[name]()
    found = hopped(graph, hop, quick=quick)
    require_quantized(found.graph)
    require_exact(graph, found)
    assert found.macs[0] < found.macs[1]


@pytest.mark.parametrize("seed", range(12))
def test_any_layers_in_any_order(seed: int) -> None:
    graph = stacked(seed)
    for hop in (2, 8):
        require_exact(graph, hopped(graph, hop, quick=seed % 2 == 1))


@pytest.mark.parametrize(
    ("file", "hop", "layers", "share"),
    [
        ("models/kws", 2, 9, 0.59),
        ("models/kws", 12, 7, 0.78),
        ("real/har", 20, 14, 0.17),
        ("real/speech_commands", 4, 4, 0.32),
    ],
)
def test_models_that_people_deploy(
    file: str, hop: int, layers: int, share: float, corpus: Path
) -> None:
    """Keyword spotters and an activity recogniser, all of which pad along time. layers: that make
    new rows alone; share: of the multiply-accumulates that is left."""
    graph, _ = adapt(read_file(corpus / f"{file}.tflite")[1])
    found = hopped(narrowed(graph).graph if file == "real/har" else graph, hop)
    assert len(found.shared) == layers
    assert round(found.macs[0] / found.macs[1], 2) == share
    require_exact(found.window, found)


@pytest.mark.parametrize("name", MODELS)
def test_written_and_read_again_it_is_the_same_graph(name: str) -> None:
    """So a project's own model.tflite gives the project; and the operators' own models agree."""
    found = hopped(MODELS[name](), HOPS[name][0])
    again, notes = adapt(read(write(found.graph)))
    assert_same_graph(again, found.graph)
    assert notes == ()
    inputs = sequence(found, 3)
    expected = tflm_trace(write(again), again, inputs)
    actual = reference_trace(again, inputs)
    assert expected.keys() == actual.keys()
    for t, values in expected.items():
        np.testing.assert_array_equal(values, actual[t], again.tensors[t].name)


def rows_made(found: Hopped, op: str) -> list[int]:
    """Of an operator's outputs, in order."""
    return [found.graph.tensors[o.outputs[0]].shape[1] for o in found.graph.operators if o.op == op]


def test_without_borders_each_layer_makes_the_new_rows_alone() -> None:
    found = hopped(MODELS["valid"](), 2)
    assert rows_made(found, "CONV_2D") == [1, 1]
    assert found.shared == (0, 1)
    assert "RESHAPE" in found.stops
    # Four rows of the input, the last of which no window reaches; two and ten of what is made.
    assert found.kept_bytes == 4 * 6 + 2 * 4 * 6 + 10 * 2 * 6
    assert Counter(op.op for op in found.graph.operators)["ASSIGN_VARIABLE"] == 3


def test_rows_at_a_border_are_made_again() -> None:
    """Of 40 rows one sees the top, one the bottom; one is new. Between two pieces lie two more."""
    found = hopped(Stack(1, 40, 6, 1).conv(3).graph(), 1)
    assert rows_made(found, "CONV_2D") == [1 + 2 + 2]


def test_rows_at_the_top_are_made_of_the_input_or_of_what_was_kept() -> None:
    """The second layer's two top rows need three of the first's: made with them, or kept."""
    graph = Stack(1, 40, 6, 16).conv(3).conv(3).graph()
    small, quick = hopped(graph, 2), hopped(graph, 2, quick=True)
    # At the top, between, new, at the bottom.
    assert rows_made(small, "CONV_2D") == [3 + 2 + 2 + 1, 2 + 2 + 2 + 2]
    assert rows_made(quick, "CONV_2D") == [1 + 2 + 2 + 1, 2 + 2 + 2 + 2]
    assert small.kept_bytes < quick.kept_bytes
    assert quick.macs[0] < small.macs[0]


def test_a_hop_that_no_stride_divides_shares_less() -> None:
    graph = Stack(1, 60, 6, 1).conv(3, padding=1).conv(4, stride=2, padding=1).graph()
    assert hopped(graph, 4).shared == (0, 1)
    found = hopped(graph, 3)
    assert found.shared == (0,)
    assert "a hop is 3 of its input's rows, no multiple of its stride 2" in found.stops
    require_exact(graph, found)


def test_outputs_may_be_of_rows_too() -> None:
    """All rows of a window are an output; whoever reads them anew finds them."""
    s = Stack(1, 24, 4, 2).conv(3).conv(5)
    graph = s.b.build([s.x])
    found = hopped(graph, 1)
    assert (found.shared, found.stops) == ((0, 1), "")
    require_exact(graph, found)


def test_a_layer_that_is_all_borders_is_computed_whole() -> None:
    """Of 12 rows 6 see the top and 6 the bottom."""
    graph = Stack(1, 12, 6, 4).conv(3).conv(11).graph()
    found = hopped(graph, 1)
    assert found.shared == (0,)
    assert "none of its rows is the same in two windows" in found.stops
    require_exact(graph, found)


def test_what_varies_along_the_rows_is_not_shared() -> None:
    s = Stack(1, 20, 4, 2).conv(3)
    places = np.arange(20, dtype=np.int8).reshape(1, 20, 1, 1)
    s.add(s.b.constant(places, s.b.tensors[s.x].quant))
    graph = s.graph()
    found = hopped(graph, 2)
    assert found.shared == (0,)
    require_exact(graph, found)


@pytest.mark.parametrize(
    ("graph", "hop", "what"),
    [
        (MODELS["same"](), 40, "a hop of 40 rows, of windows of 40"),
        (MODELS["same"](), 0, "a hop of 0 rows"),
        (MODELS["same"](), 3, "share nothing that saves work"),
        (Stack(1, 30).dense().graph(), 3, "share nothing"),
        (models.keywords(1), 1, "the model remembers"),
        (several.tangled(), 1, "several inputs"),
    ],
)
def test_what_has_no_windows_is_refused(graph: Graph, hop: int, what: str) -> None:
    with pytest.raises(ForgeError, match=what):
        hopped(graph, hop)


def test_a_row_that_is_wrong_is_named() -> None:
    graph = MODELS["residual"]()
    found = hopped(graph, 1)
    inputs = sequence(found)
    windows = dict(tflm_trace(write(graph), graph, windows_of(found, inputs)))
    hops = tflm_trace(write(found.graph), found.graph, inputs)
    for made in found.streaming.made:
        wrong = {t: values.copy() for t, values in windows.items()}
        wrong[made.of][4, made.at + made.nbytes - 1] ^= 1
        with pytest.raises(ForgeError, match="hop 4 gives other values than its window"):
            require_same(found, hops, wrong)


def test_before_the_first_rows_there_was_nothing() -> None:
    """What every state begins with is what a window of zero points leaves: not zeros throughout."""
    found = hopped(MODELS["same"](), 2)
    zero = found.window.input_tensors[0].zero_point
    inputs = np.full((2, found.graph.input_bytes), zero, np.int8)
    hops = tflm_trace(write(found.graph), found.graph, inputs)
    for made in found.streaming.made:
        np.testing.assert_array_equal(*hops[made.own])
    assert any(found.graph.tensors[t].start is not None for t in found.graph.states)
