"""What an int8 model's file says of the data that it was made with."""

from __future__ import annotations

import msgspec

from tinyforge.datasets import Samples
from tinyforge.datasets.ranges import Range
from tinyforge.graph import Graph
from tinyforge.proof.score import Goal, Task
from tinyforge.tflite.about import About, about


def about_data(
    graph: Graph, samples: Samples, range_: Range, goal: Goal | None, score: float | None
) -> About:
    """What the graph says, with the range of its inputs and the size of pictures; of a classifier
    that was measured on the samples also their classes. score: of the float model, None for none.
    """
    said = msgspec.structs.replace(about(graph), range=range_.text, resized=samples.resized)
    if goal is None or goal.task is not Task.CLASSES or score is None:
        return said
    return msgspec.structs.replace(
        said, classes=samples.classes, float_accuracy=score, examples=len(samples)
    )
