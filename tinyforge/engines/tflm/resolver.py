"""Which operators TensorFlow Lite Micro has, and how its resolver registers each of them.

Source: tensorflow/lite/micro/micro_mutable_op_resolver.h and tensorflow/lite/micro/kernels/*.h of
TensorFlow Lite Micro 90b983c2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tinyforge.graph import DType, Graph, Operator

# Operator to the method of MicroMutableOpResolver. Of custom operators only those are here whose
# kernels TensorFlow Lite Micro has.
METHODS: Mapping[str, str] = {
    "ABS": "AddAbs",
    "ADD": "AddAdd",
    "ADD_N": "AddAddN",
    "ARG_MAX": "AddArgMax",
    "ARG_MIN": "AddArgMin",
    "ASSIGN_VARIABLE": "AddAssignVariable",
    "AVERAGE_POOL_2D": "AddAveragePool2D",
    "BATCH_MATMUL": "AddBatchMatMul",
    "BATCH_TO_SPACE_ND": "AddBatchToSpaceNd",
    "BROADCAST_ARGS": "AddBroadcastArgs",
    "BROADCAST_TO": "AddBroadcastTo",
    "CALL_ONCE": "AddCallOnce",
    "CAST": "AddCast",
    "CEIL": "AddCeil",
    "CONCATENATION": "AddConcatenation",
    "CONV_2D": "AddConv2D",
    "COS": "AddCos",
    "CUMSUM": "AddCumSum",
    "DEPTHWISE_CONV_2D": "AddDepthwiseConv2D",
    "DEPTH_TO_SPACE": "AddDepthToSpace",
    "DEQUANTIZE": "AddDequantize",
    "DETECTION_POSTPROCESS": "AddDetectionPostprocess",
    "DIV": "AddDiv",
    "DYNAMIC_UPDATE_SLICE": "AddDynamicUpdateSlice",
    "ELU": "AddElu",
    "EMBEDDING_LOOKUP": "AddEmbeddingLookup",
    "EQUAL": "AddEqual",
    "EXP": "AddExp",
    "EXPAND_DIMS": "AddExpandDims",
    "FILL": "AddFill",
    "FLOOR": "AddFloor",
    "FLOOR_DIV": "AddFloorDiv",
    "FLOOR_MOD": "AddFloorMod",
    "FULLY_CONNECTED": "AddFullyConnected",
    "GATHER": "AddGather",
    "GATHER_ND": "AddGatherNd",
    "GREATER": "AddGreater",
    "GREATER_EQUAL": "AddGreaterEqual",
    "HARD_SWISH": "AddHardSwish",
    "IF": "AddIf",
    "L2_NORMALIZATION": "AddL2Normalization",
    "L2_POOL_2D": "AddL2Pool2D",
    "LEAKY_RELU": "AddLeakyRelu",
    "LESS": "AddLess",
    "LESS_EQUAL": "AddLessEqual",
    "LOG": "AddLog",
    "LOGICAL_AND": "AddLogicalAnd",
    "LOGICAL_NOT": "AddLogicalNot",
    "LOGICAL_OR": "AddLogicalOr",
    "LOGISTIC": "AddLogistic",
    "LOG_SOFTMAX": "AddLogSoftmax",
    "MAXIMUM": "AddMaximum",
    "MAX_POOL_2D": "AddMaxPool2D",
    "MEAN": "AddMean",
    "MINIMUM": "AddMinimum",
    "MIRROR_PAD": "AddMirrorPad",
    "MUL": "AddMul",
    "NEG": "AddNeg",
    "NOT_EQUAL": "AddNotEqual",
    "PACK": "AddPack",
    "PAD": "AddPad",
    "PADV2": "AddPadV2",
    "PRELU": "AddPrelu",
    "QUANTIZE": "AddQuantize",
    "READ_VARIABLE": "AddReadVariable",
    "REDUCE_ALL": "AddReduceAll",
    "REDUCE_MAX": "AddReduceMax",
    "REDUCE_MIN": "AddReduceMin",
    "RELU": "AddRelu",
    "RELU6": "AddRelu6",
    "RESHAPE": "AddReshape",
    "RESIZE_BILINEAR": "AddResizeBilinear",
    "RESIZE_NEAREST_NEIGHBOR": "AddResizeNearestNeighbor",
    "REVERSE_V2": "AddReverseV2",
    "ROUND": "AddRound",
    "RSQRT": "AddRsqrt",
    "SELECT_V2": "AddSelectV2",
    "SHAPE": "AddShape",
    "SIN": "AddSin",
    "SLICE": "AddSlice",
    "SOFTMAX": "AddSoftmax",
    "SPACE_TO_BATCH_ND": "AddSpaceToBatchNd",
    "SPACE_TO_DEPTH": "AddSpaceToDepth",
    "SPLIT": "AddSplit",
    "SPLIT_V": "AddSplitV",
    "SQRT": "AddSqrt",
    "SQUARE": "AddSquare",
    "SQUARED_DIFFERENCE": "AddSquaredDifference",
    "SQUEEZE": "AddSqueeze",
    "STRIDED_SLICE": "AddStridedSlice",
    "SUB": "AddSub",
    "SUM": "AddSum",
    "SVDF": "AddSvdf",
    "TANH": "AddTanh",
    "TRANSPOSE": "AddTranspose",
    "TRANSPOSE_CONV": "AddTransposeConv",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "AddUnidirectionalSequenceLSTM",
    "UNPACK": "AddUnpack",
    "VAR_HANDLE": "AddVarHandle",
    "WHILE": "AddWhile",
    "ZEROS_LIKE": "AddZerosLike",
}

# Operators whose kernels take no other type than float32, of those that have no module in ops.
FLOAT_ONLY = (
    *("CEIL", "COS", "EXP", "FLOOR", "FLOOR_DIV", "FLOOR_MOD"),
    *("L2_POOL_2D", "LOG", "ROUND", "SIN", "SQRT"),
)

# Operators with a registration for int8 alone, in libraries of 2023 as in later ones: the header
# that declares it, in tensorflow/lite/micro/kernels/. It leaves out the int16 and int4 kernels, a
# third of the code (MobileNet: 53 KB instead of 84 KB); without such kernels it is the generic one.
INT8_HEADERS: Mapping[str, str] = {
    "ADD": "add.h",
    "AVERAGE_POOL_2D": "pooling.h",
    "CONV_2D": "conv.h",
    "DEPTHWISE_CONV_2D": "depthwise_conv.h",
    "FULLY_CONNECTED": "fully_connected.h",
    "MAX_POOL_2D": "pooling.h",
    "MUL": "mul.h",
    "SOFTMAX": "softmax.h",
}


@dataclass(frozen=True)
class Registration:
    """One operator in the resolver: resolver.<method>(<registration>()).

    registration: function of namespace tflite, "" for the method's default.
    header: what declares it, as #include spells it, "" for none.
    """

    method: str
    registration: str
    header: str


def registrations(graph: Graph) -> tuple[Registration, ...]:
    """What the resolver must hold for this graph: one entry an operator kind, by its name.

    KeyError for an operator that METHODS lacks: TFLM.missing() comes first.
    """
    kinds: dict[str, list[Operator]] = {}
    for op in graph.operators:
        kinds.setdefault(op.op, []).append(op)
    return tuple(_registration(graph, kind, ops) for kind, ops in sorted(kinds.items()))


def _registration(graph: Graph, kind: str, ops: list[Operator]) -> Registration:
    header = INT8_HEADERS.get(kind)
    if header is None or not all(_is_int8(graph, op) for op in ops):
        return Registration(METHODS[kind], "", "")
    return Registration(
        METHODS[kind], f"Register_{kind}_INT8", f"tensorflow/lite/micro/kernels/{header}"
    )


def _is_int8(graph: Graph, op: Operator) -> bool:
    """Whether the int8 kernel can run it: int8 values; bias and shapes are int32."""
    inputs = {graph.tensors[t].dtype for t in op.inputs if t >= 0}
    outputs = {graph.tensors[t].dtype for t in op.outputs}
    return outputs == {DType.INT8} and inputs <= {DType.INT8, DType.INT32}
