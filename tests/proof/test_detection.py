"""A detector with its post-processing: int8 layers, then float32 boxes and scores, in one proof."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.corpus import layers
from tests.corpus.builder import GraphBuilder, TensorSpec
from tinyforge.cli.ui import Ui
from tinyforge.generation import generate
from tinyforge.graph import DType, Graph
from tinyforge.proof import examples, oracle
from tinyforge.proof.budget import require_exact
from tinyforge.source import open_tflite
from tinyforge.spec import Spec
from tinyforge.tflite import read, write
from tinyforge.verification import verify

pytest.importorskip("unicorn")
pytest.importorskip("tflite_micro")


def detector(*, regular: bool) -> Graph:
    """Two boxes a pixel of 4x4, three classes and a background."""
    b = GraphBuilder("detector")
    rng = np.random.default_rng(5)
    x = layers.conv_2d(b, rng, b.input((1, 8, 8, 1), 0.02, 3), filters=6, stride=(2, 2))
    heads = []
    for values in (4, 4):
        y = layers.conv_2d(b, rng, x, filters=2 * values, kernel=(1, 1))
        scale = b.tensors[y]
        y = b.op("RESHAPE", [y], (1, 32, values), scale.scale, scale.zero_point,
                 new_shape=(1, 32, values))  # fmt: skip
        if heads:
            y = b.op("LOGISTIC", [y], (1, 32, values), 1 / 256, -128)
        heads.append(b.op("DEQUANTIZE", [y], (1, 32, values), 0, dtype=DType.FLOAT32))
    places = np.stack(np.meshgrid(np.arange(4), np.arange(4)), -1).reshape(16, 2).repeat(2, 0) / 4
    anchors = np.concatenate([places, np.tile([[0.3, 0.3], [0.5, 0.2]], (16, 1))], axis=1)
    outputs = b.ops(
        "DETECTION_POSTPROCESS",
        [*heads, b.constant(anchors.astype(np.float32))],
        [TensorSpec(s, 0, dtype=DType.FLOAT32) for s in ((1, 16, 4), (1, 16), (1, 16), (1,))],
        {
            "max_detections": 16,
            "max_classes_per_detection": 1,
            "detections_per_class": 20,
            "use_regular_nms": regular,
            "nms_score_threshold": 0.52,
            "nms_iou_threshold": 0.2,
            "num_classes": 3,
            "y_scale": 10.0,
            "x_scale": 10.0,
            "h_scale": 5.0,
            "w_scale": 5.0,
        },
    )
    return b.build(outputs)


@pytest.mark.parametrize("regular", [False, True])
def test_the_proof_of_a_detector_holds(regular: bool, tmp_path: Path) -> None:
    model = tmp_path / "model.tflite"
    graph = detector(regular=regular)
    model.write_bytes(write(graph))
    assert read(write(graph)).operators[-1].options.items() >= {"max_detections": 16}.items()
    ui, settings = Ui(), Spec(engine="aot", machine="unicorn", toolchain="zig")
    source = open_tflite(model, ui)
    fed = examples.synthetic(source.graph, 24, 1)
    counts = oracle.outputs(source.model, source.graph, fed.inputs)[:, -4:].view(np.float32)
    assert 0 < counts.min() < counts.max() == 16, "some fill every place, some do not"
    generated = generate(source, fed, settings, ui)
    require_exact(verify(generated, fed, settings, ui))
