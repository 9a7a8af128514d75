"""What TensorFlow Lite's metadata library says of a model: its classes' names, and its range.

A flatbuffer of its own in the model's metadata describes the tensors; the labels are in a text file
of a zip archive that is appended to the model.
"""

from __future__ import annotations

import io
import zipfile

from tinyforge.errors import ForgeError
from tinyforge.tflite import flatbuffer
from tinyforge.tflite.about import About

NAME = "TFLITE_METADATA"

_NORMALIZATION = 1  # of the union of process units
_AXIS_LABELS = 2  # of the types of associated files
_MOST_BYTES = 1 << 20  # of a file of labels
# How pixels from 0 to 255 are normalized, (mean, std), in the words of a range.
_RANGES = {(0.0, 1.0): "0..255", (0.0, 255.0): "0..1", (127.5, 127.5): "-1..1"}


def said_of(data: bytes, content: bytes) -> About:
    """data: the whole file. content: of its metadata NAME. Nothing of what is damaged: a model runs
    without it."""
    try:
        (graph, *_) = flatbuffer.task_metadata(content, NAME).tables("subgraph_metadata")
        return About(range=_range(graph), classes=_classes(data, graph))
    except (ForgeError, ValueError):
        return About()


def _range(graph: flatbuffer.Table) -> str:
    """Of a model with one input that is normalized; "" where nothing says so, or in other words
    than a range has."""
    inputs = graph.tables("input_tensor_metadata")
    for unit in inputs[0].tables("process_units") if len(inputs) == 1 else ():
        if unit.integer("options_type") != _NORMALIZATION:
            continue
        options = unit.table("options")
        if options is None:
            continue
        mean, std = (tuple(map(float, options.numbers(n).tolist())) for n in ("mean", "std"))
        if len(set(mean)) == len(set(std)) == 1 and (mean[0], std[0]) in _RANGES:
            return _RANGES[mean[0], std[0]]
        if mean and len(mean) == len(std) and max(map(abs, (*mean, *std))) > 1 and min(std) > 0:
            return ",".join(f"{v:.9g}" for v in (*mean, *std))
    return ""


def _classes(data: bytes, graph: flatbuffer.Table) -> tuple[str, ...]:
    names = [
        file.string("name")
        for tensor in graph.tables("output_tensor_metadata")
        for file in tensor.tables("associated_files")
        if file.integer("type") == _AXIS_LABELS
    ]
    if not names:
        return ()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(names[0]) as file:
            text = file.read(_MOST_BYTES).decode("utf-8")
    except (zipfile.BadZipFile, KeyError, OSError, EOFError, RuntimeError, NotImplementedError):
        return ()
    return tuple(line.strip() for line in text.removesuffix("\n").split("\n"))
