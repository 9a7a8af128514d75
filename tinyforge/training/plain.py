"""A model's layers as ones that the converter can take and int8 runtimes have.

An LSTM becomes one operator (training/whole_lstm.py). Other layers over time are written out step
by step: the converter makes loops of them, which crash it. selu and celu are made of elu and relu:
on their own they compare and choose.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tinyforge.errors import ForgeError
from tinyforge.training.description import entries
from tinyforge.training.model import Model, remembers
from tinyforge.training.runtime import keras, library_of, quiet, tensorflow
from tinyforge.training.same import require_same
from tinyforge.training.whole_lstm import DEFAULTS, make_whole, unlike

_RECURRENT = ("LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM1D", "ConvLSTM2D")
# Each step of a GRU is a dozen operators; beyond this, planning and code size grow past use.
MOST_STEPS = 128

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


@dataclass(frozen=True, eq=False)
class Plain:
    """whole: its LSTM layers are to become one operator each. anew: each of its inferences begins a
    sequence of its own, where such an operator would go on from the one before."""

    model: Model
    whole: bool = False
    anew: bool = False


def plain(model: Model, note: Callable[[str], None] = lambda _: None) -> Plain:
    """The model with its LSTM, GRU and SimpleRNN unrolled, or LSTM ready to become one operator;
    selu and celu made of elu and relu; itself if there is nothing to change.

    Its answers to random inputs are compared with the model's. ForgeError where sequences are too
    long or open, a layer other than LSTM keeps its state between calls, or the answers differ by
    more than 1e-5.
    """
    layers = _layers(model)
    rolled = [layer for layer in layers if _is_rolled(layer)]
    kept = remembers(model)
    whole = [layer for layer in layers if type(layer).__name__ == "LSTM" and not layer.unroll]
    reasons = {layer.name: why for layer in whole if (why := unlike(model, layer))}
    if reasons:
        whole = []
    for layer in rolled:
        inner = _inner(layer)
        _require_possible(layer, reasons.get(inner.name), whole=inner in whole, kept=kept)
    if not rolled and not any(_activation(layer) in _ACTIVATIONS for layer in layers):
        return Plain(model)
    with quiet():
        copy = _rebuilt(model, whole=bool(whole))
        for layer in _layers(copy):
            if (name := _activation(layer)) in _ACTIVATIONS:
                layer.activation = _ACTIVATIONS[name]
            if whole and type(layer).__name__ == "LSTM":
                make_whole(layer)
            if _splits_nothing(layer):
                _as_in_keras_3(layer)
        require_same(
            model,
            copy,
            "made of plain layers",
            "build its LSTM and GRU layers with unroll=True, use relu for selu",
        )
    for line in _told([layer for layer in rolled if _inner(layer) not in whole], whole, kept=kept):
        note(line)
    return Plain(copy, whole=bool(whole), anew=bool(whole) and not kept)


def _told(unrolled: list[Any], whole: list[Any], *, kept: bool) -> Iterator[str]:
    if unrolled:
        names = ", ".join(repr(layer.name) for layer in unrolled)
        yield f"unrolled over time: {names}; the answers are the same"
    if whole:
        names = ", ".join(repr(layer.name) for layer in whole)
        yield f"one operator over all steps: {names}; " + (
            "its state lasts from one inference to the next, until forge_reset (stateful=True)"
            if kept
            else "every inference begins a sequence of its own, as in Keras"
        )


def _activation(layer: Any) -> str:
    return getattr(getattr(layer, "activation", None), "__name__", "")


def _layers(model: Model) -> list[Any]:
    return list(model._flatten_layers(include_self=False, recursive=True))


def _inner(layer: Any) -> Any:
    return getattr(layer, "forward_layer", layer)  # of a Bidirectional


def _is_rolled(layer: Any) -> bool:
    inner = _inner(layer)
    return type(inner).__name__ in _RECURRENT and not inner.unroll


def _steps(layer: Any) -> int:
    """ForgeError where their number is open. 0 for the layer within a Bidirectional."""
    try:
        source = layer.input
    except (AttributeError, ValueError):
        return 0
    steps = (source[0] if isinstance(source, list | tuple) else source).shape[1]
    if steps is None:
        raise ForgeError(
            "the length of the sequence is not fixed",
            where=f"layer {layer.name!r}",
            fix="say how many steps the device will see: --input-shape STEPS,FEATURES",
        )
    return int(steps)


def _require_possible(layer: Any, unlike: str | None, *, whole: bool, kept: bool) -> None:
    """whole: it becomes one operator; unlike: if not, what it has that the operator has not. kept:
    some layer's state lasts from one call to the next."""
    inner, where, steps = _inner(layer), f"layer {layer.name!r}", _steps(layer)
    kind = type(inner).__name__
    if kept and whole and not inner.stateful:
        raise ForgeError(
            "an LSTM begins anew with each call, while another layer's state lasts",
            where=where,
            fix="give all LSTM layers stateful=True, or none",
        )
    if whole or (steps <= MOST_STEPS and not inner.stateful):
        return
    what = f"{steps} steps of {kind} are too many to write out; {MOST_STEPS} are possible"
    fix = (
        "use LSTM in its place, which takes any number; or shorten the sequence before this "
        "layer: Conv1D(strides=2), AveragePooling1D, or a shorter window"
    )
    if inner.stateful:
        what = f"the {kind} keeps its state from one call to the next (stateful=True)"
        fix = (
            "use LSTM(stateful=True) in its place; or give the state to the model as an input, and "
            "take it as an output"
        )
    if kind == "LSTM":
        what += f", and with {unlike} it cannot be one operator" if unlike else ""
        fix = DEFAULTS
    raise ForgeError(what, where=where, fix=fix)


def _rebuilt(model: Model, *, whole: bool) -> Model:
    description = json.loads(model.to_json())
    for _, entry in entries(description, model.name):
        if entry.get("class_name") in _RECURRENT:
            entry["config"]["unroll"] = not whole or entry["class_name"] != "LSTM"
            entry["config"]["stateful"] = False
    copy = library_of(model).models.model_from_json(json.dumps(description))
    copy.set_weights(model.get_weights())
    return copy


def _splits_nothing(layer: Any) -> bool:
    """Whether it is a GRU of tf_keras that makes tensors without elements, which no file has."""
    kind = type(layer)
    return kind.__name__ == "GRU" and "tf_keras" in kind.__module__ and not layer.reset_after


def _as_in_keras_3(layer: Any) -> None:
    """Lets a GRU of tf_keras compute what it did in one of Keras 3, whose weights are the same."""
    config = layer.get_config()
    names = ("units", "use_bias", "reset_after", "return_sequences", "return_state", "go_backwards")
    functions = ("activation", "recurrent_activation")
    own = keras().layers.GRU(
        unroll=True,
        **{name: config[name] for name in names},
        **{name: getattr(layer, name).__name__ for name in functions},
    )
    own.build((1, None, int(layer.cell.kernel.shape[0])))
    own.set_weights(layer.get_weights())

    def call(sequences: Any, *_: Any, **__: Any) -> Any:
        return own(sequences)

    layer.call = call
