"""What pruning and quantization-aware training do to the accuracy of int8 models, measured.

Three small CNNs are trained: the seed CNN and a separable one on ten classes of real drawings
(quickdraw/ten_classes.npz of the corpus), the seed CNN on doodles. Each is made int8 as it is, and
after each treatment; the table has the points of accuracy, on what is held out, that this costs.
`tinyforge advise` shows the table that --write stores.

Run: TINYFORGE_CORPUS=.../shared python -m tests.bench.curves [--write]
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
from rich.console import Console

from tinyforge.advice import curves
from tinyforge.advice.curves import Curves, Point
from tinyforge.datasets import Samples
from tinyforge.datasets.doodles import doodles
from tinyforge.datasets.ranges import Kind, parse
from tinyforge.datasets.samples import parted
from tinyforge.training.channels import remove_channels
from tinyforge.training.lab import Lab
from tinyforge.training.material import tuning_for
from tinyforge.training.model import Lesson, Model, cross_entropy, fit, seed_cnn
from tinyforge.training.prune import prune
from tinyforge.training.quantize import quantize
from tinyforge.training.quantize_aware import quantize_aware
from tinyforge.training.runtime import keras
from tinyforge.training.settings import QUICK
from tinyforge.training.subject import Subject

SHARES = ("0.5", "0.75")
_DOODLES = 1500  # a class
_RANGE = parse("0..1")


def separable(shape: tuple[int, ...], classes: int) -> Model:
    """A MobileNet in small: depthwise and pointwise convolutions, each normalized."""
    layers = keras().layers

    def normalized(layer: object) -> list[object]:
        return [layer, layers.BatchNormalization(), layers.ReLU(6.0)]

    parts = [layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False)]
    for filters, strides in ((32, 1), (64, 2), (64, 1)):
        parts.append(layers.DepthwiseConv2D(3, strides, padding="same", use_bias=False))
        parts.append(layers.Conv2D(filters, 1, use_bias=False))
    body = [one for part in parts for one in normalized(part)]
    ends = [layers.GlobalAveragePooling2D(), layers.Dense(classes, "softmax")]
    return keras().Sequential([keras().Input(shape), layers.Reshape((*shape, 1)), *body, *ends])


def ten_classes(corpus: Path) -> Samples:
    with np.load(corpus / "quickdraw" / "ten_classes.npz") as file:
        arrays = [file[name] for name in sorted(file.files)]
    labels = np.repeat(np.arange(len(arrays)), [len(a) for a in arrays])
    return Samples("ten classes", np.concatenate(arrays), Kind.LEVELS, labels=labels)


def labs(corpus: Path) -> Iterator[tuple[str, Lab]]:
    """A trained model and its data, by what the table says of it."""
    real = ten_classes(corpus)
    drawn = doodles(_DOODLES, seed=0).samples("doodles")
    for name, make, data in (
        ("a CNN of two convolutions on ten classes of Quick, Draw!", seed_cnn, real),
        ("a separable CNN on the same", separable, real),
        ("the first on two classes of doodles", seed_cnn, drawn),
    ):
        keras().utils.set_random_seed(0)
        training, held_out = parted(data, 0)
        classes = int(data.labels.max()) + 1
        model = make(data.shape, classes)
        lesson = Lesson(training.real(_RANGE), training.labels)
        settings = replace(QUICK, epochs=12, learning_rate=5e-3)
        fit(model, lesson, settings.epochs, settings, loss=cross_entropy(model), stage="train")
        subject = Subject.of(model, held_out, None)
        yield name, Lab(subject, _RANGE, training, held_out, tuning_for(quick=True))


def int8(lab: Lab, model: Model) -> float:
    """Accuracy in percent, by TensorFlow Lite Micro."""
    found = lab.of_int8(quantize(model, lab.calibration))
    assert found is not None
    return 100 * found.score


def treatments(lab: Lab) -> dict[str, Callable[[], Model]]:
    """What is done to a model, by its key in the table."""
    model, lesson = lab.subject.model, lab.lesson
    found: dict[str, Callable[[], Model]] = {
        "aware": lambda: quantize_aware(model, lesson, lab.settings).model
    }
    for share in SHARES:
        settings = replace(lab.settings, sparsity=float(share))
        found[f"channels {share}"] = lambda s=settings: (
            remove_channels(model, lesson, s, loss=cross_entropy(model), settled=lab.settled).model
        )
        for structure in ("blocks", "unstructured"):
            alike = replace(settings, structure=structure)
            found[f"{structure} {share}"] = lambda s=alike: (
                prune(model, lesson, s, loss=cross_entropy(model), settled=lab.settled).model
            )
    return found


def measure(corpus: Path, console: Console) -> Curves:
    lost: dict[str, list[float]] = {}
    names = []
    for name, lab in labs(corpus):
        plain = int8(lab, lab.subject.model)
        names.append(f"{name} ({plain:.1f} % in int8)")
        console.print(names[-1])
        for key, made in treatments(lab).items():
            lost.setdefault(key, []).append(round(plain - int8(lab, made()), 2))
            console.print(f"  {key}: {lost[key][-1]:.2f} points lost")
    points = {key: Point(tuple(values)) for key, values in lost.items()}
    return Curves(
        tuple(names),
        "python -m tests.bench.curves --write",
        *({s: points[f"{k} {s}"] for s in SHARES} for k in ("channels", "blocks", "unstructured")),
        points["aware"],
    )


def main() -> None:
    found = measure(Path(os.environ["TINYFORGE_CORPUS"]), Console())
    text = msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n"
    if "--write" in sys.argv[1:]:
        (Path(curves.__file__).parent / "curves.json").write_text(text)


if __name__ == "__main__":
    main()
