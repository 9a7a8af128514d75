"""Applications around a sensor: which models they fit, and what files they need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from tinyforge.errors import ForgeError
from tinyforge.features import LogMel
from tinyforge.graph import DType, Graph, Tensor
from tinyforge.project.log_mel_file import log_mel_file
from tinyforge.spec import AppChoice

# Those whose input is a sensor's samples.
SENSED: tuple[AppChoice, ...] = ("listen", "motion")

_AXES = 3
_FEATURES = {field.name: field.type for field in fields(LogMel)}


def sensor_files(graph: Graph, app: AppChoice, microphone: Mapping[str, float]) -> dict[str, str]:
    """Text by path. microphone: of LogMel, what is not as by default.

    ForgeError for a model that the application does not fit, or settings that it cannot have.
    """
    if app not in SENSED:
        return {}
    tensor = _only_input(graph, app)
    if app == "listen":
        return log_mel_file(log_mel_of(tensor, microphone))
    if tensor.size % _AXES or _row(tensor) not in (_AXES, tensor.size):
        raise _misfit(tensor, "motion takes samples of three axes, in the last dimension")
    return {}


def log_mel_of(tensor: Tensor, microphone: Mapping[str, float]) -> LogMel:
    """The features that fit a model's input: as many channels as its rows have, if nothing else is
    said. ForgeError where none do."""
    for name, value in microphone.items():
        if name not in _FEATURES:
            raise ForgeError(
                f"no setting of a microphone: {name!r}",
                where="[microphone]",
                fix=f"these are: {', '.join(_FEATURES)}",
            )
        if _FEATURES[name] == "int" and not isinstance(value, int):
            raise ForgeError(
                f"{name} = {value} is no whole number", where="[microphone]", fix="give one"
            )
    features = LogMel(**{"channels": _row(tensor), **microphone})  # type: ignore[arg-type]
    features.require()
    if tensor.size % features.channels:
        raise _misfit(tensor, f"listen gives it rows of {features.channels}")
    return features


def _only_input(graph: Graph, app: AppChoice) -> Tensor:
    first = graph.input_tensors[0]
    if len(graph.input_tensors) == 1 and first.dtype is DType.INT8:
        return first
    raise _misfit(first, f"{app} takes a model with one input, of int8")


def _row(tensor: Tensor) -> int:
    """Values of a row: the last dimension that there is more than one of."""
    return next((n for n in reversed(tensor.shape) if n > 1), 1)


def _misfit(tensor: Tensor, what: str) -> ForgeError:
    shape = "x".join(map(str, tensor.shape))
    return ForgeError(
        f"the application does not fit the model: {what}, and its input is {shape}, "
        f"{tensor.dtype.name.lower()}",
        where=f"input {tensor.name!r}",
        fix="take another --app; [microphone] in tinyforge.toml sets channels",
    )
