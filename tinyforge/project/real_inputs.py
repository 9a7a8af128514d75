"""What a project says of its input's real values: how a pixel, or a number, becomes one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinyforge.datasets.fit import picture_size
from tinyforge.datasets.ranges import Range, parse
from tinyforge.datasets.samples import channels_first
from tinyforge.graph import Graph
from tinyforge.names import c_float
from tinyforge.tflite.about import about


@dataclass(frozen=True)
class RealInputs:
    """comment: a sentence, for C and Markdown. macro: FORGE_INPUT_OF_... with its parameters, and
    body, its C expression; "" where a number counts as it is. call: how an application writes it,
    with `values[i]` as its argument."""

    comment: str
    macro: str = ""
    body: str = ""
    call: str = "values[i]"


@dataclass(frozen=True)
class Resized:
    """size, to: (height, width) of pictures and of the model's input."""

    size: tuple[int, int]
    to: tuple[int, int]
    channels: int


def resized(graph: Graph) -> Resized | None:
    """What the model's file says of its pictures. None where they had its size, or C cannot make it
    of one: channels that lie before the rows, a size that is nobody's."""
    size = about(graph).resized
    shape = graph.input_tensors[0].shape[1:]
    wanted = picture_size(shape) if len(graph.inputs) == 1 else None
    if size is None or wanted is None or channels_first(shape) or wanted[1] not in (1, 3):
        return None
    return Resized(size, *wanted)


def real_inputs(graph: Graph) -> RealInputs | None:
    """As the model's file says it; where it says nothing, that. None for several inputs."""
    if len(graph.inputs) > 1:
        return None
    text = about(graph).range
    if not text:
        return RealInputs(
            "Its real values are those that the model was trained on. Which these are, the model's "
            "file does not say"
        )
    to = parse(text)
    if to.values and to.mean == (0,) and to.std == (1,):
        return RealInputs("Its real values are the numbers that the model was trained on")
    kind, of = ("VALUE", "the numbers") if to.values else ("PIXEL", "pixels from 0 to 255")
    channel, of_i = "", ""
    if len(to.mean) > 1:
        channel, of_i = ", channel", f", {_channel(graph.input_tensors[0].shape[1:])}"
    macro = f"FORGE_INPUT_OF_{kind}({kind.lower()}{channel})"
    call = f"FORGE_INPUT_OF_{kind}(values[i]{of_i})"
    if to.values or "," in to.text:
        how = "less a mean, over a standard deviation"
    else:
        how = f"in the range {to.text}"
    return RealInputs(f"Its real values are {of} {how}", macro, _body(to, kind.lower()), call)


def _channel(shape: tuple[int, ...]) -> str:
    """The channel of the input's element i, as a C expression."""
    if channels_first(shape):
        return f"i / {shape[1] * shape[2]}"
    return f"i % {shape[-1]}"


def _body(to: Range, name: str) -> str:
    """(x - mean) / std in float32, as the examples of the proof were computed."""
    value = f"(float)({name})"
    if any(to.mean):
        value = f"({value} - {_chosen(to.mean)})"
    if any(std != 1 for std in to.std):
        value = f"{value} / {_chosen(to.std)}"
    return f"({value})"


def _chosen(values: Sequence[float]) -> str:
    """A constant, or one for each channel."""
    texts = [f"({c_float(value)})" if value < 0 else c_float(value) for value in values]
    if len(texts) == 1:
        return texts[0]
    cases = "".join(f"(channel) == {i} ? {text} : " for i, text in enumerate(texts[:-1]))
    return f"({cases}{texts[-1]})"
