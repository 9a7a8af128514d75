"""Quantization-aware training: the model learns with int8's rounding, its zeros and clusters kept.

The toolkit wraps each layer that it knows; the others stay as they are, in float, and their ranges
are measured when the model is converted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tinyforge.datasets.types import Progress, silent
from tinyforge.errors import ForgeError
from tinyforge.training.aware_ranges import settle
from tinyforge.training.aware_scheme import known_layers, wrapped
from tinyforge.training.bridge import as_tf_keras
from tinyforge.training.model import Lesson, Model, cross_entropy, fit, tuning_epochs
from tinyforge.training.runtime import quiet, tf_keras
from tinyforge.training.settings import Settings

_SLOWER = 0.3  # times the learning rate: there is less to make up for than in pruning
_SEEN = 256  # samples that ranges begin with


@dataclass(frozen=True, eq=False)
class Aware:
    """model: of tf_keras, in the toolkit's wrappers; tinyforge.training.quantize makes int8 of it.
    left: layers with weights that were not trained on, by name: "conv1d (Conv1D)"."""

    model: Model
    left: tuple[str, ...]


def quantize_aware(
    model: Model,
    training: Lesson,
    settings: Settings,
    *,
    loss: Callable[[Model], Any] = cross_entropy,
    seed: int = 0,
    progress: Progress = silent,
) -> Aware:
    """A copy, trained on with int8's rounding of weights and activations.

    model: of Keras 3 or tf_keras; left as it is. loss: for a model, of its library. Weights of
    Conv2D and Dense that are zero stay zero, and equal weights of a clustered kernel stay equal, in
    int8 too: such a kernel has one scale for all its channels. Layers that the toolkit does not
    know keep their weights. ForgeError where it knows none that has weights, or cannot wrap them.
    """
    tf_keras().utils.set_random_seed(seed)
    flat = as_tf_keras(model)
    known = known_layers(flat)
    weighted = [layer for layer in flat.layers if layer.weights]
    left = [layer for layer in weighted if layer.name not in known]
    named = tuple(f"{layer.name} ({type(layer).__name__})" for layer in left)
    if len(left) == len(weighted):
        raise ForgeError(
            "no layer of the model can be trained quantization-aware: "
            f"{', '.join(named) or 'none has weights'}",
            fix="leave --qat out: quantizing after training takes the model as it is; or use "
            "Conv2D, DepthwiseConv2D and Dense",
        )
    with quiet():
        aware = wrapped(flat, known)
        for layer in left:
            aware.get_layer(layer.name).trainable = False
        settle(aware, training.inputs[:_SEEN])
    fit(
        aware,
        training,
        tuning_epochs(settings, len(training.inputs)),
        replace(settings, learning_rate=_SLOWER * settings.learning_rate),
        loss=loss(flat),  # the wrappers hide which activation is the last
        stage="qat",
        progress=progress,
    )
    return Aware(aware, named)
