"""Changes to a model's description that keep its answers and let it be converted.

Weights are stored apart, so a description that is changed here is loaded with the same weights.
Each change is one function that changes the description in place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tinyforge.errors import ForgeError
from tinyforge.training.description import entries
from tinyforge.training.settings import Shape

Description = dict[str, Any]

_HALVES = frozenset(
    {"mixed_float16", "mixed_bfloat16", "float16", "bfloat16", "half", "float64", "double"}
)
_WHOLE = ("bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64")
_EARLY = ("keras.engine.", "keras.layers.core.")
_SHAPES = ("batch_shape", "batch_input_shape")  # Keras 3's name and Keras 2's


def rewritten(
    description: Description, shape: Shape | None, note: Callable[[str], None]
) -> Description:
    """The description in float32, of inputs with fixed sizes. shape: of inputs left open, or None.

    note is told of each change. The description given is changed.
    """
    for said in (_in_float32(description), _of_real_inputs(description)):
        if said:
            note(said)
    _of_later_modules(description)
    _of_any_batch(description)
    _of_shape(description, shape)
    return description


def _of_later_modules(description: Description) -> None:
    """Up to 2.12 Keras named the modules of its classes as they lay then, one folder higher."""
    for _, entry in entries(description, ""):
        module = entry.get("module")
        if isinstance(module, str) and module.startswith(_EARLY):
            entry["module"] = f"keras.src.{module.removeprefix('keras.')}"  # type: ignore[index]


def _in_float32(description: Description) -> str | None:
    """Mixed precision keeps float32 weights; what it rounds on the way is less exact than int8's
    calibration should be."""
    found = set()
    for _, entry in entries(description, ""):
        holder, key = _policy(entry)
        if holder is not None and holder[key] in _HALVES:
            found.add(holder[key])
            holder[key] = "float32"
    if not found:
        return None
    return f"the model computes in {' and '.join(sorted(found))}; it is converted in float32"


def _policy(entry: Mapping[str, Any]) -> tuple[dict[str, Any] | None, str]:
    """Where an entry keeps the name of its precision: {"dtype": name}, or a policy's config."""
    config = entry.get("config")
    if entry.get("class_name") in ("DTypePolicy", "Policy") and isinstance(config, dict):
        return config if isinstance(config.get("name"), str) else None, "name"
    return entry if isinstance(entry.get("dtype"), str) else None, "dtype"  # type: ignore[return-value]


def _of_real_inputs(description: Description) -> str | None:
    """Inputs of whole numbers become real ones of the same values; indices of an Embedding stay."""
    kinds = [entry.get("class_name") for _, entry in entries(description, "")]
    if "Embedding" in kinds:
        return None
    found = set()
    for config in _inputs(description):
        if config.get("dtype") in _WHOLE:
            found.add(config["dtype"])
            config["dtype"] = "float32"
    if not found:
        return None
    return (
        f"the model's input is {' and '.join(sorted(found))}; the firmware takes the same numbers, "
        "quantized to int8"
    )


def _of_any_batch(description: Description) -> None:
    """A batch that was fixed is left open: a device has a batch of one. A layer that keeps its
    state from one call to the next needs the batch fixed, and then it is one."""
    stateful = any(entry.get("stateful") is True for _, entry in entries(description, ""))
    for config in _inputs(description):
        for key in _SHAPES:
            if isinstance(config.get(key), list) and config[key]:
                config[key][0] = 1 if stateful else None


def _of_shape(description: Description, shape: Shape | None) -> None:
    """Gives open inputs their size. ForgeError if one is open and there is no shape, or a shape
    that contradicts it."""
    for config in _inputs(description):
        for key in _SHAPES:
            sizes = config.get(key)
            if isinstance(sizes, list) and None in sizes[1:]:
                config[key] = [sizes[0], *_closed(sizes[1:], shape, config.get("name"))]
    if shape is not None and not any(_fits(c, shape) for c in _inputs(description)):
        sizes = [c.get(k) for c in _inputs(description) for k in _SHAPES if k in c]
        raise ForgeError(
            f"the model's input is {_text(sizes[0][1:]) if sizes else 'unknown'}, not "
            f"{_text(shape)}",
            fix="leave --input-shape out, or save the model with Input((None, None, channels))",
        )


def _closed(sizes: list[Any], shape: Shape | None, name: Any) -> list[int]:
    where = f"input {name!r}"
    example = ",".join(str(size or 32) for size in sizes)
    if shape is None:
        raise ForgeError(
            f"the model's input is {_text(sizes)}: its size is not fixed",
            where=where,
            fix=f"say the size that the device will see: --input-shape {example}",
        )
    if len(shape) != len(sizes) or any(
        ours is not None and ours != theirs for ours, theirs in zip(sizes, shape, strict=True)
    ):
        raise ForgeError(
            f"the model's input is {_text(sizes)}, which cannot be {_text(shape)}",
            where=where,
            fix=f"give a shape like --input-shape {example}",
        )
    return list(shape)


def _fits(config: Mapping[str, Any], shape: Shape) -> bool:
    return any(config.get(key, [])[1:] == list(shape) for key in _SHAPES if config.get(key))


def _text(sizes: Any) -> str:
    return "(" + ", ".join("any" if size is None else str(size) for size in sizes) + ")"


def _inputs(description: Description) -> Iterator[dict[str, Any]]:
    """The configurations that give the model's own inputs their shape and type.

    Those are its InputLayers; in Keras 2 the first layer may have batch_input_shape instead.
    """
    config = description.get("config")
    layers = config.get("layers") if isinstance(config, dict) else None
    for layer in layers if isinstance(layers, list) else ():
        inner = layer.get("config") if isinstance(layer, dict) else None
        if isinstance(inner, dict) and any(key in inner for key in _SHAPES):
            yield inner
