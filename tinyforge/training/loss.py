"""What a model was trained to make small, from what its file says of how it was compiled.

Read as text from the file, never built by Keras: a name that is not known here counts as none.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from tinyforge.training.runtime import module

# Keras's own losses, by class; "mse" and "mean_squared_error" are functions of the same.
_REGRESSION = {
    "MeanSquaredError": ("mse", "mean_squared_error"),
    "MeanAbsoluteError": ("mae", "mean_absolute_error"),
    "MeanAbsolutePercentageError": ("mape", "mean_absolute_percentage_error"),
    "MeanSquaredLogarithmicError": ("msle", "mean_squared_logarithmic_error"),
    "Huber": ("huber", "huber_loss"),
    "LogCosh": ("log_cosh", "logcosh"),
    "Poisson": ("poisson",),
}
_CLASSES = {
    "BinaryCrossentropy": ("binary_crossentropy",),
    "CategoricalCrossentropy": ("categorical_crossentropy",),
    "SparseCategoricalCrossentropy": ("sparse_categorical_crossentropy",),
    "Hinge": ("hinge",),
    "SquaredHinge": ("squared_hinge",),
    "CategoricalHinge": ("categorical_hinge",),
    "KLDivergence": ("kl_divergence", "kld"),
}
_NAMES = {
    alias: name for name, aliases in (_REGRESSION | _CLASSES).items() for alias in (name, *aliases)
}
_MAX_BYTES = 16 << 20


def saved_loss(path: Path) -> str | None:
    """The class of the loss that the file of a model says it was compiled with; None if none."""
    settings = _h5_settings(path) if path.suffix in (".h5", ".hdf5") else _settings(path)
    loss = settings.get("loss")
    if isinstance(loss, (list, tuple)) and len(loss) == 1:
        (loss,) = loss
    if isinstance(loss, dict) and "class_name" not in loss and len(loss) == 1:
        (loss,) = loss.values()
    if isinstance(loss, dict):
        config = loss.get("config")
        named = config.get("name") if isinstance(config, dict) else config
        loss = loss.get("class_name")
        if loss == "function" and isinstance(named, str):
            loss = named
    return _NAMES.get(loss) if isinstance(loss, str) else None


def is_regression(loss: str | None) -> bool | None:
    """Whether a loss is of values to come near; None without one."""
    return None if loss is None else loss in _REGRESSION


def _settings(path: Path) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(path) as archive, archive.open("config.json") as stream:
            found = json.loads(stream.read(_MAX_BYTES)).get("compile_config")
    except (OSError, KeyError, ValueError, AttributeError, RecursionError, zipfile.BadZipFile):
        return {}  # what cannot be read is refused where the model is loaded
    return found if isinstance(found, dict) else {}


def _h5_settings(path: Path) -> dict[str, Any]:
    try:
        with module("h5py").File(path, "r") as file:
            found = json.loads(file.attrs.get("training_config", "{}"))
    except (OSError, ValueError, TypeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
