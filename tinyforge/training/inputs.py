"""What a Keras model says of its own input: whether its first layers scale pixels themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tinyforge.datasets.decide import Hint
from tinyforge.datasets.ranges import parse
from tinyforge.training.model import Model
from tinyforge.training.runtime import library_of, quiet

# What a network is trained on spans 1 (0..1), 2 (-1..1) or about 4 (standardized).
_SPAN = (0.8, 8.0)
_SCALING = ("Rescaling", "Normalization", "BatchNormalization")


def declared_range(model: Model) -> Hint | None:
    """The range of what a model scales before its first weighted layer; None if it does not.

    Constant inputs are sent through the layers before that one, whatever they are: where 0 and 255
    come out one to a few units apart, the model takes pixels as they are; where 0 and 1 do, 0..1.
    """
    with quiet():
        at = {value: _before_weights(model, value) for value in (0.0, 1.0, 255.0)}
    if any(values is None for values in at.values()):
        return None
    unit, levels = (float(np.mean(at[v] - at[0.0])) for v in (1.0, 255.0))
    if unit == 1.0 and not np.any(at[0.0]):
        return None
    how = "the model scales its input itself" + _where(model)
    if _SPAN[0] <= levels <= _SPAN[1]:
        return Hint(parse("0..255"), how)
    return Hint(parse("0..1"), how) if _SPAN[0] <= unit <= _SPAN[1] else None


def _before_weights(model: Model, value: float) -> Any:
    """What reaches the first weighted layer from an input of this value; None if none can tell."""
    shape = tuple(model.inputs[0].shape[1:])
    if len(model.inputs) != 1 or None in shape:
        return None
    library = library_of(model)
    found = np.full((1, *shape), value, np.float32)
    for stage in _stages(model):
        try:
            part = library.Model(stage[0], stage[1])
            found = np.asarray(part(found, training=False))
        except (ValueError, AttributeError, RuntimeError, TypeError):
            return None  # layers that are not connected as a plain graph
    return found


def _stages(model: Model) -> Iterator[tuple[Any, Any]]:
    """From an input to the first weighted layer: through models within, one stage each."""
    for layer in model.layers:
        within = hasattr(layer, "layers")
        if within or _is_weighted(layer):
            yield model.inputs[0], layer._inbound_nodes[-1].input_tensors[0]
            if within:
                yield from _stages(layer)
            return


def _is_weighted(layer: Any) -> bool:
    scales = type(layer).__name__ in _SCALING
    return not scales and any(len(weight.shape) > 1 for weight in layer.weights)


def _where(model: Model) -> str:
    """Which layer does it, for the layers that are made for that."""
    for layer in model.layers:
        inner = getattr(layer, "layers", [layer])
        for one in inner:
            if type(one).__name__ in _SCALING:
                return f" (layer {one.name!r})"
        if _is_weighted(layer):
            break
    return ""
