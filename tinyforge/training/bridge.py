"""Keras 3 to tf_keras (Keras 2), because the pruning toolkit takes no Keras 3 model.

Every layer is rebuilt from its configuration, weights are copied, and the two models must then
give the same answers.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tinyforge.errors import ForgeError
from tinyforge.training.layers import LAYERS, MODELS, known, words
from tinyforge.training.model import Model
from tinyforge.training.runtime import keras, quiet, tf_keras

_TOLERANCE = 1e-5  # of the largest answer, at least of 1

# Weights are copied, so how they were initialized does not matter; how they were regularized does
# not outlive training; dtypes are all float32; the rest is new in Keras 3.
_DROPPED = frozenset({"dtype", "quantization_config", "synchronized", "lora_rank", "lora_alpha"})
_DROPPED_ENDINGS = ("_initializer", "_regularizer", "_constraint")

# What both libraries define alike: hard_sigmoid they do not.
ACTIVATIONS = words(
    """
elu exponential gelu leaky_relu linear relu relu6 selu sigmoid silu softmax softplus softsign swish
tanh
"""
)

# Layers around another one, and where they keep it.
_WRAPPERS = {"Bidirectional": "forward_layer", "TimeDistributed": "layer"}

# Operators between layers, `x + y`, which tf_keras makes layers of by itself.
_OPERATORS: Mapping[str, Callable[..., Any]] = {
    "Abs": abs,
    "Absolute": abs,
    "Add": operator.add,
    "Divide": operator.truediv,
    "GetItem": lambda x, key: x[tuple(key) if isinstance(key, list) else key],
    "Multiply": operator.mul,
    "Negative": operator.neg,
    "Power": operator.pow,
    "Subtract": operator.sub,
    "TrueDivide": operator.truediv,
}

# Names that changed, by layer.
_RENAMED: Mapping[str, Mapping[str, str]] = {"LeakyReLU": {"negative_slope": "alpha"}}


def to_tf_keras(model: Model) -> Model:
    """The same model in tf_keras. model: a Keras 3 Sequential or Functional; it is not changed.
    One of tf_keras is returned as it is.

    Raises ForgeError for a layer or an activation that cannot be carried over, and if the answers
    to random inputs differ by more than 1e-5.
    """
    if isinstance(model, tf_keras().Model):
        return model
    with quiet():
        bridged = _bridged(model)
        _check(model, bridged)
    return bridged


def _bridged(model: Model) -> Model:
    _require_float32(model)
    if isinstance(model, keras().Sequential):
        copy = _sequential(model)
    elif type(model).__name__ == "Functional":
        copy = _functional(model)
    else:
        raise ForgeError(
            f"a {type(model).__name__} model cannot be taken apart into layers",
            where=f"model {model.name!r}",
            fix="build it with keras.Sequential or the functional API, without subclassing",
        )
    return copy


def _require_float32(model: Model) -> None:
    for layer in model.layers:
        policy = layer.dtype_policy.name
        if policy != "float32":
            raise ForgeError(
                f"the layer computes in {policy}",
                where=f"layer {layer.name!r}",
                fix="build the model with dtype float32; tinyforge quantizes it itself",
            )


def _sequential(model: Model) -> Model:
    copy = tf_keras().Sequential(name=model.name)
    copy.add(tf_keras().layers.InputLayer(input_shape=tuple(model.inputs[0].shape[1:])))
    for layer in model.layers:
        twin = _twin(layer)
        copy.add(twin)
        _copy_weights(layer, twin)
    return copy


def _functional(model: Model) -> Model:
    """Follows the configuration's calls: tensors are (layer, call, output), as Keras saves them."""
    config = model.get_config()
    tensors: dict[tuple[str, int, int], Any] = {}
    twins: dict[str, Any] = {}
    calls = []
    layers = {operation.name: operation for operation in model.operations}
    for entry in config["layers"]:
        if entry["class_name"] == "InputLayer":
            shape = tuple(entry["config"]["batch_shape"][1:])
            tensors[entry["name"], 0, 0] = tf_keras().Input(shape, name=entry["name"])
            continue
        twins[entry["name"]] = _twin(layers[entry["name"]])
        calls += [(entry["name"], i, node) for i, node in enumerate(entry["inbound_nodes"])]
    while calls:  # a layer that is called twice may wait for one that is listed later
        ready = [call for call in calls if all(t in tensors for t in _sources(call[2]["args"]))]
        assert ready, "the graph of a built model has no cycle"
        for name, index, node in ready:
            arguments = _replaced(node["args"], tensors)
            options = {k: v for k, v in node["kwargs"].items() if k not in ("mask", "training")}
            tensors[name, index, 0] = twins[name](*arguments, **options)
        calls = [call for call in calls if call not in ready]
    for name, twin in twins.items():
        _copy_weights(layers[name], twin)
    inputs = [tensors[key] for key in _ends(config["input_layers"])]
    outputs = [tensors[key] for key in _ends(config["output_layers"])]
    return tf_keras().Model(inputs, outputs, name=model.name)


