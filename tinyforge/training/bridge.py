"""A model as the toolkit for quantization-aware training takes one: of tf_keras, and flat.

Its graph is walked and each layer made anew from its own configuration, those of models within
too. An activation within a layer that the toolkit does not know stands behind it on its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
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
# What configurations of Keras 3 say beyond those of tf_keras, or only of a beginning that the
# weights make void.
_SPARE = re.compile(r".*_(initializer|regularizer|constraint)|quantization_config|dtype")
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

        for layer, called, options, outputs in _calls(model):
            given = nest.map_structure(now, called)
            if hasattr(layer, "layers"):
                found = self.of(layer, nest.flatten(given), f"{prefix}{layer.name}_")
            else:
                first, *behind = self._layers(layer, given, prefix)
                found = nest.flatten(first(*given, **options))
                for activation in behind:
                    found = [activation(*found)]
            values |= {id(old): new for old, new in zip(outputs, found, strict=True)}
        return [values[id(t)] for t in model.outputs]

    def _layers(self, layer: Any, given: Any, prefix: str) -> list[Any]:
        if id(layer) not in self._made:
            try:
                self._made[id(layer)] = _anew(layer, given, prefix)
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


def _anew(layer: Any, given: Any, prefix: str) -> list[Any]:
    """The layer in tf_keras, and its activation behind it where the toolkit knows it not."""
    library, kind = tf_keras(), type(layer).__name__
    name = prefix + _plain(layer.name)
    if kind in AWARE:
        raise ForgeError(
            "the model is quantization-aware already",
            where=f"layer {layer.name!r}",
            fix="leave --qat out: quantize takes it as it is",
        )
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
    new = getattr(library.layers, kind).from_config(config)
    if layer.weights:
        new.build(_shape(given))
        new.set_weights(layer.get_weights())
    return [new, library.layers.Activation(activation, name=f"{name}_activation")][: 1 + apart]


def _shape(given: Any) -> Any:
    first = given[0]
    return [t.shape for t in first] if isinstance(first, list | tuple) else first.shape


def _refusal(layer: Any, why: str) -> ForgeError:
    return ForgeError(
        f"the toolkit for quantization-aware training cannot have this layer: {why}",
        where=f"layer {layer.name!r} ({type(layer).__name__})",
        fix=_FIX,
    )


def _plain(name: str) -> str:
    return re.sub(r"\W", "_", name, flags=re.ASCII)
