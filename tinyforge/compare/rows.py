"""What a report says of a variant: of its file, its training, its answers, and its proof."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import numpy as np

from tinyforge import tflite
from tinyforge.errors import ForgeError
from tinyforge.proof.record import Proof
from tinyforge.proof.score import Task
from tinyforge.report import record
from tinyforge.report.record import Device, Kernel, Training
from tinyforge.training.compared import Made
from tinyforge.training.curves import Epoch
from tinyforge.training.variants import Variant

_WHERE = 60  # characters
_FLOAT = "the engines run int8"
_INTERPRETED = "its operators are the interpreter's alone, whose firmware is not built here"


def row(
    variant: Variant, made: Made, proof: Proof | None, error: ForgeError | None
) -> record.Variant:
    """proof: of its firmware, if there is one; error: why there is none, of one in int8."""
    refused = "" if proof else why(error) if error else _FLOAT
    if proof and not proof.firmware_ran:
        refused = _INTERPRETED
    return record.Variant(
        name=variant.name,
        tflite_bytes=variant.tflite_bytes,
        gzip_bytes=variant.gzip_bytes,
        nonzero=variant.nonzero,
        accuracy=None if variant.result is None else variant.result.score,
        device=None if proof is None or refused else _device(proof),
        refused=refused,
        confusion=_confusion(variant, made),
        kernels=tuple(_kernels(variant)),
        training=tuple(_training(variant.epochs)),
    )


def why(error: ForgeError) -> str:
    """An error in one line, which names of a model do not make long."""
    where = error.where if len(error.where) <= _WHERE else f"{error.where[:_WHERE]}..."
    return f"{error.what} ({where})" if where else error.what


def classes_of(made: Made) -> tuple[str, ...]:
    """The names of the classes, or their numbers; none of a model that tells none apart."""
    labels = made.held_out.labels
    if made.measure != Task.CLASSES.value or labels is None:
        return ()
    answers = [v.result.answers for v in made.variants if isinstance(v, Variant) and v.result]
    count = 1 + max(int(one.max()) for one in (labels, *answers) if one is not None)
    return made.held_out.classes or tuple(map(str, range(count)))


def _device(proof: Proof) -> Device:
    time, cycles = proof.time, None if proof.cycles is None else proof.cycles.mid
    return Device(
        flash=None if proof.flash is None else proof.flash.total,
        ram=None if proof.ram is None else proof.ram.total,
        instructions=proof.instructions,
        cycles=cycles if time is None or time.cycles is None else time.cycles,
        ms=None if time is None else time.milliseconds,
        uj=None if time is None else time.microjoules,
        inputs=proof.inputs,
        machine=proof.machine,
    )


def _confusion(variant: Variant, made: Made) -> tuple[tuple[int, ...], ...] | None:
    answers = None if variant.result is None else variant.result.answers
    labels = made.held_out.labels
    if answers is None or labels is None:
        return None
    count = len(classes_of(made))
    found = np.zeros((count, count), np.int64)
    np.add.at(found, (labels, answers), 1)
    return tuple(tuple(one) for one in found.tolist())


def _kernels(variant: Variant) -> Iterator[Kernel]:
    graph = tflite.read(variant.model)
    snrs = {one.layer: one.snr for one in variant.noise}
    for op in graph.operators:
        operands = [graph.tensors[t] for t in op.inputs if t >= 0]
        made = graph.tensors[op.outputs[0]]
        for t in operands:
            if t.data is not None and t.data.ndim > 1 and t.data.size:
                zeros = 1 - np.count_nonzero(t.data) / t.data.size
                yield Kernel(op.op, made.name, made.shape[-1], float(zeros), snrs.get(op.index))


def _training(epochs: tuple[Epoch, ...]) -> Iterator[Training]:
    for stage, group in groupby(epochs, key=lambda epoch: epoch.stage):
        yield Training(stage, tuple(epoch.loss for epoch in group))
