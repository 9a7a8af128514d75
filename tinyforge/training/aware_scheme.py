"""How the toolkit wraps a model for quantization-aware training: which layers, with what kept.

Layers are wrapped by its own scheme that keeps zeros (PQAT), but for kernels whose weights are few
values: these stay equal too (CQAT, PCQAT). The toolkit's scheme for that gives each channel of a
Conv2D a scale of its own, and clusters too where all have as many: 16 values become up to 16 times
the channels in int8.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from tinyforge.errors import ForgeError
from tinyforge.training.aware_layout import layout
from tinyforge.training.clusters import CLUSTERED, is_clustered
from tinyforge.training.model import Model
from tinyforge.training.runtime import tensorflow, tf_keras, tfmot

_NORMALIZED = ("Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Dense")


def known_layers(model: Model) -> frozenset[str]:
    """The names of the layers that are wrapped. model: flat, of tf_keras."""
    registry = _scheme().get_quantize_registry()
    return frozenset(layer.name for layer in model.layers if _is_known(layer, registry))


def wrapped(model: Model, known: frozenset[str]) -> Model:
    """The model with these layers wrapped, and wrappers around its input. ForgeError where the
    toolkit cannot."""
    quantization = tfmot().quantization.keras

    def annotated(layer: Any) -> Any:
        return quantization.quantize_annotate_layer(layer) if layer.name in known else layer

    try:
        clone = tf_keras().models.clone_model(model, clone_function=annotated)
        return quantization.quantize_apply(clone, _scheme())
    except (RuntimeError, ValueError, TypeError) as error:
        raise ForgeError(
            f"the toolkit cannot wrap the model: {str(error).strip().partition(chr(10))[0][:200]}",
            fix="leave --qat out: quantizing after training takes the model as it is",
        ) from error


def _is_known(layer: Any, registry: Any) -> bool:
    kind = type(layer).__name__
    if len(layer._inbound_nodes) != 1:  # shared layers have no one range
        return False
    if kind == "BatchNormalization":  # wrapped with what it follows, or not at all
        source = layer._inbound_nodes[0].inbound_layers
        return (
            type(source).__name__ in _NORMALIZED
            and source.activation.__name__ == "linear"
            and len(source._outbound_nodes) == 1
            and len(source._inbound_nodes) == 1
        )
    if kind == "SeparableConv2D":  # the toolkit divides it in two that it knows
        return True
    return bool(registry.supports(layer))


@cache
def _scheme() -> Any:
    """The toolkit's scheme that keeps zeros, with a quantizer of kernels that keeps clusters."""
    scheme = type(tfmot().quantization.keras.collab_opts.Default8BitPrunePreserveQuantizeScheme())
    registry = type(scheme().get_quantize_registry())
    of_all = tfmot().quantization.keras.default_8bit.Default8BitQuantizeRegistry()

    class Registry(registry):  # type: ignore[misc, valid-type]  # of an untyped library
        def supports(self, layer: Any) -> bool:
            if not super().supports(layer):
                return False
            try:  # it refuses layers, and then functions, that it does not know
                of_all.get_quantize_config(layer).get_output_quantizers(layer)
            except ValueError:
                return False
            return True

        def get_quantize_config(self, layer: Any) -> Any:
            config = super().get_quantize_config(layer)
            if type(layer).__name__ in CLUSTERED:
                config.weight_quantizer = _keeping(config.weight_quantizer)
            return config

    class Scheme(scheme):  # type: ignore[misc, valid-type]
        def get_quantize_registry(self) -> Any:
            return Registry()

        def get_layout_transformer(self) -> Any:
            return layout()

    return Scheme()


def _keeping(plain: Any) -> Any:
    """A quantizer for a kernel's weights, of the toolkit's that keeps zeros.

    A cluster's weights become their mean, so that they are trained as one, and all channels have
    one range. Without clusters each has its own, but a channel of zeros the widest one's: the scale
    of a range without width leaves int32 no room for the bias.
    """
    tf = tensorflow()
    rounded = {
        0: tf.quantization.fake_quant_with_min_max_vars,
        1: tf.quantization.fake_quant_with_min_max_vars_per_channel,
    }

    class Keeping(tfmot().quantization.keras.quantizers.Quantizer):  # type: ignore[misc]
        def build(self, tensor_shape: Any, name: str, layer: Any) -> Any:
            kernel = np.asarray(getattr(layer.layer, name))
            self._cluster = None
            if is_clustered(kernel):
                values, cluster = np.unique(kernel, return_inverse=True)
                self._count, self._cluster = len(values), cluster.reshape(kernel.shape)
            return plain.build(tensor_shape, name, layer)

        def __call__(self, inputs: Any, training: Any, weights: Any, **_: Any) -> Any:
            kernel = inputs * weights["sparsity_mask"]
            if self._cluster is not None:
                means = tf.math.unsorted_segment_mean(kernel, self._cluster, self._count)
                kernel = tf.gather(means, self._cluster)
            low, high = weights["min_var"], weights["max_var"]
            if training:
                width = self._width(tf.abs(kernel), high.shape)
                low, high = low.assign(-width), high.assign(width)
            return rounded[high.shape.rank](kernel, low, high, narrow_range=True)

        def _width(self, sizes: Any, shape: Any) -> Any:
            widest = tf.broadcast_to(tf.reduce_max(sizes), shape)
            if self._cluster is not None or not shape.rank:
                return widest
            own = tf.reduce_max(sizes, axis=tuple(range(sizes.shape.rank - 1)))
            return tf.where(own > 0, own, widest)

        def get_config(self) -> Any:
            return {}

    return Keeping()
