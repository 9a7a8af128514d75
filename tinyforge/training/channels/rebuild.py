"""The same model with fewer channels: layers made anew from their settings, with what is left of
their weights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.errors import ForgeError
from tinyforge.training.channels.calls import KERAS, Path, layers_by_path
from tinyforge.training.channels.groups import Groups, Keep
from tinyforge.training.channels.listening import answers_without
from tinyforge.training.description import entries
from tinyforge.training.model import Model, given
from tinyforge.training.runtime import library_of, quiet

_BUILT = ("build_config", "build_input_shape", "compile_config")  # sizes as they were
_SHAPES = ("batch_shape", "batch_input_shape")  # Keras 3's name and Keras 2's
_TOLERANCE = 1e-4  # of the largest answer, at least of 1
_TRIED = 4  # samples


def without(model: Model, groups: Groups, keep: Keep, samples: npt.NDArray[np.float32]) -> Model:
    """The model without the channels of the groups that go; not compiled.

    Its answers to the first samples (n, *input shape) are compared with the model's whose channels
    are zero where they are read: ForgeError where they differ by more than float32 rounds.
    """
    with quiet():
        description = json.loads(model.to_json())
        _resize(description, _settings(groups, keep))
        library = library_of(model)
        small = library.models.model_from_json(json.dumps(description), _own(model))
        _fill(model, small, groups, keep)
    _check(model, small, groups, keep, samples[:_TRIED])
    return small


def _settings(groups: Groups, keep: Keep) -> Mapping[Path, Mapping[str, Any]]:
    """By layer, what changes in its settings."""
    changed: dict[Path, dict[str, Any]] = {}
    for call, known in zip(groups.network.calls, groups.followed, strict=True):
        settings = changed.setdefault(known.settings_of or call.path, {})
        for name, value in known.sizes.items():
            settings[name] = int(keep[groups.of[value.index]].sum())
        for name, value in known.shapes.items():
            settings[name] = [*value.shape[:-1], int(keep[groups.of[value.index]].sum())]
        if call.kind == "InputLayer":
            (value,) = call.outputs
            left = int(keep[groups.of[value.index]].sum())
            settings |= {key: [*value.shape[:-1], left] for key in _SHAPES}
    return changed


def _resize(description: dict[str, Any], changed: Mapping[Path, Mapping[str, Any]]) -> None:
    for _, entry in entries(description, "model"):
        for key in _BUILT:
            entry.pop(key, None)  # type: ignore[attr-defined]
    _resize_layers(description["config"]["layers"], (), changed)


def _resize_layers(
    layers: list[dict[str, Any]], within: Path, changed: Mapping[Path, Mapping[str, Any]]
) -> None:
    """within: the names of the models, or of the layer, that these are in."""
    for layer in layers:
        config = layer["config"]
        path = (*within, config["name"])
        inner = config.get("layers", [config["layer"]] if "layer" in config else [])
        _resize_layers(inner, path, changed)
        for name, setting in changed.get(path, {}).items():
            if name in config:
                batch = config[name][:1] if name in _SHAPES else []
                config[name] = [*batch, *setting] if name in _SHAPES else setting


def _own(model: Model) -> dict[str, Any]:
    """Classes of layers that are not Keras's, which it must be told."""
    kinds = {type(layer) for _, layer in layers_by_path(model)}
    return {kind.__name__: kind for kind in kinds if kind.__module__.partition(".")[0] not in KERAS}


def _fill(model: Model, small: Model, groups: Groups, keep: Keep) -> None:
    cuts = {
        call.path: known.cuts
        for call, known in zip(groups.network.calls, groups.followed, strict=True)
    }
    theirs = dict(layers_by_path(small))
    for path, layer in layers_by_path(model):
        weights = [np.asarray(weight) for weight in getattr(layer, "weights", ())]
        for cut in cuts.get(path, ()):
            weight = weights[cut.weight]
            weights[cut.weight] = np.compress(groups.alive(cut, keep), weight, axis=cut.axis)
        if weights:
            theirs[path].set_weights(weights)


def _check(
    model: Model, small: Model, groups: Groups, keep: Keep, inputs: npt.NDArray[np.float32]
) -> None:
    expected = _flat(answers_without(model, groups, keep, given(model, inputs)))
    with quiet():
        found = _flat(small(given(small, inputs), training=False))
    for theirs, ours in zip(expected, found, strict=True):
        off = float(np.abs(ours - theirs).max())
        if not off <= _TOLERANCE * max(1.0, float(np.abs(theirs).max())):
            raise ForgeError(
                f"without its channels the model answers other things, by {off:.3g}",
                where=f"model {model.name!r}",
                fix="please report this with the model; --structure unstructured keeps channels",
            )


def _flat(answers: Any) -> list[Any]:
    if isinstance(answers, dict):
        answers = [*answers.values()]
    return [np.asarray(a) for a in (answers if isinstance(answers, list | tuple) else [answers])]
