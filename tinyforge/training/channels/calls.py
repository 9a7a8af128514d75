"""A Keras model, of Keras 3 or tf_keras, as one list of calls of its layers: models within it are
written out in their place, and a layer that is called twice is there twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tinyforge.training.model import Model

KERAS = ("keras", "tf_keras")  # packages
Path = tuple[str, ...]  # the names of the models that a layer is in, and its own


@dataclass(frozen=True)
class Value:
    """What one call makes and others take. shape: without the batch; None where a size is open."""

    index: int
    shape: tuple[int | None, ...] = field(compare=False)

    @property
    def channels(self) -> int:
        """Of its last dimension; 1 where there is none, or it is open."""
        return (self.shape[-1] if self.shape else 1) or 1

    @property
    def positions(self) -> int:
        """How many times it has all channels."""
        count = 1
        for size in self.shape[:-1]:
            count *= size or 1
        return count


@dataclass(frozen=True, eq=False)
class Call:
    """layer: or an operator of keras.ops. constants: what else it is called with, as a flat list.
    named: of those, what has a name."""

    layer: Any
    path: Path
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    constants: tuple[Any, ...]
    named: dict[str, Any]

    @property
    def kind(self) -> str:
        """Conv2D, ops.Add of keras.ops, or tf.math.add, a function of TensorFlow's as a layer."""
        kind = type(self.layer)
        if kind.__name__ == "TFOpLambda":
            return f"tf.{self.layer.symbol}"
        return f"ops.{kind.__name__}" if ".src.ops." in kind.__module__ else kind.__name__

    @property
    def of_keras(self) -> bool:
        """Whether the layer is one of Keras's own."""
        return type(self.layer).__module__.partition(".")[0] in KERAS

    @property
    def weighted(self) -> bool:
        """Whether the layer has weights that are more than a number for each channel."""
        return any(len(weight.shape) > 1 for weight in getattr(self.layer, "weights", ()))

    def within(self) -> Call:
        """Of a layer that is called for each step by itself: its call at one of them."""
        inputs, outputs = (
            tuple(replace(value, shape=value.shape[1:]) for value in values)
            for values in (self.inputs, self.outputs)
        )
        layer = self.layer.layer
        path = (*self.path, layer.name)
        return replace(self, layer=layer, path=path, inputs=inputs, outputs=outputs)

    def __str__(self) -> str:
        return f"{'/'.join(self.path)} ({self.kind})"


@dataclass(frozen=True, eq=False)
class Network:
    """calls: each after those that make what it takes. inputs, outputs: of the whole model."""

    calls: tuple[Call, ...]
    values: tuple[Value, ...]
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]


def network(model: Model) -> Network:
    """The calls of a functional or sequential model."""
    listing = _Listing()
    inputs = [listing.new(tensor) for tensor in model.inputs]
    outputs = listing.add(model, (), inputs)
    return Network(tuple(listing.calls), tuple(listing.values), tuple(inputs), tuple(outputs))


def layers_by_path(model: Model, within: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every layer, and those of models within in place of these."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from layers_by_path(layer, (*within, layer.name))
        else:
            yield (*within, layer.name), layer


class _Listing:
    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.values: list[Value] = []

    def new(self, tensor: Any) -> Value:
        value = Value(len(self.values), tuple(tensor.shape[1:]))
        self.values.append(value)
        return value

    def add(self, model: Model, within: Path, inputs: Sequence[Value]) -> list[Value]:
        """All calls of a model that is given these; what it makes of them."""
        given = dict(zip(map(id, model.inputs), inputs, strict=True))
        known: dict[int, Value] = {}
        for node in _nodes(model):
            layer = _layer(node)
            made = _flat(node.outputs)
            path = (*within, layer.name)
            taken = [known[id(t)] for t in _taken(node)] or [given[id(t)] for t in made]
            if _nodes(layer):
                outputs = self.add(layer, path, taken)
            else:
                outputs = [self.new(tensor) for tensor in made]
                constants, named = _constants(node)
                call = Call(layer, path, tuple(taken), tuple(outputs), constants, named)
                self.calls.append(call)
            known |= dict(zip(map(id, made), outputs, strict=True))
        return [known[id(t)] for t in model.outputs]


def _nodes(model: Any) -> list[Any]:
    """The nodes of a model's graph, in the order of computing; none of what is no such model."""
    model = getattr(model, "_functional", None) or model  # of a Sequential of Keras 3
    depths = getattr(model, "_nodes_by_depth", {})
    return [node for depth in sorted(depths, reverse=True) for node in depths[depth]]


def _layer(node: Any) -> Any:
    return getattr(node, "operation", None) or node.layer


def _taken(node: Any) -> list[Any]:
    """The tensors that a node is called with."""
    return list(node.keras_inputs if hasattr(node, "keras_inputs") else node.input_tensors)


def _constants(node: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What else it is called with."""
    tensors = {id(t) for t in _taken(node)}
    arguments = getattr(node, "arguments", None)
    args = arguments.args if arguments else node.call_args
    named = arguments.kwargs if arguments else node.call_kwargs
    flat = [x for x in _flat([args, named]) if id(x) not in tensors and x is not None]
    return tuple(flat), dict(named)


def _flat(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [leaf for part in value for leaf in _flat(part)]
    return [value]
