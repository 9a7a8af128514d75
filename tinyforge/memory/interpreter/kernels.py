"""What each operator's kernel allocates: one row an operator.

Source: tensorflow/lite/micro/kernels/*.{h,cc}, kernels/cmsis_nn/*.cc, tensorflow/lite/core/api/
flatbuffer_conversions.cc, tensorflow/compiler/mlir/lite/core/c/builtin_op_data.h and
tensorflow/lite/kernels/internal/types.h of TensorFlow Lite Micro 90b983c2. The rows hold for int8
models; the reference kernels' for int16 and int4, too. What CMSIS-NN's kernels of int16 and int4
allocate besides, and what those of float do, is not described.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from tinyforge.memory.interpreter import prepare
from tinyforge.memory.interpreter.layer import OUT, Layer, Step
from tinyforge.memory.interpreter.target import Kernels, Target


@dataclass(frozen=True)
class Kernel:
    """options: layout of the parsed options. state: layout of what Init allocates. "" for none.

    prepare: the allocations of Prepare, in order.
    """

    options: str
    state: str
    prepare: Callable[[Layer], Iterable[Step]]


def kernel_for(name: str, target: Target) -> Kernel | None:
    """The kernel of an operator by TensorFlow Lite's name; None where none is described."""
    return _INSTEAD[target.kernels].get(name) or _REFERENCE.get(name)


_CONV_STATE = "{4i} 3i 2i 2P 2i i 2z"
_DENSE_STATE = "5i 3i i 2P b 2z"
_POOL_STATE = "{4i} 4i"
_SOFTMAX_STATE = "d 7i 5P"
_TRANSPOSE_CONV_STATE = "{b {4h} 4h 5i 2i 2i}"
_PAD_STATE = "{b 5i b 5i b} i"
_COMPARISON_STATE = "{7i b}"
_LSTM_OPTIONS = "E 2i 3b"
_LSTM_GATE = "{9i 3b} {9i 3b}"
_LSTM_PRODUCT = "{b 10i 2i 2i 2d 2h 5i}"
_LSTM_STATE = (
    f"{{b 4i}} {{i h i}} E {{{_LSTM_GATE}}} {{{_LSTM_GATE}}} {{{_LSTM_GATE}}} {{{_LSTM_GATE}}}"
    f" {{{_LSTM_PRODUCT} {_LSTM_PRODUCT} {_LSTM_PRODUCT}}} 4i"
)
_LSTM_GATE_CMSIS_NN = "{2i 2P 2i 3P E}"
_DENSE_OPTIONS = "2E 2b E 2Z"
_CONV_OPTIONS = "E 2i E 2i E"
_DEPTHWISE_CONV_OPTIONS = "E 3i E 2i"
_TRANSPOSE_CONV_OPTIONS = "E 2i 2E"
_POOL_OPTIONS = "E 4i E {4i}"
_NONE = prepare.looks_at()
_UNARY = prepare.looks_at(0, OUT)
_BINARY = prepare.looks_at(0, 1, OUT)
_BLOCK = prepare.new_dimensions(0, OUT)

