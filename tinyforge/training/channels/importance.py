"""How much a model would miss each group of channels, by one of three measures.

l1: the absolute weights of the filters that make a channel, with the scale of a BatchNormalization
behind them folded in. activation: what arrives of a channel where it is read, times the weights
that it meets there. taylor: by how much the loss would change, to first order, if zeros arrived
there (Molchanov et al., Importance Estimation for Neural Network Pruning, 2019, with a gate before
each layer that reads).

The first two are shares of what a layer has of it in all, as if all layers mattered alike, summed
over the layers that a group is in; the last compares all with all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tinyforge.spec import ImportanceChoice
from tinyforge.training.channels.calls import Call, Value
from tinyforge.training.channels.costs import Real
from tinyforge.training.channels.follow import Cut, Followed
from tinyforge.training.channels.groups import Groups
from tinyforge.training.channels.listening import listened, readers
from tinyforge.training.model import Lesson, Model, given
from tinyforge.training.runtime import quiet, tensorflow

_SAMPLES = 512  # that are looked at
_AT_ONCE = 64
_LEAST = 1e-12  # what is divided by


def importance(
    model: Model, groups: Groups, how: ImportanceChoice, lesson: Lesson, loss: Any
) -> Real:
    """By group, at least 0. lesson: samples in any order; the first 512 are used."""
    if how == "l1":
        return _by_filters(groups)
    few = Lesson(lesson.inputs[:_SAMPLES], lesson.targets[:_SAMPLES])
    with quiet():
        if how == "activation":
            return _by_activation(model, groups, few)
        return _by_taylor(model, groups, few, loss)


def _by_filters(groups: Groups) -> Real:
    total = np.zeros(groups.count)
    scales = _scales(groups)
    for call, known in zip(groups.network.calls, groups.followed, strict=True):
        for cut in _filters(call, known):
            sizes = _along(call, cut) * _for_each(scales.get(call.outputs[0]), len(cut.numbers))
            of = groups.of[cut.value.index][cut.numbers]
            np.add.at(total, of, sizes / max(sizes.sum(), _LEAST))
    return total


def _along(call: Call, cut: Cut) -> Real:
    """The absolute weights in all, by the entries of an axis."""
    weight = np.abs(np.asarray(call.layer.weights[cut.weight]))
    return np.asarray(np.moveaxis(weight, cut.axis, 0).reshape(len(cut.numbers), -1).sum(axis=1))


def _for_each(scales: Real | None, count: int) -> Real:
    """Scales for so many filters, of which each may make several channels."""
    return np.ones(count) if scales is None else scales.reshape(count, -1).mean(axis=1)


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
    for call, known in zip(groups.network.calls, groups.followed, strict=True):
        if call.kind == "BatchNormalization" and known.cuts:
            layer = call.layer
            gamma = np.abs(np.asarray(layer.gamma)) if layer.scale else 1.0
            deviation = np.sqrt(np.asarray(layer.moving_variance) + layer.epsilon)
            found[call.inputs[0]] = gamma / deviation
    return found


def _by_activation(model: Model, groups: Groups, lesson: Lesson) -> Real:
    sums: dict[int, Any] = {}

    def listener(layer: Any, x: Any) -> Any:
        mean = np.abs(np.asarray(x)).mean(axis=tuple(range(len(x.shape) - 1)))
        sums[id(layer)] = sums.get(id(layer), 0.0) + mean
        return x

    with listened(groups, listener):
        for start in range(0, len(lesson.inputs), _AT_ONCE):
            model(given(model, lesson.inputs[start : start + _AT_ONCE]), training=False)
    total = np.zeros(groups.count)
    for call, known in readers(groups):
        found = sums[id(call.layer)] * _met(call, known)
        np.add.at(total, groups.of[call.inputs[0].index], found / max(found.sum(), _LEAST))
    return total


def _met(call: Call, known: Followed) -> Real:
    """By channel of what a layer reads: the absolute weights that it is multiplied with first."""
    cut = next(cut for cut in known.cuts if cut.value in known.reads)
    sizes = _along(call, cut)
    return np.tile(sizes, call.inputs[0].channels // len(sizes))  # of a convolution in groups


def _by_taylor(model: Model, groups: Groups, lesson: Lesson, loss: Any) -> Real:
    """The square of the first-order change, in the mean over samples."""
    total = np.zeros(groups.count)
    for start in range(0, len(lesson.inputs), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        some = Lesson(lesson.inputs[part], lesson.targets[part])
        total += (_changes(model, groups, some, loss) ** 2).sum(axis=1)
    return total / len(lesson.inputs)


def _changes(model: Model, groups: Groups, some: Lesson, loss: Any) -> Real:
    """(groups, samples): the derivative of a sample's loss by a gate that all of a group passes."""
    tf, count = tensorflow(), len(some.inputs)
    reads = {id(call.layer): groups.of[call.inputs[0].index] for call, _ in readers(groups)}
    passed: list[Any] = []
    gates: list[Any] = []
    with tf.GradientTape() as tape:

        def listener(layer: Any, x: Any) -> Any:
            gate = tf.ones((count, *[1] * (len(x.shape) - 2), x.shape[-1]), x.dtype)
            tape.watch(gate)
            gates.append(gate)
            passed.append(reads[id(layer)])
            return x * gate

        with listened(groups, listener):
            answers = model(given(model, some.inputs), training=False)
        lost = loss(some.targets, answers) * count  # the sum over samples, not their mean
    changes = np.zeros((groups.count, count))
    for of, change in zip(passed, tape.gradient(lost, gates), strict=True):
        if change is not None:
            np.add.at(changes, of, np.asarray(change).reshape(count, -1).T)
    return changes
