"""A model as the toolkit for quantization-aware training takes one: of tf_keras, and flat.

Its graph is walked and each layer made anew from its own configuration, those of models within
too. An activation within a layer that the toolkit does not know stands behind it on its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from inspect import signature
from typing import Any

from tinyforge.errors import ForgeError
from tinyforge.training.layers import AWARE
from tinyforge.training.model import Model
from tinyforge.training.runtime import quiet, tensorflow, tf_keras
from tinyforge.training.same import require_same

# What the toolkit simulates within a layer. Source: quantize_aware_activation.py of tfmot 0.8.1.
_WITHIN = frozenset({"softmax", "sigmoid", "tanh", "gelu", "linear", "relu", "swish"})
_ACTIVE = frozenset({"Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose", "Dense"})
# Operators of Keras 3 that are layers of the same name where both operands are tensors.
_MERGES = frozenset({"Add", "Subtract", "Multiply", "Maximum", "Minimum"})
# Layers that vary what the model learns from, and do nothing else.
_VARIED = frozenset(
    f"Random{what}"
    for what in ("Flip", "Rotation", "Zoom", "Translation", "Contrast", "Brightness")
)
# What configurations of Keras 3 say beyond those of tf_keras, or only of a beginning that the
# weights make void.
_SPARE = re.compile(r".*_(initializer|regularizer|constraint)|quantization_config|dtype")
# Of what tf_keras has no word for, what asks for nothing that it does not do.
_NOTHING = (None, False, "channels_last")
_FIX = (
    "leave --qat and --cluster out: quantizing after training takes the model as it is; or build "
    "the layer of others of Keras's own"
)


def as_tf_keras(model: Model) -> Model:
    """The model in tf_keras, without models within it; layers keep their weights, and lose their
    regularizers.

    model: of Keras 3 or tf_keras, left as it is. Its answers to random inputs are compared with the
    new one's. ForgeError where a layer cannot be made anew, or answers differ by more than 1e-5.
    """
    library = tf_keras()
    with quiet():
        inputs = [library.Input(t.shape[1:], name=_plain(t.name)) for t in model.inputs]
        outputs = _Replay().of(model, inputs)
        copy = library.Model(
            inputs if len(inputs) > 1 else inputs[0],
            outputs if len(outputs) > 1 else outputs[0],
            name=_plain(model.name),
        )
        require_same(model, copy, "made anew for the toolkit", _FIX)
    return copy


class _Replay:
    """Calls new layers as the old ones were called; one that is shared stays shared."""

    def __init__(self) -> None:
        self._made: dict[int, list[Any]] = {}

    def of(self, model: Model, inputs: list[Any], prefix: str = "") -> list[Any]:
        """The outputs of the model's graph, made anew, for these inputs. prefix: of names."""
        nest = tensorflow().nest
        values = {id(old): new for old, new in zip(model.inputs, inputs, strict=True)}

        def now(tensor: Any) -> Any:
            return values.get(id(tensor), tensor)

        for layer, called, named, outputs in _calls(model):
            given, options = nest.map_structure(now, (called, named))
            if hasattr(layer, "layers"):
                found = self.of(layer, nest.flatten(given), f"{prefix}{layer.name}_")
            else:
                first, *behind = self._layers(layer, given, options, prefix)
                found = nest.flatten(first(*given, **options))
                if getattr(layer, "weights", None):  # some layers make theirs when called
                    first.set_weights(layer.get_weights())
                for activation in behind:
                    found = [activation(*found)]
            values |= {id(old): new for old, new in zip(outputs, found, strict=True)}
        return [values[id(t)] for t in model.outputs]

    def _layers(self, layer: Any, given: Any, options: Mapping[str, Any], prefix: str) -> list[Any]:
        if id(layer) not in self._made:
            try:
                self._made[id(layer)] = _anew(layer, given, options, prefix)
            except ForgeError:
                raise
            except Exception as error:  # whatever Keras raises of a configuration
                raise _refusal(layer, str(error).strip().partition("\n")[0]) from error
        return self._made[id(layer)]


