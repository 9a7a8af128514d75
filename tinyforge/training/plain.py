"""A model's layers as ones that the converter can take and int8 runtimes have.

Layers over time are written out step by step: the converter makes loops of them, which crash it.
(tf_keras's LSTM becomes one UNIDIRECTIONAL_SEQUENCE_LSTM; but that one goes on from the state that
the last inference left, where Keras begins every sequence anew.) selu and celu are made of elu and
relu: on their own they compare and choose.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tinyforge.errors import ForgeError
from tinyforge.training.description import entries
from tinyforge.training.model import Model, arguments
from tinyforge.training.runtime import library_of, quiet, tensorflow

_RECURRENT = ("LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM1D", "ConvLSTM2D")
# Each step of an LSTM is a dozen operators; beyond this, planning and code size grow past use.
_MOST_STEPS = 128
_TOLERANCE = 1e-5  # of the largest answer, at least of 1

# selu's constants, of Klambauer et al., as Keras has them.
_ALPHA, _SCALE = 1.6732632423543772, 1.0507009873554805


def _celu(x: Any) -> Any:
    return tensorflow().nn.elu(x)


def _selu(x: Any) -> Any:
    nn = tensorflow().nn
    return _SCALE * (_ALPHA * nn.elu(x) + (1 - _ALPHA) * nn.relu(x))


_ACTIVATIONS: Mapping[str, Callable[[Any], Any]] = {
    "selu": _selu,
    "celu": _celu,
}


def plain(model: Model, note: Callable[[str], None] = lambda _: None) -> Model:
    """The model with its LSTM, GRU and SimpleRNN unrolled, selu and celu made of elu and relu;
    itself if there is nothing to change.

    Its answers to random inputs are compared with the model's. ForgeError where sequences are too
    long or open, a layer keeps its state between calls, or the answers differ by more than 1e-5.
    """
    rolled = [layer for layer in _layers(model) if _is_rolled(layer)]
    for layer in rolled:
        _require_short(layer)
    if not rolled and not any(_activation(layer) in _ACTIVATIONS for layer in _layers(model)):
        return model
    with quiet():
        copy = _rebuilt(model)
        for layer in _layers(copy):
            if (name := _activation(layer)) in _ACTIVATIONS:
                layer.activation = _ACTIVATIONS[name]
        _check(model, copy)
    if rolled:
        names = ", ".join(repr(layer.name) for layer in rolled)
        note(f"unrolled over time: {names}; the answers are the same")
    return copy


def _activation(layer: Any) -> str:
    return getattr(getattr(layer, "activation", None), "__name__", "")


def _layers(model: Model) -> list[Any]:
    return list(model._flatten_layers(include_self=False, recursive=True))


def _is_rolled(layer: Any) -> bool:
    inner = getattr(layer, "forward_layer", layer)  # of a Bidirectional
    return type(inner).__name__ in _RECURRENT and not inner.unroll


def _require_short(layer: Any) -> None:
    where = f"layer {layer.name!r}"
    inner = getattr(layer, "forward_layer", layer)
    if inner.stateful:
        raise ForgeError(
            f"the {type(inner).__name__} keeps its state from one call to the next (stateful=True)",
            where=where,
            fix="give the state to the model as an input, and take it as an output; or train it "
            "with stateful=False on windows of a fixed length",
        )
    try:
        steps = layer.input.shape[1]
    except (AttributeError, ValueError):  # the layer within a Bidirectional, which was looked at
        return
    if steps is None:
        raise ForgeError(
            "the length of the sequence is not fixed",
            where=where,
            fix="say how many steps the device will see: --input-shape STEPS,FEATURES",
        )
    if steps > _MOST_STEPS:
        raise ForgeError(
            f"{steps} steps are too many to write out; {_MOST_STEPS} are possible",
            where=where,
            fix="shorten the sequence before this layer: Conv1D(strides=2), AveragePooling1D, or a "
            "shorter window; or use Conv1D layers in its place",
        )


def _rebuilt(model: Model) -> Model:
    description = json.loads(model.to_json())
    for _, entry in entries(description, model.name):
        if entry.get("class_name") in _RECURRENT:
            entry["config"]["unroll"] = True
    copy = library_of(model).models.model_from_json(json.dumps(description))
    copy.set_weights(model.get_weights())
    return copy


def _check(model: Model, copy: Model) -> None:
    rng = np.random.default_rng(0)
    inputs = [rng.normal(size=(4, *t.shape[1:])).astype(np.float32) for t in model.inputs]
    for theirs, ours in zip(_answers(model, inputs), _answers(copy, inputs), strict=True):
        off = float(np.abs(ours - theirs).max())
        if not off <= _TOLERANCE * max(1.0, float(np.abs(theirs).max())):
            raise ForgeError(
                f"made of plain layers, the model's answers differ by {off:.3g}",
                where=f"model {model.name!r}",
                fix="build its LSTM and GRU layers with unroll=True, use relu for selu",
            )


def _answers(model: Model, inputs: list[Any]) -> list[Any]:
    answers = model(arguments(model, inputs), training=False)
    if isinstance(answers, dict):
        answers = [*answers.values()]
    return [np.asarray(a) for a in (answers if isinstance(answers, list | tuple) else [answers])]
