"""Proofs of narrowed models: the oracle runs all channels, the firmware those that are left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.corpus import models
from tests.corpus.constant_channels import driven
from tests.memory import graphs
from tinyforge.cli.ui import Ui
from tinyforge.errors import ForgeError
from tinyforge.generation import generate
from tinyforge.graph import Graph
from tinyforge.graph.channels import Lost, Narrowed, narrowed
from tinyforge.graph.channels.readers import Reader
from tinyforge.graph.passes.pruned import dead_operators
from tinyforge.ops import OPS
from tinyforge.proof import examples, oracle
from tinyforge.proof.budget import require_exact
from tinyforge.proof.channels import narrowed_trace, removed_channels
from tinyforge.proof.record import Channels, Proof
from tinyforge.source import open_tflite
from tinyforge.spec import FeedChoice, Spec
from tinyforge.tflite import read_file, write
from tinyforge.verification import verify

pytest.importorskip("tflite_micro")

KINDS: Mapping[str, Callable[[int], Graph]] = {
    "classifier": models.classifier,
    "residual": models.residual,
    "separable": models.separable,
    "pictures": lambda seed: graphs.random_pictures(seed, 12),
    "blocks": lambda seed: graphs.random_blocks(seed, 3),
    "moves": lambda seed: graphs.random_moves(seed, 12),
    "signals": lambda seed: graphs.random_signals(seed, 8),
}


def narrowable(make: Callable[[int], Graph]) -> Graph:
    """The first of random models, with one output, that has constant channels to lose."""
    for seed in range(1, 50):
        graph = make(seed)
        graph = driven(replace(graph, outputs=graph.outputs[-1:]), seed)
        graph, _ = dead_operators(graph)
        removed = removed_channels(narrowed(graph))
        if removed is not None and removed.constant:
            return graph
    raise AssertionError("none of these models has constant channels to lose")


def proof_of(graph: Graph, folder: Path, feed: FeedChoice = "frame") -> Proof:
    pytest.importorskip("unicorn")
    model = folder / "model.tflite"
    model.write_bytes(write(graph))
    ui = Ui()
    settings = Spec(feed=feed, engine="aot", machine="unicorn", toolchain="zig")
    source = open_tflite(model, ui)
    assert source.narrowed.lost
    fed = examples.synthetic(source.graph, 4, 1)
    generated = generate(source, fed, settings, ui)
    return verify(generated, fed, settings, ui)


@pytest.mark.parametrize("feed", ["frame", "rows"])
@pytest.mark.parametrize("kind", KINDS)
def test_firmware_of_a_narrowed_model_is_proved(
    kind: str, feed: FeedChoice, tmp_path: Path
) -> None:
    graph = narrowable(KINDS[kind])
    proof = proof_of(graph, tmp_path, feed)
    require_exact(proof)
    assert proof.channels is not None
    layers = proof.instructions_by_layer
    assert sum(layer.removed for layer in layers) >= proof.channels.constant > 0
    whole = sum(OPS[op.op].macs(graph, op) for op in graph.operators)
    assert sum(layer.macs for layer in layers) == whole - proof.channels.macs < whole


def test_what_is_added_to_a_bias_is_proved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reader, "folded", lambda self, values: 0 * self.weights[:, 0, 0])
    with pytest.raises(ForgeError, match="a layer's values differ"):
        proof_of(driven(models.classifier(2), 2), tmp_path)


def _claimed(graph: Graph, t: int, kept: list[bool], constant: list[bool], value: int) -> Narrowed:
    values = np.full(len(kept), value, np.int64)
    return Narrowed(graph, graph, {t: Lost(np.array(kept), np.array(constant), values)})


def test_a_channel_that_is_not_what_it_was_removed_for_is_an_error() -> None:
    graph = models.classifier(1)
    out = graph.operators[0].outputs[0]
    count = graph.tensors[out].shape[-1]
    values = np.zeros((2, graph.tensors[out].size), np.int8)
    kept = [c != 1 for c in range(count)]
    claim = _claimed(graph, out, kept, [c == 1 for c in range(count)], 0)
    assert narrowed_trace(claim, {out: values})[out].shape == (2, values.shape[1] // count * 3)
    values[1, 5 * count + 1] = 1
    with pytest.raises(
        ForgeError, match=r"channel 1 .* always 0, but for input 1 .* has 1"
    ) as error:
        narrowed_trace(claim, {out: values})
    assert "layer 0 CONV_2D" in error.value.where
    # Of a channel that is left, or that nobody reads, nothing was claimed.
    narrowed_trace(_claimed(graph, out, [True] * count, [True] * count, 0), {out: values})
    narrowed_trace(_claimed(graph, out, kept, [False] * count, 0), {out: values})


def test_what_is_left_of_a_tensor_is_taken_from_each_pixel() -> None:
    graph = models.classifier(1)
    out = graph.operators[0].outputs[0]
    values = np.arange(2 * graph.tensors[out].size).astype(np.int8).reshape(2, -1)
    claim = _claimed(graph, out, [False, True, False, True], [False] * 4, 0)
    (found,) = narrowed_trace(claim, {out: values}).values()
    np.testing.assert_array_equal(found, values.reshape(2, -1, 4)[:, :, [1, 3]].reshape(2, -1))


def test_a_model_that_needs_all_its_channels_is_left_as_it_is() -> None:
    graph = models.classifier(1)
    found = narrowed(graph)
    assert found.graph is graph
    assert removed_channels(found) is None


def test_channels_of_the_shared_models(corpus: Path) -> None:
    """Visual wake words has been pruned by its training; the others need all."""
    for name in ("resnet8", "kws", "ad", "quickdraw"):
        _, graph = read_file(corpus / "models" / f"{name}.tflite")
        assert removed_channels(narrowed(graph)) is None, name
    model, graph = read_file(corpus / "models" / "vww.tflite")
    found = narrowed(graph)
    assert removed_channels(found) == Channels(
        constant=1715, unread=9, of=2738, weight_bytes=185_942, macs=3_762_351
    )
    inputs = examples.load(corpus / "golden" / "vww.npz", graph).inputs
    expected = narrowed_trace(found, oracle.trace(model, graph, inputs))
    for t, values in oracle.reference_trace(found.graph, inputs).items():
        np.testing.assert_array_equal(values, expected[t], graph.tensors[t].name)
