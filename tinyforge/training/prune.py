"""Magnitude pruning: the smallest weights become zero, the others are trained on to make up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tinyforge.datasets.types import Progress, silent
from tinyforge.errors import ForgeError
from tinyforge.training.model import Lesson, Model, fit, tuning_epochs
from tinyforge.training.runtime import library_of, quiet
from tinyforge.training.settings import Settings
from tinyforge.training.sparsity import mask_of, share_by

_CUTS = 20  # how many steps it takes from dense to sparse
_ROUNDS = 3  # of further training, where accuracy has not come back
_FASTER = 3  # times the learning rate in these: what is lost needs larger steps

# What layers call the weights that are many and alike. The filters of a depthwise convolution are
# few, and each is all that its channel has.
_KERNELS = frozenset({"kernel", "pointwise_kernel", "recurrent_kernel"})
_KEPT = ("Depthwise", "Embedding")


@dataclass(frozen=True, eq=False)
class Pruned:
    """model: sparse, of the library that the given one is of. kept: what was not pruned, by layer:
    "depthwise_conv2d (DepthwiseConv2D)"."""

    model: Model
    kept: tuple[str, ...]


def prune(
    model: Model,
    training: Lesson,
    settings: Settings,
    *,
    loss: Any,
    settled: Callable[[Model], bool] = lambda _: True,
    tuned: bool = True,
    seed: int = 0,
    progress: Progress = silent,
) -> Pruned:
    """A copy with settings.sparsity of every kernel's weights zero, singly or in whole blocks,
    fine-tuned; also of the kernels in models within the model. Layers that settings.by_layer names
    have sparsities of their own.

    model: of Keras 3 or tf_keras; left as it is. Sparsity follows its schedule over half of the
    steps, the other half is recovery. As long as settled says no of the model, it is trained on for
    some rounds, its zeros kept. tuned: False leaves all training out: what such a model takes can
    be known before. ForgeError if none can be pruned.
    """
    library = library_of(model)
    library.utils.set_random_seed(seed)
    with quiet():
        copy = library.models.clone_model(model)
        copy.set_weights(model.get_weights())
    kernels, kept = _kernels(copy)
    if not kernels:
        raise ForgeError(
            "the model has no layer whose weights can be pruned",
            fix="leave pruning out, or use Conv2D or Dense layers",
        )
    steps = -(-len(training.inputs) // settings.batch)
    epochs = tuning_epochs(settings, len(training.inputs))
    masks = _Masks(kernels, settings, steps * epochs if tuned else 0)
    if not tuned:
        masks.apply()
        return Pruned(copy, kept)
    cuts = library.callbacks.LambdaCallback(on_train_batch_end=masks.step)

    def train(settings: Settings, stage: str) -> None:
        fit(
            copy,
            training,
            epochs,
            settings,
            loss=loss,
            stage=stage,
            callbacks=(cuts,),
            progress=progress,
        )

    train(settings, "prune")
    further = replace(settings, learning_rate=_FASTER * settings.learning_rate)
    for number in range(1, _ROUNDS + 1):
        if settled(copy):
            break
        train(further, f"recover {number}")
    return Pruned(copy, kept)


class _Masks:
    """Which weights of the kernels are zero, more and more of them as training goes on."""

    def __init__(self, kernels: Mapping[str, list[Any]], settings: Settings, steps: int) -> None:
        """kernels: by the layers that they are of."""
        own = dict(settings.by_layer)
        self._kernels = [kernel for found in kernels.values() for kernel in found]
        self._sparsities = [
            own.get(layer, settings.sparsity) for layer, found in kernels.items() for _ in found
        ]
        self._settings = settings
        self._every = max(1, steps // 2 // _CUTS)
        self._last = max(0, min(self._every * _CUTS, steps - 1))  # a step at which it cuts
        self._step = 0
        self._masks: list[Any] = []
        self._cut()

    def step(self, batch: int, logs: Any) -> None:
        """After each step of the optimizer, which moves also what was zero."""
        del batch, logs  # as Keras calls it
        self._step += 1
        if self._step <= self._last and (self._step % self._every == 0 or self._step == self._last):
            self._cut()
        self.apply()

    def apply(self) -> None:
        for kernel, mask in zip(self._kernels, self._masks, strict=True):
            kernel.assign(kernel * mask)

    def _cut(self) -> None:
        """Chooses the smallest, as many as are to be zero by now."""
        settings = self._settings
        done = self._step / self._last if self._last else 1.0
        self._masks = [
            mask_of(
                np.asarray(kernel), share_by(settings.schedule, share, done), settings.structure
            )
            for kernel, share in zip(self._kernels, self._sparsities, strict=True)
        ]


def prunable(model: Model) -> tuple[str, ...]:
    """The names of the layers whose kernels prune() makes sparse, in the model's order."""
    return tuple(_kernels(model)[0])


def _kernels(model: Model) -> tuple[dict[str, list[Any]], tuple[str, ...]]:
    """The variables to prune, by layer, and the layers whose many weights are not."""
    owners = {id(weight): layer for layer in _layers(model) for weight in layer.weights}
    kernels: dict[str, list[Any]] = {}
    kept = []
    for weight in model.weights:
        if len(weight.shape) < 2:
            continue
        layer = owners[id(weight)]
        kind = type(layer).__name__
        if _name(weight) in _KERNELS and not kind.startswith(_KEPT):
            kernels.setdefault(layer.name, []).append(weight)
        else:
            kept.append(f"{layer.name} ({kind})")
    return kernels, tuple(dict.fromkeys(kept))


def _layers(model: Model) -> Iterator[Any]:
    """All layers, those of models and of wrappers within included, each after what holds it."""
    yield from model._flatten_layers(include_self=True, recursive=True)


def _name(weight: Any) -> str:
    """kernel, of conv2d/kernel:0."""
    return str(weight.name).rpartition("/")[2].partition(":")[0]
