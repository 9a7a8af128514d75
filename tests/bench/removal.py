"""What the removal of channels saves on a Cortex-M4, of four networks for drawings.

doodles: the CNN that `tinyforge train --quick` makes; two: Keras's own example network for MNIST on
the same two classes. Both are measured on drawings of people as well. ten: Keras's network on ten
classes of Quick, Draw!, 600 drawings each; residual: one of depthwise filters and additions on
these. All are trained, quantized and built as they are and with
channels removed, and measured on drawings held out.

Run: TINYFORGE_CORPUS=.../shared python -m tests.bench.removal [NAME] [l1|taylor|activation]
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from tinyforge import datasets, tflite
from tinyforge.bench.measure import measure
from tinyforge.cli.ui import Ui
from tinyforge.datasets import Dataset, Splits
from tinyforge.datasets.doodles import doodles
from tinyforge.datasets.ranges import parse
from tinyforge.proof import examples, oracle
from tinyforge.proof.answers import answers, balanced_accuracy
from tinyforge.source import open_tflite
from tinyforge.spec import ImportanceChoice, OptimizeChoice, Spec
from tinyforge.training import QUICK
from tinyforge.training.channels import Cost, remove_channels
from tinyforge.training.lab import Lab
from tinyforge.training.material import tuning_for
from tinyforge.training.model import Model, cross_entropy, fit, lesson, train
from tinyforge.training.quantize import quantize
from tinyforge.training.runtime import keras
from tinyforge.training.subject import Subject

_SHARES = {
    "doodles": 0.8,
    "two": 0.94,
    "ten": 0.94,
    "residual": 0.5,
}  # of the multiply-adds, to remove
_OBJECTIVES: tuple[OptimizeChoice, ...] = ("balanced", "size")
_FRACTIONS = (0.7, 0.1, 0.2)


def main() -> None:
    asked = sys.argv[1:]
    how = next((x for x in get_args(ImportanceChoice) if x in asked), "taylor")
    corpus = Path(os.environ["TINYFORGE_CORPUS"])
    table = _table(how)
    for name in [x for x in _SHARES if x in asked] or _SHARES:
        if name in ("doodles", "two"):
            splits = doodles(QUICK.drawings, seed=0).split(QUICK.fractions, seed=0)
            real = datasets.real_drawings(corpus)
        else:
            splits = _ten_classes(corpus).split(_FRACTIONS, seed=0)
            real = None
        _compare(table, name, _model(name, splits), splits, how, real)
    Console(width=150).print(table)


def _table(how: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title=f"channels removed by {how}, gcc, Cortex-M4")
    names = ("model", "MACs", "weights", "float", "int8", "real", "optimize", "flash", "RAM")
    for name in (*names, "cycles", "/ flash", "/ RAM", "/ cycles"):
        table.add_column(name, justify="left" if name in ("model", "optimize") else "right")
    return table


def _ten_classes(corpus: Path) -> Dataset:
    """(28, 28, 1) pictures of ten classes."""
    with np.load(corpus / "quickdraw" / "ten_classes.npz") as stored:
        names = sorted(stored.files)
        images = np.concatenate([stored[name] for name in names])[..., np.newaxis]
        labels = np.repeat(np.arange(len(names)), [len(stored[name]) for name in names])
    return Dataset(images, labels, tuple(names))


def _model(name: str, splits: Splits) -> Model:
    if name == "doodles":
        return train(splits, QUICK)
    return _trained(_residual if name == "residual" else _convnet, splits)


def _convnet(shape: tuple[int, ...], classes: int) -> Model:
    """keras.io/examples/vision/mnist_convnet."""
    layers = keras().layers
    return keras().Sequential(
        [
            keras().Input(shape),
            *([layers.Reshape((*shape, 1))] if len(shape) == 2 else []),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(classes, "softmax"),
        ]
    )


def _residual(shape: tuple[int, ...], classes: int) -> Model:
    """Depthwise filters, normalizations, and additions around them."""
    layers = keras().layers

    def normalized(y: Any) -> Any:
        return layers.ReLU()(layers.BatchNormalization()(y))

    x = keras().Input(shape)
    y = normalized(layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False)(x))
    for _ in range(2):
        inside = normalized(layers.DepthwiseConv2D(3, padding="same", use_bias=False)(y))
        y = layers.Add()([y, normalized(layers.Conv2D(32, 1, use_bias=False)(inside))])
    y = normalized(layers.DepthwiseConv2D(3, strides=2, padding="same", use_bias=False)(y))
    y = normalized(layers.Conv2D(64, 1, use_bias=False)(y))
    inside = normalized(layers.DepthwiseConv2D(3, padding="same", use_bias=False)(y))
    y = layers.Add()([y, normalized(layers.Conv2D(64, 1, use_bias=False)(inside))])
    y = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(y))
    return keras().Model(x, layers.Dense(classes, "softmax")(y))


def _trained(make: Callable[[tuple[int, ...], int], Model], splits: Splits) -> Model:
    keras().utils.set_random_seed(0)
    model = make(splits.training.shape, len(splits.training.classes))
    settings = replace(QUICK, learning_rate=4e-3, batch=32)
    data = lesson(splits.training), lesson(splits.validation)
    loss = cross_entropy(model)
    fit(model, data[0], 15, settings, loss=loss, stage="train", validation=data[1])
    return model


def _compare(
    table: Table,
    name: str,
    model: Model,
    splits: Splits,
    how: ImportanceChoice,
    real: Dataset | None,
) -> None:
    """Adds a row for each objective, of the model as it is and with channels removed."""
    training, held_out = (part.samples(name) for part in (splits.training, splits.held_out))
    settings = replace(tuning_for(quick=True), sparsity=_SHARES[name])
    subject = Subject.of(model, training, None)
    lab = Lab(subject, parse("0..1"), training, held_out, settings)
    removed = remove_channels(
        model, lab.lesson, settings, loss=lab.loss(model), how=how, settled=lab.settled
    )
    dense = _forms(lab, model, removed.before, real)
    small = _forms(lab, removed.model, removed.after, real)
    for optimize in _OBJECTIVES:
        first, second = _figures(dense.model, optimize), _figures(small.model, optimize)
        shares = (f"{b / a:.3f}" for a, b in zip(first, second, strict=True))
        table.add_row(name, *dense.said, optimize, *(f"{x:,}" for x in first))
        table.add_row("removed", *small.said, optimize, *(f"{x:,}" for x in second), *shares)
    table.add_section()


@dataclass(frozen=True)
class _Form:
    """model: int8. said: multiply-adds, weights, and how often float and int8 are right."""

    model: bytes
    said: tuple[str, ...]


def _forms(lab: Lab, model: Model, cost: Cost, real: Dataset | None) -> _Form:
    content = quantize(model, lab.calibration)
    found = [lab.of_float(model), lab.of_int8(content)]
    scores = [f"{result.score:.2%}" for result in found if result is not None]
    known = "" if real is None else f"{_on_real(content, real):.2%}"
    return _Form(content, (f"{cost.macs:,}", f"{cost.weights:,}", *scores, known))


def _on_real(content: bytes, real: Dataset) -> float:
    """Balanced: of one class there are few."""
    graph = tflite.read(content)
    pictures = examples.of_pictures(real.images, graph.tensors[graph.inputs[0]])
    outputs = oracle.outputs(content, graph, pictures)
    found = answers(outputs, graph.tensors[graph.outputs[0]])
    return balanced_accuracy(found, real.labels)


def _figures(content: bytes, optimize: OptimizeChoice) -> tuple[int, int, int]:
    """Bytes of flash and RAM, and cycles of an inference."""
    ui = Ui()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        path.write_bytes(content)
        source = open_tflite(path, ui)
    one = examples.synthetic(source.graph, 1, 0)
    found = measure(source, one, "cortex-m4", Spec(toolchain="gcc", optimize=optimize), ui)
    assert found.cycles is not None
    return found.code + found.weights, found.ram, found.cycles.mid


if __name__ == "__main__":
    main()
