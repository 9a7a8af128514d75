"""TensorFlow's SavedModel folders."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from tinyforge.errors import ForgeError
from tinyforge.training.child import expected
from tinyforge.training.model import Model
from tinyforge.training.runtime import keras, quiet, tensorflow
from tinyforge.training.saved_graph import harmless
from tinyforge.training.settings import Shape

_SIGNATURE = "serving_default"


def load_saved_model(folder: Path, *, trust: bool, shape: Shape | None) -> Model:
    """A Keras 3 model around the signature serving_default of a SavedModel.

    shape: of an input whose size is open. ForgeError without trust for a folder that could do more
    than compute: TensorFlow runs its operators, and there are ones that read and write files.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="tinyforge-") as name, quiet(), expected():
            return _wrapped(folder if trust else _checked(folder, Path(name)), shape)
    except ForgeError:
        raise
    except Exception as error:  # whatever TensorFlow happens to raise
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise ForgeError(
            f"TensorFlow cannot load this folder: {lines[0]}",
            where=str(folder),
            fix="save the model with model.save('model.keras')",
        ) from error


def _checked(folder: Path, into: Path) -> Path:
    """A copy of what computes, and of its weights."""
    (into / "saved_model.pb").write_bytes(harmless(folder))
    if (folder / "variables").is_dir():
        shutil.copytree(folder / "variables", into / "variables")
    return into


def _wrapped(folder: Path, shape: Shape | None) -> Model:
    signature = _signature(folder)
    inputs = []
    for name, spec in signature.structured_input_signature[1].items():
        sizes = tuple(spec.shape[1:])
        if None in sizes:
            sizes = shape or sizes
        inputs.append(keras().Input(sizes, dtype=spec.dtype.name, name=name))
    layer = keras().layers.TFSMLayer(str(folder), call_endpoint=_SIGNATURE)
    answers = layer(*inputs) if len(inputs) == 1 else layer(**{i.name: i for i in inputs})
    outputs = [answers[name] for name in signature.structured_outputs]
    return keras().Model(_alone(inputs), _alone(outputs))


def _alone(values: list[Any]) -> Any:
    return values[0] if len(values) == 1 else values


def _signature(folder: Path) -> Any:
    signatures = tensorflow().saved_model.load(str(folder)).signatures
    if _SIGNATURE not in signatures:
        raise ForgeError(
            f"the folder has no signature {_SIGNATURE!r}, but {', '.join(signatures) or 'none'}",
            where=str(folder),
            fix="export it with model.export(folder), or save it with model.save('model.keras')",
        )
    return signatures[_SIGNATURE]
