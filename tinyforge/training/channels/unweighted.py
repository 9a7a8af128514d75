"""Where layers without weights hand their channels."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np

from tinyforge.training.channels.calls import Call
from tinyforge.training.channels.follow import Followed, all_of, each
from tinyforge.training.channels.weighted import Rule, held_unless_alone


def each_alone(call: Call) -> Followed | str:
    """Each channel is made of the one of the same number alone."""
    (source,), (out,) = call.inputs, call.outputs
    if source.channels != out.channels:
        return "changes how many channels there are"
    return Followed(links=(each(source, out),))


def activation(call: Call) -> Followed | str:
    (source,), (out,) = call.inputs, call.outputs
    return Followed(links=(each(source, out),), held=held_unless_alone(call))


def softmax(call: Call) -> Followed | str:
    """Each channel is made of all, but under its own number."""
    (source,), (out,) = call.inputs, call.outputs
    held = {out: f"{call} looks at several channels at once"}
    return Followed(links=(each(source, out),), held=held)


def dropout(call: Call) -> Followed | str:
    """Also of whole samples or places."""
    shape = getattr(call.layer, "noise_shape", None)
    return each_alone(call) if shape is None or shape[-1] in (None, 1) else "has a noise_shape"


def rescaling(call: Call) -> Followed | str:
    alike = np.ndim(call.layer.scale) == 0 and np.ndim(call.layer.offset) == 0
    return each_alone(call) if alike else "has a scale for each channel"


def merged(call: Call) -> Followed | str:
    """Several values of one size; what has one channel is for all channels of the others."""
    (out,) = call.outputs
    if any(len(value.shape) != len(out.shape) for value in call.inputs):
        return "joins values of different ranks"
    alone = [value for value in call.inputs if value.channels != out.channels]
    if any(value.channels != 1 for value in alone):
        return "joins values of different sizes"
    if any(np.ndim(constant) for constant in call.constants):
        return "has a constant for each channel"
    alike = (value for value in call.inputs if value.channels == out.channels)
    return Followed(
        links=tuple(each(value, out) for value in alike),
        held=dict.fromkeys(alone, f"{call} repeats its one channel") if out.channels > 1 else {},
    )


def concatenated(call: Call, axis: int) -> Followed | str:
    (out,) = call.outputs
    rank = len(out.shape) + 1
    if axis % rank != rank - 1:
        return Followed(links=tuple(each(value, out) for value in call.inputs))
    counts = [value.channels for value in call.inputs]
    begins = accumulate(counts[:-1], initial=0)
    return Followed(
        links=tuple(
            (value, all_of(value), out, begin + all_of(value))
            for value, begin in zip(call.inputs, begins, strict=True)
        )
    )


def reshaped(setting: str | None) -> Rule:
    """Where pixels become longer or shorter by whole pixels, elements keep their channels.
    setting: the new shape's, if there is one."""

    def rule(call: Call) -> Followed | str:
        (source,), (out,) = call.inputs, call.outputs
        before, after = source.channels, out.channels
        if None in (*source.shape, *out.shape) or max(before, after) % min(before, after):
            return "mixes channels and places"
        numbers = np.arange(max(before, after))
        return Followed(
            links=((source, numbers % before, out, numbers % after),),
            shapes={setting: out} if setting else {},
        )

    return rule


def permuted(call: Call) -> Followed | str:
    dims = call.layer.dims
    return each_alone(call) if dims[-1] == len(dims) else "moves channels to places"


def reduced(call: Call, axis: Any) -> Followed | str:
    """axis: one or several, counted with the batch; None for all."""
    rank = len(call.inputs[0].shape) + 1
    axes = {rank - 1} if axis is None else {int(a) % rank for a in np.ravel(axis)}
    return "reduces over channels" if rank - 1 in axes else each_alone(call)
