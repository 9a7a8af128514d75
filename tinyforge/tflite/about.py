"""What a .tflite file says of its data, in metadata of our own: it travels with the model."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import msgspec

from tinyforge.errors import ForgeError
from tinyforge.graph.types import Graph

_NAME = "tinyforge"
_Side = Annotated[int, msgspec.Meta(ge=1, le=8192)]  # pixels
_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class About(msgspec.Struct, frozen=True, omit_defaults=True):
    """range: what the input's real values are, as datasets.ranges reads it; "" if not known.

    classes: the names of what the outputs stand for, in their order, or none. float_accuracy: of
    the model that was quantized, None if not known; examples: how many it was measured on. anew:
    every inference begins with the states as they are before the first one. window: how many rows
    an answer is of, where the input is the newest of them; 0 where it is all there is. resized:
    height and width of the pictures that were scaled to the input's; None where none were, or not
    all of one size.
    """

    range: Annotated[str, msgspec.Meta(max_length=400)] = ""
    classes: Annotated[tuple[str, ...], msgspec.Meta(max_length=100_000)] = ()
    float_accuracy: _Share | None = None
    examples: Annotated[int, msgspec.Meta(ge=0)] = 0
    anew: bool = False
    window: Annotated[int, msgspec.Meta(ge=0)] = 0
    resized: tuple[_Side, _Side] | None = None


def about(graph: Graph) -> About:
    """What the model's file says. ForgeError when that is damaged."""
    content = graph.metadata.get(_NAME)
    if content is None:
        return About()
    try:
        return msgspec.json.decode(content, type=About)
    except msgspec.DecodeError as error:
        raise ForgeError(
            f"what the file says of its data is damaged: {error}",
            where=f"{graph.name}, metadata {_NAME!r}",
            fix="make the file anew: tinyforge quantize",
        ) from error


def with_about(graph: Graph, said: About) -> Graph:
    """The graph, saying this of its data."""
    return replace(graph, metadata={**graph.metadata, _NAME: msgspec.json.encode(said)})


def remembers(graph: Graph) -> bool:
    """Whether an answer depends on the inputs before: the model has states, and keeps them."""
    return bool(graph.states) and not about(graph).anew


def noted(said: About) -> dict[str, bytes]:
    """Metadata that says this of a model's data; none where it says nothing."""
    return {} if said == About() else {_NAME: msgspec.json.encode(said)}
