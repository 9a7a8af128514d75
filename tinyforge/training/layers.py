"""What a Keras model may name without being trusted: Keras's own layers, operators and functions.

Left out are the layers that load code or files: Lambda, TFSMLayer, TorchModuleWrapper, JaxLayer,
FlaxLayer, and the look-ups of text.
"""

from __future__ import annotations

from typing import Any


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LAYERS_OF_BOTH = """
Activation ActivityRegularization Add AdditiveAttention AlphaDropout Attention Average
AveragePooling1D AveragePooling2D AveragePooling3D BatchNormalization Bidirectional
CategoryEncoding CenterCrop Concatenate Conv1D Conv1DTranspose Conv2D Conv2DTranspose Conv3D
Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D Cropping1D Cropping2D Cropping3D Dense
DepthwiseConv1D DepthwiseConv2D Discretization Dot Dropout ELU EinsumDense Embedding Flatten GRU
GRUCell GaussianDropout GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D
GlobalAveragePooling3D GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GroupNormalization
HashedCrossing Hashing Identity InputLayer LSTM LSTMCell LayerNormalization LeakyReLU Masking
MaxPooling1D MaxPooling2D MaxPooling3D Maximum Minimum MultiHeadAttention Multiply Normalization
PReLU Permute RNN RandomBrightness RandomContrast RandomCrop RandomFlip RandomRotation
RandomTranslation RandomZoom ReLU RepeatVector Rescaling Reshape Resizing SeparableConv1D
SeparableConv2D SimpleRNN SimpleRNNCell Softmax SpatialDropout1D SpatialDropout2D SpatialDropout3D
SpectralNormalization StackedRNNCells Subtract TimeDistributed UnitNormalization UpSampling1D
UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D
"""

_LAYERS_OF_KERAS_3 = """
AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D AdaptiveMaxPooling1D
AdaptiveMaxPooling2D AdaptiveMaxPooling3D AugMix AutoContrast
ContrastLimitedAdaptiveHistogramEqualization CutMix Equalization GroupedQueryAttention
MaxNumBoundingBoxes MelSpectrogram MixUp Pipeline RMSNormalization RandAugment
RandomColorDegeneration RandomColorJitter RandomElasticTransform RandomErasing RandomGaussianBlur
RandomGrayscale RandomHue RandomInvert RandomPerspective RandomPosterization RandomSaturation
RandomSharpness RandomShear ReversibleEmbedding STFTSpectrogram Solarization
"""

_LAYERS_OF_KERAS_2 = (
    "LocallyConnected1D LocallyConnected2D RandomHeight RandomWidth ThresholdedReLU"
)

LAYERS = words(_LAYERS_OF_BOTH + _LAYERS_OF_KERAS_3 + _LAYERS_OF_KERAS_2)

# Refused whoever wrote the file: on a device there is no text.
TEXT_LAYERS = frozenset({"IntegerLookup", "StringLookup", "TextVectorization"})

MODELS = frozenset({"Sequential", "Functional"})

# `x + y` and the like in Keras 3: an operator of keras.ops as a node of its own.
OPERATORS = words(
    """
Abs Absolute Add Amax Amin Argmax Argmin Average AveragePool BroadcastTo Cast Clip Concatenate Copy
Cos Cumsum DepthToSpace Divide Einsum Elu Equal Erf Exp ExpandDims Flip Floor FloorDivide Gelu
GetItem Greater GreaterEqual HardSigmoid HardSilu HardTanh LeakyRelu Less LessEqual Log LogSigmoid
LogSoftmax LogicalAnd LogicalNot LogicalOr Matmul Max MaxPool Maximum Mean Min Minimum Mod Moveaxis
Multiply Negative Normalize NotEqual OneHot Pad Power Ravel Reciprocal Relu Relu6 Repeat Reshape
Resize Roll Round Rsqrt Selu Sigmoid Sign Silu Sin Slice Softmax Softplus Softsign SpaceToDepth
Split Sqrt Square Squeeze Stack StopGradient Subtract Sum Swapaxes Take Tan Tanh Tensordot Tile
Transpose TrueDivide Unstack Var Where ZerosLike
"""
)
OPERATOR_MODULES = frozenset(
    f"keras.src.ops.{name}" for name in ("core", "image", "math", "nn", "numpy")
)

# The same in Keras 2: a layer that calls a function of TensorFlow by its name.
FUNCTION_LAYERS = frozenset({"SlicingOpLambda", "TFOpLambda"})
FUNCTIONS = words(
    """
__operators__.add __operators__.getitem __operators__.eq __operators__.ne abs cast clip_by_value
compat.v1.transpose concat convert_to_tensor exp expand_dims image.resize math.abs math.add
math.add_n math.argmax math.divide math.divide_no_nan math.equal math.exp math.floordiv math.greater
math.greater_equal math.less math.less_equal math.log math.maximum math.minimum math.multiply
math.negative math.pow math.reduce_max math.reduce_mean math.reduce_min math.reduce_sum math.rsqrt
math.sigmoid math.softplus math.sqrt math.square math.subtract math.tanh math.truediv nn.avg_pool
nn.avg_pool2d nn.depth_to_space nn.elu nn.gelu nn.leaky_relu nn.log_softmax nn.max_pool
nn.max_pool2d nn.relu nn.relu6 nn.selu nn.sigmoid nn.silu nn.softmax nn.softplus nn.softsign
nn.space_to_depth nn.swish nn.tanh pad reshape reverse slice split squeeze stack strided_slice tile
transpose unstack where zeros_like
"""
)

# What the pruning and quantization toolkit wraps around layers.
PRUNING = frozenset({"PruneLowMagnitude", "ConstantSparsity", "PolynomialDecay"})
AWARE = words(
    """
AllValuesQuantizer Default8BitConvQuantizeConfig Default8BitConvTransposeQuantizeConfig
Default8BitConvTransposeWeightsQuantizer Default8BitConvWeightsQuantizer
Default8BitOutputQuantizeConfig Default8BitQuantizeConfig LastValueQuantizer MovingAverageQuantizer
NoOpActivation NoOpQuantizeConfig OutputOnlyConfig QuantizeAwareActivation QuantizeLayer
QuantizeWrapper QuantizeWrapperV2
"""
)

# Every name in keras.activations, of Keras 2 and 3.
ACTIVATIONS = words(
    """
celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh leaky_relu
linear log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax softplus
softsign sparse_plus sparse_sigmoid sparsemax squareplus swish tanh tanh_shrink threshold
"""
)


def known(name: Any, names: frozenset[str]) -> bool:
    """Whether name, which may be any JSON value, is one of names."""
    return isinstance(name, str) and name in names
