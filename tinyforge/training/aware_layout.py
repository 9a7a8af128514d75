"""Which layers the toolkit rounds together, because the converter makes one operator of them."""

from __future__ import annotations

from functools import cache
from typing import Any

from tinyforge.training.runtime import module, tfmot

_CORE = "tensorflow_model_optimization.python.core.quantization.keras"
# In the toolkit's own order. Source: default_8bit_quantize_layout_transform.py of tfmot 0.8.1.
_ITS_OWN = (
    "InputLayerQuantize",
    "SeparableConv1DQuantize",
    "SeparableConvQuantize",
    "Conv2DReshapeBatchNormReLUQuantize",
    "Conv2DReshapeBatchNormActivationQuantize",
    "Conv2DBatchNormReLUQuantize",
    "Conv2DBatchNormActivationQuantize",
    "Conv2DReshapeBatchNormQuantize",
    "Conv2DBatchNormQuantize",
    "ConcatTransform6Inputs",
    "ConcatTransform5Inputs",
    "ConcatTransform4Inputs",
    "ConcatTransform3Inputs",
    "ConcatTransform",
    "DenseBatchNormQuantize",
    "DenseBatchNormReLUQuantize",
    "DenseBatchNormActivationQuantize",
)


@cache
def layout() -> Any:
    """The toolkit's layout, but for a ReLU behind a Conv2D, DepthwiseConv2D or Dense: the toolkit's
    own then leaves off rounding the weights as well, and with that what keeps zeros."""
    its = module(f"{_CORE}.default_8bit.default_8bit_transforms")
    aware = module(f"{_CORE}.quantize_aware_activation")
    serialized = module(f"{_CORE}.utils").serialize_activation
    quantization = tfmot().quantization.keras
    relu, plain = (
        its.LayerReLUQuantize,
        quantization.default_8bit.Default8BitQuantizeLayoutTransform,
    )
    transformer = quantization.graph_transformations.model_transformer.ModelTransformer

    def unrounded(source: Any) -> None:
        """Between the two nothing is rounded."""
        function = aware.NoOpActivation()
        source.layer["config"]["activation"] = serialized(function, use_legacy_format=True)

    class Relu(relu):  # type: ignore[misc, valid-type]  # of an untyped library
        def replacement(self, match_layer: Any) -> Any:
            (source,) = match_layer.input_layers
            if source.layer["class_name"] == "Add":
                return super().replacement(match_layer)
            if source.layer["config"]["activation"] == "linear":
                unrounded(source)
            return match_layer

        def custom_objects(self) -> Any:
            return {**super().custom_objects(), "NoOpActivation": aware.NoOpActivation}

    class ReluActivation(Relu):
        def pattern(self) -> Any:
            return its.LayerReluActivationQuantize().pattern()

    class Layout(plain):  # type: ignore[misc, valid-type]
        def apply(self, model: Any, layer_quantize_map: Any) -> Any:
            transforms = [*(getattr(its, name)() for name in _ITS_OWN), Relu(), ReluActivation()]
            names = set(layer_quantize_map)
            return transformer(model, transforms, names, layer_quantize_map).transform()

    return Layout()