_REFERENCE: Mapping[str, Kernel] = {
    "ABS": Kernel("", "i i i i b i E", _UNARY),
    "ADD": Kernel("E b", "b 14i", _BINARY),
    "ADD_N": Kernel("", "", prepare.add_n),
    "ARG_MAX": Kernel("E", "", _NONE),
    "ARG_MIN": Kernel("E", "", _NONE),
    "AVERAGE_POOL_2D": Kernel(_POOL_OPTIONS, _POOL_STATE, _UNARY),
    "BATCH_TO_SPACE_ND": Kernel("", "", _UNARY),
    "BROADCAST_TO": Kernel("", "", _BINARY),
    "CAST": Kernel("2E", "", _UNARY),
    "CONCATENATION": Kernel("i E", "{i 2P 3i} 10z", prepare.concatenation),
    "CONV_2D": Kernel(_CONV_OPTIONS, _CONV_STATE, prepare.conv_2d),
    "CUMSUM": Kernel("2b", "", prepare.cumsum),
    "DEPTHWISE_CONV_2D": Kernel(_DEPTHWISE_CONV_OPTIONS, _CONV_STATE, prepare.depthwise_conv_2d),
    "DEPTH_TO_SPACE": Kernel("i", "", _BLOCK),
    "DEQUANTIZE": Kernel("", "{d i} i i i", _UNARY),
    "DIV": Kernel("E", "7i", _BINARY),
    "DYNAMIC_UPDATE_SLICE": Kernel("", "", prepare.looks_at(0, 1, 2, OUT)),
    "ELU": Kernel("", "256b", _UNARY),
    "EMBEDDING_LOOKUP": Kernel("", "", prepare.embedding_lookup),
    "EQUAL": Kernel("", _COMPARISON_STATE, prepare.looks_at(0, 1)),
    "EXPAND_DIMS": Kernel("", "", _BINARY),
    "FILL": Kernel("", "", _BINARY),
    "FULLY_CONNECTED": Kernel(_DENSE_OPTIONS, _DENSE_STATE, prepare.fully_connected),
    "GATHER": Kernel("2i", "", prepare.new_dimensions(0, 1, OUT)),
    "GATHER_ND": Kernel("", "", prepare.new_dimensions(0, 1, OUT)),
    "GREATER": Kernel("", _COMPARISON_STATE, prepare.looks_at(0, 1)),
    "GREATER_EQUAL": Kernel("", _COMPARISON_STATE, prepare.looks_at(0, 1)),
    "HARD_SWISH": Kernel("", "3h i h i", _UNARY),
    "L2_NORMALIZATION": Kernel("E", "{i}", _UNARY),
    "LEAKY_RELU": Kernel("i", "6i", _UNARY),
    "LESS": Kernel("", _COMPARISON_STATE, prepare.looks_at(0, 1)),
    "LESS_EQUAL": Kernel("", _COMPARISON_STATE, prepare.looks_at(0, 1)),
    "LOG_SOFTMAX": Kernel("", "", prepare.log_softmax),
    "LOGICAL_AND": Kernel("", "", _NONE),
    "LOGICAL_NOT": Kernel("", "", _UNARY),
    "LOGICAL_OR": Kernel("", "", _NONE),
    "LOGISTIC": Kernel("", "4i", _UNARY),
    "MAXIMUM": Kernel("", "", _NONE),
    "MAX_POOL_2D": Kernel(_POOL_OPTIONS, _POOL_STATE, _UNARY),
    "MEAN": Kernel("b", "11i", prepare.mean_or_sum),
    "MINIMUM": Kernel("", "", _NONE),
    "MIRROR_PAD": Kernel("E", "5i", prepare.mirror_pad),
    "MUL": Kernel("E", "9i", _BINARY),
    "NEG": Kernel("", "", _NONE),
    "NOT_EQUAL": Kernel("", _COMPARISON_STATE, prepare.looks_at(0, 1)),
    "PACK": Kernel("2i", "", _NONE),
    "PAD": Kernel("", _PAD_STATE, prepare.looks_at(0, 1, 2, OUT)),
    "PADV2": Kernel("", _PAD_STATE, prepare.looks_at(0, 1, 2, OUT)),
    "PRELU": Kernel("", "7i", _BINARY),
    "QUANTIZE": Kernel("", "{i d} i i i", _UNARY),
    "REDUCE_ALL": Kernel("b", "11i", prepare.min_max),
    "REDUCE_MAX": Kernel("b", "11i", prepare.min_max),
    "REDUCE_MIN": Kernel("b", "11i", prepare.min_max),
    "RELU": Kernel("", "{{b 2i} 4i}", _UNARY),
    "RELU6": Kernel("", "2i", prepare.looks_at(0)),
    "RESHAPE": Kernel("8i i", "", _UNARY),
    "RESIZE_BILINEAR": Kernel("2b", "", _BINARY),
    "RESIZE_NEAREST_NEIGHBOR": Kernel("2b", "", _BINARY),
    "REVERSE_V2": Kernel("", "", _BINARY),
    "RSQRT": Kernel("", "i i i i b i E", _UNARY),
    "SELECT_V2": Kernel("", "b", prepare.looks_at(0, 1, 2, OUT)),
    "SLICE": Kernel("", "", prepare.looks_at(0, 1, 2, OUT)),
    "SOFTMAX": Kernel("i", _SOFTMAX_STATE, prepare.softmax),
    "SPACE_TO_BATCH_ND": Kernel("", "{i}", _UNARY),
    "SPACE_TO_DEPTH": Kernel("i", "", _BLOCK),
    "SPLIT": Kernel("i", "", prepare.looks_at(0)),
    "SPLIT_V": Kernel("i", "", prepare.looks_at(2)),
    "SQUARE": Kernel("", "", _UNARY),
    "SQUARED_DIFFERENCE": Kernel("", "b {b 10i 2i 2i 2d 2h 5i}", _BINARY),
    "SQUEEZE": Kernel("8i i", "", _UNARY),
    "STRIDED_SLICE": Kernel("5i b", "b 5i b 5i b 5i 5h b", prepare.looks_at(0, 1, 2, 3, OUT)),
    "SUB": Kernel("E b", "b 12i", _BINARY),
    "SUM": Kernel("b", "11i", prepare.mean_or_sum),
    "SVDF": Kernel("i E b", "9i", prepare.svdf),
    "TANH": Kernel("", "4i", prepare.looks_at(0, 0, OUT)),
    "TRANSPOSE": Kernel("", "", _BINARY),
    "TRANSPOSE_CONV": Kernel(_TRANSPOSE_CONV_OPTIONS, f"{_TRANSPOSE_CONV_STATE} i 2z i 2P",
                             prepare.transpose_conv),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": Kernel(_LSTM_OPTIONS, _LSTM_STATE, prepare.lstm),
    "UNPACK": Kernel("2i", "", _NONE),
    "ZEROS_LIKE": Kernel("", "", _UNARY),
}  # fmt: skip

