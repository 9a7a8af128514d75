"""How much a model would miss each group of channels, by one of three measures.

l1: the absolute weights of the filters that make a channel, with the scale of a BatchNormalization
behind them folded in, over the layer's mean. activation: what arrives of a channel where it is
read, times the weights that it meets there, over the mean of all that is read there. taylor: by
how much the loss would change, to first order, if zeros arrived there (Molchanov et al., Importance
Estimation for Neural Network Pruning, 2019, with a gate before each layer that reads).

The first two compare channels of a layer, and layers only in that each has the mean 1; the last
compares all with all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinyforge.spec import ImportanceChoice
from tinyforge.training.channels.calls import Call, Value
from tinyforge.training.channels.costs import Real
from tinyforge.training.channels.follow import Cut, Followed
from tinyforge.training.channels.groups import Groups, Keep
from tinyforge.training.model import Lesson, Model, given
from tinyforge.training.runtime import quiet, tensorflow

_SAMPLES = 512  # that are looked at
_AT_ONCE = 64
_LEAST = 1e-12  # what is divided by

# A layer, and what it is given, to what it shall be given.
Listener = Callable[[Any, Any], Any]


def importance(
    model: Model, groups: Groups, how: ImportanceChoice, lesson: Lesson, loss: Any
) -> Real:
    """By group, at least 0. lesson: samples in any order; the first 512 are used."""
    if how == "l1":
        return _by_filters(groups)
    few = Lesson(lesson.inputs[:_SAMPLES], lesson.targets[:_SAMPLES])
    with quiet():
        return (_by_taylor if how == "taylor" else _by_activation)(model, groups, few, loss)


def answers_without(model: Model, groups: Groups, keep: Keep, inputs: Any) -> Any:
    """What the model answers if zeros arrive wherever a channel is read that is to go."""
    masks = {id(call.layer): keep[groups.of[value.index]] for call, value in _reads(groups)}
    tf = tensorflow()
    with quiet(), _listened(groups, lambda layer, x: x * tf.cast(masks[id(layer)], x.dtype)):
        return model(inputs, training=False)


def _by_filters(groups: Groups) -> Real:
    total, times = np.full((2, groups.count), _LEAST)
    scales = _scales(groups)
    for call, known in zip(groups.network.calls, groups.followed, strict=True):
        for cut in _filters(call, known):
            weight = np.abs(np.asarray(call.layer.weights[cut.weight]))
            others = tuple(a for a in range(weight.ndim) if a != weight.ndim + cut.axis)
            sizes = weight.sum(axis=others) * scales.get(cut.value, 1.0)
            of = groups.of[cut.value.index][cut.numbers]
            np.add.at(total, of, sizes / max(sizes.mean(), _LEAST))
            np.add.at(times, of, 1)
    return np.asarray(total / times)


def _filters(call: Call, known: Followed) -> Iterator[Cut]:
    """The axis of each kernel along which its filters lie: what it makes; of a depthwise one, what
    it takes."""
    for index in known.kernels:
        cuts = [cut for cut in known.cuts if cut.weight == index]
        made = [cut for cut in cuts if cut.value in call.outputs]
        yield from made or (() if known.reads else cuts)


def _scales(groups: Groups) -> Mapping[Value, Real]:
    """What the BatchNormalization behind a value multiplies its channels by."""
    found = {}
    for call in groups.network.calls:
        if call.kind == "BatchNormalization" and call.inputs[0].shape:
            layer = call.layer
            gamma = np.abs(np.asarray(layer.gamma)) if layer.scale else 1.0
            found[call.inputs[0]] = gamma / np.sqrt(
                np.asarray(layer.moving_variance) + layer.epsilon
            )
    return found


def _by_activation(model: Model, groups: Groups, lesson: Lesson, loss: Any) -> Real:
    del loss
    sums: dict[int, Any] = {}
    meets = {id(call.layer): _met(call, known) for call, known in _readers(groups)}

    def listener(layer: Any, x: Any) -> Any:
        mean = np.abs(np.asarray(x)).mean(axis=tuple(range(len(x.shape) - 1)))
        sums[id(layer)] = sums.get(id(layer), 0.0) + mean * meets[id(layer)]
        return x

    with _listened(groups, listener):
        for start in range(0, len(lesson.inputs), _AT_ONCE):
            model(given(model, lesson.inputs[start : start + _AT_ONCE]), training=False)
    total = np.zeros(groups.count)
    for layer, (_, value) in {
        id(call.layer): (call, value) for call, value in _reads(groups)
    }.items():
        shares = sums[layer] / max(float(np.mean(sums[layer])), _LEAST)
        np.add.at(total, groups.of[value.index], shares)
    return total


def _met(call: Call, known: Followed) -> Real:
    """By channel of what a layer reads: the absolute weights that it is multiplied with first."""
    cut = next(cut for cut in known.cuts if cut.value in known.reads)
    weight = np.abs(np.asarray(call.layer.weights[cut.weight]))
    others = tuple(a for a in range(weight.ndim) if a != weight.ndim + cut.axis)
    sizes = np.asarray(weight.sum(axis=others))
    return np.tile(sizes, call.inputs[0].channels // len(sizes))  # of a convolution in groups


def _by_taylor(model: Model, groups: Groups, lesson: Lesson, loss: Any) -> Real:
    """The square of the first-order change, in the mean over samples."""
    tf = tensorflow()
    total = np.zeros(groups.count)
    first = {id(call.layer): value for call, value in _reads(groups)}
    for start in range(0, len(lesson.inputs), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        gates: list[tuple[int, Any]] = []
        with tf.GradientTape() as tape:

            def listener(layer: Any, x: Any) -> Any:
                shape = (x.shape[0], *[1] * (len(x.shape) - 2), x.shape[-1])
                gate = tf.ones(shape, x.dtype)
                tape.watch(gate)
                gates.append((id(layer), gate))  # noqa: B023
                return x * gate

            with _listened(groups, listener):
                answers = model(given(model, lesson.inputs[part]), training=False)
            targets = lesson.targets[part]
            lost = loss(targets, answers) * len(targets)  # of each sample, not in their mean
        changes = np.zeros((groups.count, len(targets)))
        for (layer, _), change in zip(
            gates, tape.gradient(lost, [g for _, g in gates]), strict=True
        ):
            if change is not None:
                flat = np.asarray(change).reshape(len(targets), -1)
                np.add.at(changes, groups.of[first[layer].index], flat.T)
        total += (changes**2).sum(axis=1)
    return total / len(lesson.inputs)


def _readers(groups: Groups) -> Iterator[tuple[Call, Followed]]:
    for call, known in zip(groups.network.calls, groups.followed, strict=True):
        if known.reads:
            yield call, known


def _reads(groups: Groups) -> Iterator[tuple[Call, Value]]:
    """Each call of a layer that reads, and what it reads."""
    for call, known in _readers(groups):
        (value,) = known.reads
        yield call, value


@contextmanager
def _listened(groups: Groups, listener: Listener) -> Iterator[None]:
    """Lets a listener see, and change, what is given to the layers that read, while the model runs
    step by step."""
    layers = {id(call.layer): call.layer for call, _ in _readers(groups)}
    try:
        for layer in layers.values():
            layer.call = _calling(layer, layer.call, listener)
        yield
    finally:
        for layer in layers.values():
            del layer.call


def _calling(layer: Any, call: Callable[..., Any], listener: Listener) -> Callable[..., Any]:
    def listened(inputs: Any, *args: Any, **named: Any) -> Any:
        return call(listener(layer, inputs), *args, **named)

    return listened
