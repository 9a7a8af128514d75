"""What arrives at the layers that make each output of all channels, seen and changed there.

What becomes of a channel in between does not matter: where zeros arrive, nothing of it is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tinyforge.training.channels.calls import Call
from tinyforge.training.channels.follow import Followed
from tinyforge.training.channels.groups import Groups, Keep
from tinyforge.training.model import Model
from tinyforge.training.runtime import quiet, tensorflow

# A layer, and what it is given, to what it shall be given.
Listener = Callable[[Any, Any], Any]


def readers(groups: Groups) -> Iterator[tuple[Call, Followed]]:
    """Each of these layers once, in its first call; what it reads in others are the same groups."""
    seen: set[int] = set()
    for call, known in zip(groups.network.calls, groups.followed, strict=True):
        if known.reads and id(call.layer) not in seen:
            seen.add(id(call.layer))
            yield call, known


@contextmanager
def listened(groups: Groups, listener: Listener) -> Iterator[None]:
    """Within, the model runs step by step, and the listener is called with whatever is given to
    these layers."""
    layers = [call.layer for call, _ in readers(groups)]
    try:
        for layer in layers:
            layer.call = _calling(layer, layer.call, listener)
        yield
    finally:
        for layer in layers:
            if "call" in vars(layer):
                del layer.call


def answers_without(model: Model, groups: Groups, keep: Keep, inputs: Any) -> Any:
    """What the model answers if zeros arrive of every channel that is to go."""
    masks = {id(call.layer): keep[groups.of[call.inputs[0].index]] for call, _ in readers(groups)}
    tf = tensorflow()
    with quiet(), listened(groups, lambda layer, x: x * tf.cast(masks[id(layer)], x.dtype)):
        return model(inputs, training=False)


def _calling(layer: Any, call: Callable[..., Any], listener: Listener) -> Callable[..., Any]:
    def heard(inputs: Any, *args: Any, **named: Any) -> Any:
        return call(listener(layer, inputs), *args, **named)

    return heard