# The kernels that CMSIS-NN replaces, where they allocate otherwise than the reference.
_CMSIS_NN: Mapping[str, Kernel] = {
    "AVERAGE_POOL_2D": Kernel(
        _POOL_OPTIONS, f"{{{_POOL_STATE}}} i", prepare.average_pool_2d_cmsis_nn
    ),
    "CONV_2D": Kernel(_CONV_OPTIONS, f"{{{_CONV_STATE}}} i", prepare.conv_2d_cmsis_nn),
    "DEPTHWISE_CONV_2D": Kernel(
        _DEPTHWISE_CONV_OPTIONS, f"{{{_CONV_STATE}}} i", prepare.depthwise_conv_2d_cmsis_nn
    ),
    "FULLY_CONNECTED": Kernel(
        _DENSE_OPTIONS, f"{{{_DENSE_STATE}}} 2i P 3i", prepare.fully_connected_cmsis_nn
    ),
    "MAX_POOL_2D": Kernel(_POOL_OPTIONS, f"{{{_POOL_STATE}}} i", _UNARY),
    "SOFTMAX": Kernel("i", f"{{{_SOFTMAX_STATE}}} 2i", prepare.softmax),
    "SVDF": Kernel("i E b", "9i P", prepare.svdf_cmsis_nn),
    "TRANSPOSE_CONV": Kernel(
        _TRANSPOSE_CONV_OPTIONS, f"{_TRANSPOSE_CONV_STATE} 3i 2P", prepare.transpose_conv_cmsis_nn
    ),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": Kernel(
        _LSTM_OPTIONS,
        f"{{{_LSTM_STATE}}} {{15i {' '.join([_LSTM_GATE_CMSIS_NN] * 4)}}}",
        prepare.lstm_cmsis_nn,
    ),
}

# Those of 2023: fewer, and filters of 3x3 are unpacked as others are.
_CMSIS_NN_2023: Mapping[str, Kernel] = {
    **{
        name: kernel
        for name, kernel in _CMSIS_NN.items()
        if name not in ("TRANSPOSE_CONV", "UNIDIRECTIONAL_SEQUENCE_LSTM")
    },
    "DEPTHWISE_CONV_2D": Kernel(
        _DEPTHWISE_CONV_OPTIONS, f"{{{_CONV_STATE}}} i", prepare.depthwise_conv_2d_cmsis_nn_2023
    ),
}

_INSTEAD: Mapping[Kernels, Mapping[str, Kernel]] = {
    Kernels.CMSIS_NN: _CMSIS_NN,
    Kernels.CMSIS_NN_2023: _CMSIS_NN_2023,
    Kernels.REFERENCE: {},
}
