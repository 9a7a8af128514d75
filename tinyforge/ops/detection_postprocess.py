"""TFLite_Detection_PostProcess, float32: boxes from their encodings, and of those that overlap the
best. Source: micro/kernels/detection_postprocess.cc."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.graph import DType, Graph, Operator
from tinyforge.ops.base import Arrays, Kernel, Op, Table, check_types, require, tensor
from tinyforge.ops.forms import Whole

_SELECTED_BYTES = 20  # a number and a box
_PER_CLASS = 100  # where the options do not say

Reals = npt.NDArray[np.float32]


@dataclass(frozen=True)
class _Options:
    """boxes: that there are. width: of scores a box, one more than classes with a background."""

    boxes: int
    classes: int
    width: int
    detections: int
    per_class: int
    regular: bool
    score_threshold: float
    overlap_threshold: float
    scale: tuple[float, float, float, float]

    @property
    def background(self) -> int:
        return self.width - self.classes

    @property
    def selected(self) -> int:
        """Boxes that one selection may have."""
        return min(self.boxes, self.per_class if self.regular else self.detections)


def _number(op: Operator, name: str, default: float = 0) -> float:
    value = op.options.get(name, default)
    return float(value) if isinstance(value, int | float) else 0.0


def _options(graph: Graph, op: Operator) -> _Options:
    _, boxes, _ = tensor(graph, op, 0).shape
    scales = (_number(op, f"{side}_scale") for side in "yxhw")
    y, x, height, width = (float(np.float32(s)) for s in scales)
    return _Options(
        boxes=boxes,
        classes=int(_number(op, "num_classes")),
        width=tensor(graph, op, 1).shape[2],
        detections=int(_number(op, "max_detections")),
        per_class=int(_number(op, "detections_per_class", _PER_CLASS)),
        regular=bool(op.options.get("use_regular_nms", False)),
        score_threshold=float(np.float32(_number(op, "nms_score_threshold"))),
        overlap_threshold=float(np.float32(_number(op, "nms_iou_threshold"))),
        scale=(y, x, height, width),
    )


def check(graph: Graph, op: Operator) -> None:
    require(
        len(op.inputs) == 3 and len(op.outputs) == 4,
        f"{op.op} needs 3 inputs and 4 outputs, found {len(op.inputs)} and {len(op.outputs)}",
        graph,
        op,
    )
    boxes, scores, anchors = (tensor(graph, op, i) for i in range(3))
    outputs = [graph.tensors[t] for t in op.outputs]
    check_types(graph, op, (boxes, scores, anchors, *outputs), (DType.FLOAT32,))
    require(boxes.data is None and scores.data is None, "boxes or scores are constant", graph, op)
    require(anchors.data is not None, "anchors are computed", graph, op)
    require(
        len(boxes.shape) == len(scores.shape) == 3
        and boxes.shape[0] == scores.shape[0] == 1
        and boxes.shape[1] == scores.shape[1]
        and boxes.shape[2] >= 4
        and anchors.shape == (boxes.shape[1], 4),
        f"boxes {list(boxes.shape)}, scores {list(scores.shape)} and anchors "
        f"{list(anchors.shape)} do not go together",
        graph,
        op,
    )
    _check_options(graph, op)
    count = _options(graph, op).detections
    expected = ((1, count, 4), (1, count), (1, count), (1,))
    for t, shape in zip(outputs, expected, strict=True):
        require(t.shape == shape, f"output is {list(t.shape)}, not {list(shape)}", graph, op)


def _check_options(graph: Graph, op: Operator) -> None:
    o = _options(graph, op)
    require(
        o.classes >= 1 and o.background in (0, 1),
        f"{o.width} scores a box for {o.classes} classes",
        graph,
        op,
    )
    require(o.detections >= 1 and o.per_class >= 1, "no detections are asked for", graph, op)
    require(all(s > 0 and math.isfinite(s) for s in o.scale), f"scales {o.scale}", graph, op)
    require(
        0 < o.overlap_threshold <= 1 and math.isfinite(o.score_threshold),
        f"thresholds {o.score_threshold} and {o.overlap_threshold}",
        graph,
        op,
    )
    # TensorFlow Lite Micro writes each box's second class past the end.
    require(
        o.regular or min(o.classes, int(_number(op, "max_classes_per_detection"))) == 1,
        "more than one class a detection is not supported",
        graph,
        op,
        fix="export the model with max_classes_per_detection=1, or with use_regular_nms",
    )


def _decoded(o: _Options, encoded: Reals, anchors: Reals) -> Reals:
    """(boxes, 4): ymin, xmin, ymax, xmax. In float64 up to centers and halves of sides."""
    e, a = encoded.astype(np.float64), anchors.astype(np.float64)
    y_scale, x_scale, height_scale, width_scale = o.scale
    y = (e[:, 0] / y_scale * a[:, 2] + a[:, 0]).astype(np.float32)
    x = (e[:, 1] / x_scale * a[:, 3] + a[:, 1]).astype(np.float32)
    height = (0.5 * np.exp(e[:, 2] / height_scale) * a[:, 2]).astype(np.float32)
    width = (0.5 * np.exp(e[:, 3] / width_scale) * a[:, 3]).astype(np.float32)
    return np.stack([y - height, x - width, y + height, x + width], axis=1)


def _overlap(a: Reals, b: Reals) -> np.float32:
    """Intersection over union of two boxes."""
    area_a, area_b = ((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    if area_a <= 0 or area_b <= 0:
        return np.float32(0)
    zero = np.float32(0)
    height = max(min(a[2], b[2]) - max(a[0], b[0]), zero)
    width = max(min(a[3], b[3]) - max(a[1], b[1]), zero)
    shared = height * width
    return np.float32(shared / (area_a + area_b - shared))


def _selected(o: _Options, boxes: Reals, scores: Reals) -> list[int]:
    """Boxes by their scores, without those that overlap a better one."""
    kept = np.flatnonzero(scores >= np.float32(o.score_threshold))
    found: list[int] = []
    for i in kept[np.argsort(-scores[kept], kind="stable")].tolist():
        if len(found) == o.selected:
            break
        if not any(_overlap(boxes[j], boxes[i]) > np.float32(o.overlap_threshold) for j in found):
            found.append(i)
    return found


def reference(graph: Graph, op: Operator, inputs: Sequence[npt.NDArray[Any]]) -> Arrays:
    """inputs: encodings (1, boxes, 4 or more), scores (1, boxes, classes), anchors (boxes, 4)."""
    o = _options(graph, op)
    boxes = _decoded(o, inputs[0][0], inputs[2])
    scores = inputs[1][0][:, o.background :]
    found: list[tuple[int, int, np.float32]] = []  # box, class, score
    if o.regular:
        for k in range(o.classes):
            found += [(i, k, scores[i, k]) for i in _selected(o, boxes, scores[:, k])]
            found = sorted(found, key=lambda one: -one[2])[: o.detections]  # stable
    else:
        best = scores.argmax(axis=1)
        most = scores.max(axis=1)
        found = [(i, int(best[i]), most[i]) for i in _selected(o, boxes, most)]
    outputs = [np.zeros(graph.tensors[t].shape, np.float32) for t in op.outputs]
    for n, (i, k, score) in enumerate(found):
        outputs[0][0, n], outputs[1][0, n], outputs[2][0, n] = boxes[i], k, score
    outputs[3][0] = len(found)
    return tuple(outputs)


def settled(outputs: Sequence[npt.NDArray[Any]]) -> None:
    """Sets what no detection fills to 0, where TensorFlow Lite Micro leaves it as it was."""
    boxes, classes, scores, count = outputs
    for values in (boxes, classes, scores):
        values[:, int(count[0]) :] = 0


def lower(graph: Graph, op: Operator) -> Kernel:
    o = _options(graph, op)
    boxes, scores, anchors = (tensor(graph, op, i) for i in range(3))
    y_scale, x_scale, height_scale, width_scale = o.scale
    return Kernel(
        header="detection.h",
        struct="forge_detection",
        function="forge_detection_run",
        fields={
            "boxes": o.boxes,
            "encoding": boxes.shape[2],
            "classes": o.classes,
            "score_step": o.width,
            "label_offset": o.background,
            "max_detections": o.detections,
            "per_class": o.per_class,
            "regular": int(o.regular),
            "score_threshold": o.score_threshold,
            "overlap_threshold": o.overlap_threshold,
            "y_scale": y_scale,
            "x_scale": x_scale,
            "height_scale": height_scale,
            "width_scale": width_scale,
            "anchors": Table.of(anchors),
        },
        inputs=(boxes.index, scores.index),
        form=Whole(scratch_bytes=o.selected * _SELECTED_BYTES + (0 if o.regular else 4 * o.boxes)),
    )


def summary(graph: Graph, op: Operator) -> str:
    o = _options(graph, op)
    each = ", class by class" if o.regular else ""
    return f"{o.detections} of {o.boxes} boxes, {o.classes} classes{each}"


OP = Op(
    "DETECTION_POSTPROCESS", check, reference, lower, typed=True, settled=settled, summary=summary
)
