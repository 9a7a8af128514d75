"""What a Keras model's description (config.json) may name: known layers and plain settings.

Keras turns every entry with a class_name into a Python object, importing its module if it has to.
The list below is of what may appear, not of what may not: new tricks are refused as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tinyforge.errors import ForgeError
from tinyforge.training.layers import ACTIVATIONS, LAYERS, MODELS, known

_MAX_DEPTH = 60

# Keras registers its own classes under these modules.
_MODULES = frozenset(
    {
        "keras",
        "keras.layers",
        "keras.models",
        "keras.initializers",
        "keras.regularizers",
        "keras.constraints",
        "keras.src.models.functional",
        "keras.src.models.sequential",
    }
)

# They only matter in training, but they stand in every saved file.
_HELPERS = frozenset(
    {
        "Constant",
        "GlorotNormal",
        "GlorotUniform",
        "HeNormal",
        "HeUniform",
        "L1",
        "L1L2",
        "L2",
        "LecunNormal",
        "LecunUniform",
        "MaxNorm",
        "NonNeg",
        "Ones",
        "OrthogonalInitializer",
        "Orthogonal",
        "RandomNormal",
        "RandomUniform",
        "TruncatedNormal",
        "UnitNorm",
        "VarianceScaling",
        "Zeros",
    }
)

# Markers of Keras' own JSON: how it writes tuples, and the tensors a layer is called with.
_MARKERS = frozenset({"__tuple__", "__keras_tensor__"})

_CLASSES = LAYERS | MODELS | _HELPERS | {"DTypePolicy"}

_FIX = (
    "build the model of Keras' own layers (tinyforge knows {known}); if you made this file "
    "yourself, or trust who did: --trust-model"
)

# Settings that name a function, and those that name a file or address to read.
_FUNCTIONS = frozenset({"activation", "recurrent_activation", "function"})
_RESOURCES = frozenset({"vocabulary", "file_path", "filepath", "path", "url"})


def check_description(description: Mapping[str, Any], file: str) -> None:
    """Raises ForgeError, naming the layer, if Keras would have to build anything unknown."""
    if not known(description.get("class_name"), MODELS):
        raise ForgeError(
            f"the file describes a {description.get('class_name')!r}, not a model of layers",
            where=file,
            fix=_fix(),
        )
    for where, entry in _entries(description, file, 0):
        _check(entry, where)


def _fix() -> str:
    return _FIX.format(known=", ".join(sorted(LAYERS)))


def _entries(value: Any, where: str, depth: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every JSON object of the description, with the name of the layer that it is in."""
    if depth > _MAX_DEPTH:
        raise ForgeError("the description is nested too deeply", where=where, fix=_fix())
    if isinstance(value, dict):
        config = value.get("config")
        name = config.get("name") if isinstance(config, dict) else None
        if known(value.get("class_name"), MODELS) or isinstance(name, str):
            where = f"layer {name!r:.80}"
        yield where, value
        # The compile settings are dropped before loading, so what they name is never built.
        children = [v for k, v in value.items() if k != "compile_config"]
    else:
        children = value if isinstance(value, list) else []
    for child in children:
        yield from _entries(child, where, depth + 1)


def _check(entry: Mapping[str, Any], where: str) -> None:
    if "class_name" in entry:
        _check_class(entry, where)
    for key in _FUNCTIONS & entry.keys():
        if entry[key] is not None and not known(entry[key], ACTIVATIONS):
            raise ForgeError(
                f"{key} {entry[key]!r:.80} is not one of Keras' plain activations",
                where=where,
                fix=f"use one of {', '.join(sorted(ACTIVATIONS))}",
            )
    for key in _RESOURCES & entry.keys():
        if entry[key] is not None:
            raise ForgeError(
                f"the model would read {key} {entry[key]!r:.80}", where=where, fix=_fix()
            )


def _check_class(entry: Mapping[str, Any], where: str) -> None:
    name = entry["class_name"]
    if known(name, _MARKERS):
        return
    if not known(name, _CLASSES):
        raise ForgeError(f"the layer or object {name!r:.80} is not known", where=where, fix=_fix())
    module = entry.get("module", "keras")
    if not known(module, _MODULES):
        raise ForgeError(
            f"{name} would come from the module {module!r:.80}, not from Keras",
            where=where,
            fix=_fix(),
        )
    registered = entry.get("registered_name")
    if registered not in (None, name):
        raise ForgeError(
            f"{name} is registered under another name, {registered!r:.80}", where=where, fix=_fix()
        )
