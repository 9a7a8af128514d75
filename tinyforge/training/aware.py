"""Quantization-aware models in .keras files, whose weights Keras cannot place by itself.

The toolkit's wrappers have their layer's weights as their own too: a .keras file holds them twice,
and Keras expects them once. Here the model is built from its description, and each layer takes
what is stored under its name: its own weights last, and apart from them its inner layer's.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from tinyforge.training.description import entries
from tinyforge.training.runtime import module, tf_keras

_ROOTS = ("layers", "_layer_checkpoint_dependencies")


def aware_model(
    description: Mapping[str, Any], weights: bytes, own: Mapping[str, Any], *, safe: bool
) -> Any:
    """The model, of tf_keras, in the toolkit's scope. weights: of the file's model.weights.h5.

    ValueError where they are not those of the model's layers.
    """
    # A layer that is built before it is called would have its weights twice.
    config = {k: v for k, v in description.items() if k not in ("build_config", "compile_config")}
    for _, entry in entries(config, "model"):
        entry.pop("build_config", None)  # type: ignore[attr-defined]
    model = tf_keras().saving.deserialize_keras_object(
        config, custom_objects=dict(own), safe_mode=safe
    )
    with module("h5py").File(io.BytesIO(weights), "r") as file:
        root = next((file[name] for name in _ROOTS if name in file), None)
        if root is None:
            raise ValueError("the file's weights are not by layer")
        count: Counter[str] = Counter()
        for layer in model.layers:
            kind = _snake(type(layer).__name__)
            name = f"{kind}_{count[kind]}" if count[kind] else kind
            count[kind] += 1
            _fill(layer, root.get(name), name)
            inner = getattr(layer, "layer", None)
            if inner is not None:
                _fill(inner, root.get(f"{name}/layer"), f"{name}/layer")
    return model


def _snake(name: str) -> str:
    """How Keras 2 names a group of weights. Source: to_snake_case of keras/saving/saving_lib.py."""
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()


def _fill(layer: Any, group: Any, where: str) -> None:
    """Sets what is the layer's own, without what lies in layers within it."""
    wanted = [*layer._trainable_weights, *layer._non_trainable_weights]
    stored = group["vars"] if group is not None and "vars" in group else {}
    values = [np.asarray(stored[str(i)]) for i in range(len(stored))]
    values = values[len(values) - len(wanted) :] if wanted else []
    shapes = [tuple(w.shape) for w in wanted]
    if len(values) != len(wanted) or [v.shape for v in values] != shapes:
        raise ValueError(f"weights of {where} are {[v.shape for v in values]}, expected {shapes}")
    for weight, value in zip(wanted, values, strict=True):
        weight.assign(value)