def _calls(model: Model) -> Iterator[tuple[Any, Any, dict[str, Any], list[Any]]]:
    """Each call of a layer in the graph, in order: the layer, its arguments, its options, and the
    tensors that came of it."""
    graph = getattr(model, "_functional", None) or model  # what a Sequential of Keras 3 holds
    for depth in sorted(graph._nodes_by_depth, reverse=True):
        for node in graph._nodes_by_depth[depth]:
            if node.is_input:
                continue
            if hasattr(node, "operation"):
                layer, given, options = node.operation, node.arguments.args, node.arguments.kwargs
            else:
                layer, given, options = node.layer, node.call_args, node.call_kwargs
            options = {name: value for name, value in options.items() if value is not None}
            yield layer, given, options, tensorflow().nest.flatten(node.outputs)


def _anew(layer: Any, given: Any, options: Mapping[str, Any], prefix: str) -> list[Any]:
    """The layer in tf_keras, and its activation behind it where the toolkit knows it not."""
    library, kind = tf_keras(), type(layer).__name__
    name = prefix + _plain(layer.name)
    if kind in AWARE:
        raise ForgeError(
            "the model is quantization-aware already",
            where=f"layer {layer.name!r}",
            fix="leave --qat out: quantize takes it as it is",
        )
    if kind in _VARIED:
        return [lambda given, **_: given]
    if kind in _MERGES and not hasattr(layer, "weights"):
        if len(given) != 2 or not all(hasattr(t, "shape") for t in given):
            raise _refusal(layer, f"{kind} with a number has no layer of its own")
        merge = getattr(library.layers, kind)(name=name)
        return [lambda a, b: merge([a, b])]
    if not hasattr(layer, "get_config") or not hasattr(library.layers, kind):
        raise _refusal(layer, f"tf_keras has no layer {kind}")
    config = {k: v for k, v in layer.get_config().items() if not _SPARE.fullmatch(k)}
    config |= {"name": name, "dtype": "float32"}
    if kind == "LeakyReLU" and "negative_slope" in config:
        config["alpha"] = config.pop("negative_slope")
    activation = config.get("activation", "linear")
    apart = kind in _ACTIVE and activation not in _WITHIN
    if apart:
        config["activation"] = "linear"
    made = getattr(library.layers, kind)
    new = made.from_config(_common(made, layer, config) | _attention(layer, given, options))
    return [new, library.layers.Activation(activation, name=f"{name}_activation")][: 1 + apart]


def _common(made: Any, layer: Any, config: dict[str, Any]) -> dict[str, Any]:
    """The configuration without what only Keras 3 can be told. ForgeError where that asks for
    something that tf_keras has not."""
    known = {name for kind in made.__mro__ for name in signature(kind.__init__).parameters}
    newer = {name for name in config if name not in known}
    for name in sorted(newer):
        if config[name] not in _NOTHING:
            raise _refusal(layer, f"tf_keras's has no {name}")
    return {name: value for name, value in config.items() if name not in newer}


def _attention(layer: Any, given: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """What tf_keras makes the weights of a layer of attention from; of other layers nothing."""
    if type(layer).__name__ != "MultiHeadAttention":
        return {}
    called = signature(layer.call).bind(*given, **options).arguments
    called.setdefault("key", called["value"])
    return {f"{name}_shape": tuple(called[name].shape) for name in ("query", "key", "value")}


def _refusal(layer: Any, why: str) -> ForgeError:
    return ForgeError(
        f"the toolkit for quantization-aware training cannot have this layer: {why}",
        where=f"layer {layer.name!r} ({type(layer).__name__})",
        fix=_FIX,
    )


def _plain(name: str) -> str:
    return re.sub(r"\W", "_", name, flags=re.ASCII)
