"""Classes and range as TensorFlow Lite's metadata library writes them: built here with the
flatbuffers package, after metadata_schema.fbs."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import replace

import flatbuffers
import numpy as np
import pytest

from tests.corpus import models
from tinyforge.tflite import task_metadata, writer
from tinyforge.tflite.about import About, about, with_about
from tinyforge.tflite.reader import read

LABELS = ("owl", "grey cat", "")


def table(b: flatbuffers.Builder, slots: dict[int, int]) -> int:
    """slots: offsets of what the fields refer to."""
    b.StartObject(8)
    for slot, offset in slots.items():
        b.PrependUOffsetTRelativeSlot(slot, offset, 0)
    return int(b.EndObject())


def vector(b: flatbuffers.Builder, offsets: Sequence[int]) -> int:
    b.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        b.PrependUOffsetTRelative(offset)
    return int(b.EndVector())


def normalization(b: flatbuffers.Builder, mean: Sequence[float], std: Sequence[float]) -> int:
    """A process unit."""
    means, stds = (b.CreateNumpyVector(np.array(v, np.float32)) for v in (mean, std))
    options = table(b, {0: means, 1: stds})
    b.StartObject(2)
    b.PrependUint8Slot(0, 1, 0)
    b.PrependUOffsetTRelativeSlot(1, options, 0)
    return int(b.EndObject())


def labels(b: flatbuffers.Builder, name: str, kind: int) -> int:
    """An associated file."""
    text = b.CreateString(name)
    b.StartObject(4)
    b.PrependUOffsetTRelativeSlot(0, text, 0)
    b.PrependInt8Slot(2, kind, 0)
    return int(b.EndObject())


def written(mean: Sequence[float], std: Sequence[float], *, kind: int = 2) -> bytes:
    b = flatbuffers.Builder()
    inputs = vector(b, [table(b, {4: vector(b, [normalization(b, mean, std)])})])
    outputs = vector(b, [table(b, {6: vector(b, [labels(b, "labels.txt", kind)])})])
    graph = table(b, {2: inputs, 3: outputs})
    b.Finish(table(b, {3: vector(b, [graph])}), file_identifier=b"M001")
    return bytes(b.Output())


def file(content: bytes) -> bytes:
    """A model as the library leaves it."""
    graph = replace(models.classifier(1), metadata={task_metadata.NAME: content})
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("labels.txt", "\n".join(LABELS) + "\n")
    return writer.write(graph) + archive.getvalue()


@pytest.mark.parametrize(
    ("mean", "std", "expected"),
    [
        ([127.5], [127.5], "-1..1"),
        ([0.0], [1.0], "0..255"),
        ([0.0] * 3, [255.0] * 3, "0..1"),
        ([100.0, 110.0, 120.5], [50.0, 60.0, 70.0], "100,110,120.5,50,60,70"),
        ([0.5], [0.5], ""),  # which --range takes for other pixels
        ([1.0, 2.0], [300.0], ""),
        ([], [], ""),
    ],
)
def test_range_and_classes(mean: list[float], std: list[float], expected: str) -> None:
    found = about(read(file(written(mean, std))))
    assert found == About(range=expected, classes=LABELS)


def test_other_files_are_no_labels() -> None:
    assert about(read(file(written([0.0], [255.0], kind=1)))).classes == ()


def test_what_tinyforge_wrote_counts() -> None:
    content = written([0.0], [255.0])
    graph = with_about(models.classifier(1), About(range="-1..1"))
    both = replace(graph, metadata={**graph.metadata, task_metadata.NAME: content})
    assert about(read(writer.write(both))) == About(range="-1..1")


DAMAGE: list[Callable[[bytes], bytes]] = [
    lambda c: c[: len(c) // 2],
    lambda c: b"",
    lambda c: b"\xff" * len(c),
    lambda c: c[:8] + b"\xff\xff\xff\x7f" + c[12:],
]


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_says_nothing(damage: Callable[[bytes], bytes]) -> None:
    graph = read(file(damage(written([0.0], [255.0]))))
    assert about(graph) in (About(), About(range="0..1", classes=LABELS))
    assert [op.op for op in graph.operators] == [op.op for op in models.classifier(1).operators]
