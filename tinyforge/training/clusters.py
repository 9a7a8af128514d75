"""Weight clustering: every kernel's weights become a few values that many of them share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinyforge.datasets.types import Progress, silent
from tinyforge.errors import ForgeError
from tinyforge.training.bridge import as_tf_keras
from tinyforge.training.model import Lesson, Model, cross_entropy, fit, tuning_epochs
from tinyforge.training.recipe import require_clusters
from tinyforge.training.runtime import quiet, tf_keras, tfmot
from tinyforge.training.settings import Settings

_MOST = 256  # values of int8
_SHARED = 0.9  # different values over weights, below which they are clusters
CLUSTERED = ("Conv2D", "Dense")


@dataclass(frozen=True, eq=False)
class Clustered:
    """model: of tf_keras. left: layers with kernels that have as many values as before."""

    model: Model
    left: tuple[str, ...]


def cluster(
    model: Model,
    training: Lesson,
    settings: Settings,
    count: int,
    *,
    loss: Callable[[Model], Any] = cross_entropy,
    seed: int = 0,
    progress: Progress = silent,
) -> Clustered:
    """A copy whose Conv2D and Dense kernels have at most count different weights each, trained on.

    model: of Keras 3 or tf_keras; left as it is. loss: for a model, of its library. Zeros stay, and
    are one of the values. Kernels with no more weights than that, and of other layers, stay as they
    are. ForgeError for a count that cannot be, and where no kernel can be clustered.
    """
    require_clusters(count)
    tf_keras().utils.set_random_seed(seed)
    flat = as_tf_keras(model)
    fits = [layer for layer in flat.layers if _fits(layer, count)]
    left = [layer for layer in flat.layers if _has_kernel(layer) and layer not in fits]
    named = tuple(f"{layer.name} ({type(layer).__name__})" for layer in left)
    if not fits:
        raise ForgeError(
            f"no layer of the model has weights for {count} clusters: {', '.join(named) or 'none'}",
            fix="leave --cluster out, or use Conv2D and Dense layers with more weights than that",
        )
    with quiet():
        for layer in fits:
            _turn(layer)
        wrapped = _wrapped(flat, fits, count)
        for layer in left:
            layer.trainable = False
    fit(
        wrapped,
        training,
        tuning_epochs(settings, len(training.inputs)),
        settings,
        loss=loss(flat),  # the wrappers hide which activation is the last
        stage="cluster",
        progress=progress,
    )
    with quiet():
        clustered = tfmot().clustering.keras.strip_clustering(wrapped)
    for layer in left:
        layer.trainable = True
    return Clustered(clustered, named)


def is_clustered(kernel: npt.NDArray[Any]) -> bool:
    """Whether the weights that are not zero are few values, shared by many of them."""
    used = kernel[kernel != 0]
    return bool(len(np.unique(used)) <= min(_MOST, _SHARED * used.size))


def distinct_of(model: Model) -> int:
    """The most different weights that a clustered kernel of the model has; 0 if it has none."""
    kernels = (weight for weight in model.get_weights() if weight.ndim > 1)
    return max((len(np.unique(kernel)) for kernel in kernels if is_clustered(kernel)), default=0)


def _wrapped(model: Model, fits: list[Any], count: int) -> Model:
    clustering = tfmot().clustering.keras
    names = {layer.name for layer in fits}

    def around(layer: Any) -> Any:
        if layer.name not in names:
            return layer
        return clustering.cluster_weights(
            layer,
            number_of_clusters=count,
            cluster_centroids_init=clustering.CentroidInitialization.KMEANS_PLUS_PLUS,
            preserve_sparsity=bool((np.asarray(layer.kernel) == 0).any()),
        )

    return tf_keras().models.clone_model(model, clone_function=around)


def _turn(layer: Any) -> None:
    """Turns the signs of channels that a normalization behind the layer turns again: the converter
    multiplies the kernel by the normalization's factors, and would make two values of one. What the
    model computes stays the same."""
    behind = [node.layer for node in layer._outbound_nodes]
    if [type(b).__name__ for b in behind] != ["BatchNormalization"] or not behind[0].scale:
        return
    (normalization,) = behind
    if layer.activation.__name__ != "linear":
        return
    sign = np.where(np.asarray(normalization.gamma) < 0, np.float32(-1), np.float32(1))
    turned = [layer.kernel, normalization.gamma, normalization.moving_mean]
    for weight in [*turned, layer.bias] if layer.use_bias else turned:
        weight.assign(weight * sign)


def _has_kernel(layer: Any) -> bool:
    return any(len(weight.shape) > 1 for weight in layer.weights)


def _fits(layer: Any, count: int) -> bool:
    return type(layer).__name__ in CLUSTERED and np.unique(np.asarray(layer.kernel)).size > count