def _ends(entry: list[Any]) -> list[tuple[str, int, int]]:
    """Keras saves one end as [name, call, output], several as a list of these."""
    return [tuple(entry)] if isinstance(entry[0], str) else [tuple(e) for e in entry]


def _sources(value: Any) -> list[tuple[str, int, int]]:
    """All tensors that a call's saved arguments name."""
    if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        return [tuple(value["config"]["keras_history"])]
    if isinstance(value, (list, tuple)):
        return [source for item in value for source in _sources(item)]
    return []


def _replaced(value: Any, tensors: Mapping[tuple[str, int, int], Any]) -> Any:
    if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        return tensors[tuple(value["config"]["keras_history"])]
    if isinstance(value, (list, tuple)):
        return [_replaced(item, tensors) for item in value]
    if isinstance(value, dict) and str(value.get("class_name")).startswith("__"):
        return keras().saving.deserialize_keras_object(value)  # a slice, a tuple, a constant
    return value


def _twin(layer: Any) -> Any:
    """The tf_keras layer of the same kind and settings; a model within the model is bridged too."""
    kind = type(layer).__name__
    if kind in MODELS:
        return _bridged(layer)
    if kind in _OPERATORS and not isinstance(layer, keras().layers.Layer):
        return _OPERATORS[kind]
    twin = getattr(tf_keras().layers, kind, None) if kind in LAYERS else None
    if twin is None or not isinstance(layer, keras().layers.Layer):
        raise ForgeError(
            f"tinyforge cannot carry over a {kind} layer",
            where=f"layer {layer.name!r}",
            fix="leave pruning out, or use a layer that Keras 2 has as well",
        )
    config = _config(kind, layer)
    if kind in _WRAPPERS:  # around another layer, which is bridged first
        config = {"layer": _twin(getattr(layer, _WRAPPERS[kind]))} | {
            key: value for key, value in config.items() if "layer" not in key
        }
    try:
        return _built(twin, config)
    except (TypeError, ValueError) as error:
        raise ForgeError(
            f"tf_keras has no {kind} with these settings: {error}",
            where=f"layer {layer.name!r}",
            fix="leave the setting at its default, or give a .tflite file",
        ) from error


def _built(twin: Any, config: dict[str, Any]) -> Any:
    """The layer, without the settings that only Keras 3 has; the answers show whether it matters.

    tf_keras raises TypeError("Keyword argument not understood:", setting).
    """
    try:
        return twin(**config)
    except TypeError as error:
        unknown = error.args[-1]
        if unknown not in config:
            raise
        return _built(twin, {key: value for key, value in config.items() if key != unknown})


def _config(kind: str, layer: Any) -> dict[str, Any]:
    renamed = _RENAMED.get(kind, {})
    config = {
        renamed.get(key, key): value
        for key, value in layer.get_config().items()
        if key not in _DROPPED and not key.endswith(_DROPPED_ENDINGS)
    }
    activation = config.get("activation", "linear")
    if not known(activation, ACTIVATIONS):
        raise ForgeError(
            f"the activation {_name(activation)} cannot be carried over to tf_keras",
            where=f"layer {layer.name!r}",
            fix=f"use one of {', '.join(sorted(ACTIVATIONS))}",
        )
    return config


def _name(activation: Any) -> str:
    if isinstance(activation, dict):
        activation = activation.get("registered_name") or activation.get("class_name")
    return repr(activation)


def _copy_weights(layer: Any, twin: Any) -> None:
    # Models within were copied when they were bridged.
    if hasattr(twin, "set_weights") and type(layer).__name__ not in MODELS:
        twin.set_weights(layer.get_weights())


def _check(model: Model, bridged: Model) -> None:
    """Both models answer four random inputs alike."""
    rng = np.random.default_rng(0)
    inputs = [rng.random((4, *tensor.shape[1:]), np.float32) for tensor in model.inputs]
    wanted = _answers(model, inputs)
    pairs = zip(_answers(bridged, inputs), wanted, strict=True)
    for output, (ours, theirs) in enumerate(pairs):
        off = float(np.abs(ours - theirs).max())
        if not off <= _TOLERANCE * max(1.0, float(np.abs(theirs).max())):
            raise ForgeError(
                f"Keras 3 and tf_keras differ by {off:.3g} on this model",
                where=f"model {model.name!r}, output {output}",
                fix="give a .tflite file that you converted and checked yourself",
            )


def _answers(model: Model, inputs: list[Any]) -> list[Any]:
    answers = model(inputs if len(inputs) > 1 else inputs[0], training=False)
    return [np.asarray(a) for a in (answers if isinstance(answers, list) else [answers])]
