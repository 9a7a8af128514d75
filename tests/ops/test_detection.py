"""What detection post-processing refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tests.corpus.builder import Constant, single_op
from tests.ops.case_plain import plain
from tests.ops.refusals import accepted, refused
from tinyforge.graph import DType, Graph

OPTIONS: dict[str, Any] = {
    "max_detections": 5,
    "max_classes_per_detection": 1,
    "num_classes": 3,
    "nms_score_threshold": 0.5,
    "nms_iou_threshold": 0.5,
    **dict.fromkeys(("y_scale", "x_scale", "h_scale", "w_scale"), 5.0),
}


def real(*shape: int) -> Any:
    return plain(shape, DType.FLOAT32)


def detection(
    boxes: tuple[int, ...] = (1, 9, 4), width: int = 4, anchors: int = 9, **options: Any
) -> Graph:
    return single_op(
        "DETECTION_POSTPROCESS",
        inputs=[
            real(*boxes),
            real(1, boxes[1], width),
            Constant(np.zeros((anchors, 4), np.float32)),
        ],
        output=[real(1, 5, 4), real(1, 5), real(1, 5), real(1)],
        options=OPTIONS | options,
    )


def test_shapes_that_do_not_go_together_are_refused() -> None:
    accepted(detection())
    refused(detection(anchors=8), "do not go together")
    refused(detection(boxes=(1, 9, 3)), "do not go together")
    refused(detection(max_detections=6), r"output is \[1, 5, 4\], not \[1, 6, 4\]")
    accepted(detection(width=3))
    refused(detection(width=5), "5 scores a box for 3 classes")


def test_options_that_the_interpreter_does_not_run_are_refused() -> None:
    refused(detection(max_classes_per_detection=2), "more than one class a detection")
    accepted(detection(max_classes_per_detection=2, use_regular_nms=True))
    refused(detection(nms_iou_threshold=0.0), "thresholds 0.5 and 0.0")
    refused(detection(nms_iou_threshold=1.5), "thresholds 0.5 and 1.5")
    refused(detection(y_scale=0.0), "scales")
    refused(detection(max_detections=0), "no detections are asked for")


def test_other_types_are_refused() -> None:
    graph = detection()
    tensors = list(graph.tensors)
    tensors[0] = replace(tensors[0], dtype=DType.INT32)
    refused(replace(graph, tensors=tuple(tensors)), "needs float32, all of one type")
