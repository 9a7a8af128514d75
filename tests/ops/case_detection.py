"""Random detection post-processing, of values as a quantized model gives them: many are alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.corpus.builder import Constant, OptionValue, single_op
from tests.ops.case_plain import plain
from tests.ops.draw import Random
from tinyforge.graph import DType, Graph


def detection(r: Random) -> Graph:
    boxes, classes, most = r.integer(1, 40), r.integer(1, 5), r.integer(1, 12)
    width = classes + r.integer(0, 1)
    corners = r.rng.uniform(0, 1, (boxes, 2))
    sides = r.rng.uniform(0.05, 0.6, (boxes, 2))
    anchors = np.concatenate([corners, sides], axis=1).astype(np.float32)
    regular = r.pick(False, True)
    options: dict[str, OptionValue] = {
        "max_detections": most,
        "max_classes_per_detection": 1,
        "num_classes": classes,
        "nms_score_threshold": r.pick(1e-8, 0.2, 0.5),
        "nms_iou_threshold": r.pick(0.1, 0.5, 0.6, 1.0),
        "y_scale": 10.0,
        "x_scale": 10.0,
        "h_scale": r.pick(5.0, 4.9),
        "w_scale": 5.0,
    }
    if regular or r.pick(False, True):
        options |= {"use_regular_nms": regular, "detections_per_class": r.integer(1, 30)}
    shapes = ((1, most, 4), (1, most), (1, most), (1,))
    encodings = plain((1, boxes, r.pick(4, 4, 5)), DType.FLOAT32)
    return single_op(
        "DETECTION_POSTPROCESS",
        inputs=[encodings, plain((1, boxes, width), DType.FLOAT32), Constant(anchors)],
        output=[plain(shape, DType.FLOAT32) for shape in shapes],
        options=options,
    )


def values(r: Random, graph: Graph) -> list[npt.NDArray[Any]]:
    """Encodings and scores: whole steps."""
    encodings, scores = graph.input_tensors
    few = r.pick(4, 256)
    return [
        (r.rng.integers(-128, 128, encodings.shape) * np.float32(0.07)).astype(np.float32),
        (r.rng.integers(0, few, scores.shape) * np.float32(1 / few)).astype(np.float32),
    ]


CASES: dict[str, Callable[[Random], Graph]] = {"DETECTION_POSTPROCESS": detection}
VALUES = {"DETECTION_POSTPROCESS": values}
