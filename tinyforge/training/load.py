"""Loading a user's Keras model without running what it brings along.

Keras builds whatever a file's description names: Python functions, classes of other packages,
files to read. So nothing is handed to Keras before it has been looked at: the file's parts, every
entry of the description against lists of known layers, and the weights. What Keras then opens is
a fresh file of these parts alone.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tinyforge.errors import ForgeError
from tinyforge.training.aware import aware_model
from tinyforge.training.child import expected
from tinyforge.training.custom import own_objects
from tinyforge.training.description import check_description, entries
from tinyforge.training.keras_file import FIX_FILE, WEIGHTS, KerasFile, read_keras
from tinyforge.training.layers import AWARE, PRUNING, known
from tinyforge.training.model import Model
from tinyforge.training.rewrite import rewritten
from tinyforge.training.runtime import keras, quiet, tf_keras, tfmot
from tinyforge.training.saved_model import load_saved_model
from tinyforge.training.settings import CHECKED, Loading


def load_keras(
    path: Path,
    how: Loading = CHECKED,
    *,
    note: Callable[[str], None] = lambda _: None,
) -> Model:
    """The model in a .keras or .h5 file or a SavedModel folder, not compiled: of Keras 3, or of
    tf_keras if Keras 2 wrote it. It computes in float32, and its inputs have fixed sizes.

    note is told what was changed on the way. ForgeError for anything but a sound file of known
    layers.
    """
    if path.is_dir() and (path / "saved_model.pb").is_file():
        return load_saved_model(path, trust=how.trust, shape=how.shape)
    if path.is_dir():
        raise ForgeError(
            "the folder holds no saved_model.pb",
            where=str(path),
            fix="give a .keras or .h5 file, or the folder that model.export() wrote",
        )
    if not path.is_file():
        raise ForgeError("no such file", where=str(path), fix="check the path to the .keras file")
    file = read_keras(path, trust=how.trust)
    own = own_objects(how.custom, file.description)
    if not how.trust:
        check_description(file.description, str(path), own)
    description = rewritten(file.description, how.shape, note)
    with tempfile.TemporaryDirectory(prefix="tinyforge-") as folder:
        written = file.write(Path(folder), description)
        model = _loaded(written, file, str(path), own, safe=not how.trust)
    _require_inputs(model, path)
    return _stripped(model, file, note)


def _require_inputs(model: Model, path: Path) -> None:
    """What is subclassed, or was never called, does not know its inputs."""
    try:
        known_inputs = bool(model.inputs)
    except (AttributeError, ValueError):
        known_inputs = False
    if not known_inputs:
        raise ForgeError(
            f"the {type(model).__name__} model does not say what its inputs are",
            where=str(path),
            fix="save it as a functional model, e.g. of pictures of 32x32x3: x = keras.Input((32, "
            "32, 3)); keras.Model(x, model.call(x)).save('model.keras')",
        )


def _loaded(
    written: Path, file: KerasFile, where: str, own: Mapping[str, Any], *, safe: bool
) -> Model:
    library = keras() if file.version == 3 else tf_keras()
    try:
        with quiet(), expected(), ExitStack() as scopes:
            if _names(file, PRUNING):
                scopes.enter_context(tfmot().sparsity.keras.prune_scope())
            if _names(file, AWARE):
                scopes.enter_context(tfmot().quantization.keras.quantize_scope())
                if WEIGHTS in file.content:
                    return aware_model(file.description, file.content[WEIGHTS], own, safe=safe)
            return library.saving.load_model(
                written, custom_objects=dict(own), compile=False, safe_mode=safe
            )
    except ForgeError:
        raise
    except Exception as error:  # Keras raises whatever the part that fails happens to raise
        fix = f"{FIX_FILE} and a current Keras 3; and load it there once to see that it works"
        if _names(file, AWARE):
            fix = "save the quantization-aware model as model.save('model.h5')"
        raise ForgeError(
            f"Keras cannot load this model: {_reason(error)}", where=where, fix=fix
        ) from error


def _names(file: KerasFile, classes: frozenset[str]) -> bool:
    return any(known(e.get("class_name"), classes) for _, e in entries(file.description, ""))


def _stripped(model: Model, file: KerasFile, note: Callable[[str], None]) -> Model:
    """Without the wrappers that pruning needs while it trains."""
    if not _names(file, PRUNING):
        return model
    note("the layers are still wrapped for pruning (strip_pruning was not called): stripped")
    with quiet():
        return tfmot().sparsity.keras.strip_pruning(model)


def _reason(error: Exception) -> str:
    """The innermost of the messages that Keras wraps into each other, one line of it."""
    lines = str(error).rsplit("Exception encountered: ", 1)[-1].strip().splitlines()
    return lines[0] if lines else type(error).__name__
