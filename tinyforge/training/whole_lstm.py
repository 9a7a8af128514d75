"""LSTM layers as one operator each, whatever the number of steps.

TensorFlow Lite's converter makes UNIDIRECTIONAL_SEQUENCE_LSTM of the function in which tf_keras's
LSTM computes, if it finds that function in a SavedModel. Layers of Keras 3 have the same weights in
the same order: in a copy of the model each calls a layer of tf_keras in its place.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from tinyforge.graph import Graph
from tinyforge.training.model import Model
from tinyforge.training.runtime import tensorflow, tf_keras

_KEPT = ("units", "return_sequences", "go_backwards", "time_major")
_FUNCTIONS = {"activation": "tanh", "recurrent_activation": "sigmoid"}
DEFAULTS = (
    "keep the defaults of LSTM (tanh, sigmoid), leave out Masking, initial_state and return_state"
)


def unlike(model: Model, layer: Any) -> str | None:
    """What an LSTM layer of the model has that the operator has not; None where that can be it."""
    for name, only in _FUNCTIONS.items():
        found = getattr(getattr(layer, name), "__name__", "")
        if found != only:
            return f"the {name} {found}"
    masks = (one for one in model._flatten_layers() if _masks(one))
    for mask in masks:
        return f"the mask of {mask.name!r}"
    return "a state given or returned" if layer.return_state or _begun(layer) else None


def _masks(layer: Any) -> bool:
    return type(layer).__name__ == "Masking" or bool(getattr(layer, "mask_zero", False))


def _begun(layer: Any) -> bool:
    """Whether a layer is given its first state."""
    try:
        return isinstance(layer.input, list | tuple) and len(layer.input) > 1
    except (AttributeError, ValueError):  # the layer within a Bidirectional
        return False


def make_whole(layer: Any) -> None:
    """Lets an LSTM layer compute what it did in the function that the converter knows."""
    config = layer.get_config()
    own = tf_keras().layers.LSTM(**{key: config[key] for key in _KEPT if key in config})
    weights = [np.asarray(w) for w in (layer.cell.kernel, layer.cell.recurrent_kernel)]
    bias = np.zeros(weights[0].shape[1], np.float32)
    own.build((1, None, len(weights[0])))
    own.set_weights([*weights, bias if layer.cell.bias is None else np.asarray(layer.cell.bias)])

    def call(sequences: Any, *_: Any, **__: Any) -> Any:
        return own(sequences)

    layer.call = call


@contextmanager
def saved_converter(function: Any) -> Iterator[Any]:
    """The converter of a concrete function, by way of a SavedModel. It takes calibration data by
    the names of inputs."""
    tf = tensorflow()
    with tempfile.TemporaryDirectory(prefix="tinyforge-") as folder:
        module = tf.Module()
        module.kept = list(function.variables)
        tf.saved_model.save(module, folder, signatures=function)
        yield tf.lite.TFLiteConverter.from_saved_model(folder)


def in_order(graph: Graph, names: Sequence[str]) -> Graph:
    """What such a converter wrote, with inputs of these names, and outputs, in the model's order:
    it sorts inputs by name, and outputs as it pleases, with the position in the name."""
    tensors = list(graph.tensors)
    by_name = {tensors[t].name.removeprefix("serving_default_"): t for t in graph.inputs}
    inputs = [by_name[f"{name}:0"] for name in names]
    for t, name in zip(inputs, names, strict=True):
        tensors[t] = replace(tensors[t], name=name)
    outputs = sorted(graph.outputs, key=lambda t: _position(tensors[t].name))
    return replace(graph, tensors=tuple(tensors), inputs=tuple(inputs), outputs=tuple(outputs))


def _position(name: str) -> int:
    found = re.search(r":(\d+)$", name)
    return int(found[1]) if found else 0
