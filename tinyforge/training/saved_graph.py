"""What a SavedModel folder may hold without being trusted: arithmetic.

TensorFlow runs the functions of such a folder, and has operators that read and write files or run
Python. Those that may be there are listed: all that they can do is compute. Only folders of
TensorFlow 2 are looked at: of those the loader runs no graph but the functions of its library.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tinyforge.errors import ForgeError
from tinyforge.training.layers import words
from tinyforge.training.runtime import module

_PB = "saved_model.pb"
_FIX = (
    "save the model as a file of layers, model.save('model.keras'); or, if you made this folder "
    "yourself, or trust who did: --trust-model"
)

_ALLOWED = words(
    """
Abs Acos Add AddN AddV2 All Any ArgMax ArgMin AssignAddVariableOp AssignSubVariableOp
AssignVariableOp AvgPool AvgPool3D BatchMatMul BatchMatMulV2 BatchMatMulV3 BatchToSpace
BatchToSpaceND BiasAdd BroadcastArgs BroadcastTo Cast Ceil ClipByValue Concat ConcatV2 Const Conv2D
Conv2DBackpropInput Conv3D Cos Cumsum DepthToSpace DepthwiseConv2dNative DisableCopyOnRead Div
DivNoNan Einsum Elu EnsureShape Equal Erf Erfc Exp ExpandDims Expm1 FakeQuantWithMinMaxArgs
FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel Fill Floor FloorDiv FloorMod
FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 GatherNd GatherV2 Greater GreaterEqual Identity
IdentityN If InvertPermutation L2Loss LeakyRelu Less LessEqual LinSpace Log Log1p LogSoftmax
LogicalAnd LogicalNot LogicalOr MatMul Max MaxPool MaxPool3D MaxPoolV2 Maximum Mean Min Minimum
MirrorPad Mod Mul MulNoNan Neg NoOp NotEqual OneHot OnesLike Pack Pad PadV2 PartitionedCall
Placeholder PlaceholderWithDefault Pow Prod RandomStandardNormal RandomUniform RandomUniformInt
Range Rank ReadVariableOp RealDiv Reciprocal Relu Relu6 Reshape ResizeBicubic ResizeBilinear
ResizeNearestNeighbor ResourceGather Reverse ReverseSequence ReverseV2 Roll Round Rsqrt Select
SelectV2 Selu Shape ShapeN Sigmoid Sign Sin Size Slice Softmax Softplus Softsign SpaceToBatch
SpaceToBatchND SpaceToDepth Split SplitV Sqrt Square SquaredDifference Squeeze
StatefulPartitionedCall StatelessIf StatelessRandomGetKeyCounter StatelessRandomGetAlg
StatelessRandomNormalV2 StatelessRandomUniformV2 StatelessWhile StopGradient StridedSlice Sub Sum
Tanh TensorListElementShape TensorListFromTensor TensorListGetItem TensorListLength
TensorListReserve TensorListSetItem TensorListStack Tile TopKV2 Transpose Unpack VarHandleOp
VarIsInitializedOp Where While ZerosLike
"""
)


def harmless(folder: Path) -> bytes:
    """saved_model.pb without the functions that save and restore, which need files.

    ForgeError, naming the operator, if what is left could do anything but compute.
    """
    where = str(folder / _PB)
    proto = module("tensorflow.core.protobuf.saved_model_pb2").SavedModel()
    try:
        proto.ParseFromString((folder / _PB).read_bytes())
    except Exception as error:  # what protobuf raises is no public class
        raise ForgeError("this is no SavedModel", where=where, fix=_FIX) from error
    graphs = proto.meta_graphs
    if len(graphs) != 1 or not graphs[0].object_graph_def.nodes or graphs[0].asset_file_def:
        raise ForgeError(
            "the folder is of TensorFlow 1, or has files of its own", where=where, fix=_FIX
        )
    library, needed = graphs[0].graph_def.library, graphs[0].object_graph_def.concrete_functions
    why = _harmful(library.function)
    for name in needed:
        if name in why:
            raise ForgeError(
                f"a SavedModel folder is a program that TensorFlow runs, and this one has an "
                f"operator {why[name]!r:.60}, which may do more than compute",
                where=where,
                fix=_FIX,
            )
    kept = [function for function in library.function if function.signature.name not in why]
    del library.function[:], library.gradient[:]
    library.function.extend(kept)
    del graphs[0].graph_def.node[:]
    return bytes(proto.SerializeToString())


def _harmful(functions: Any) -> dict[str, str]:
    """Functions that can do more than compute, also by those that they call: the operator."""
    names = {f.signature.name for f in functions}
    why: dict[str, str] = {}
    for f in functions:
        strange = [n.op for n in f.node_def if n.op not in _ALLOWED and n.op not in names]
        if strange:
            why[f.signature.name] = strange[0]
    changed = True
    while changed:
        changed = False
        for f in functions:
            called = [name for name in _called(f) if name in why or name not in names]
            if called and f.signature.name not in why:
                why[f.signature.name] = why.get(called[0], called[0])
                changed = True
    return why


def _called(function: Any) -> Iterator[str]:
    """The functions that a function's operators call."""
    for node in function.node_def:
        if node.op not in _ALLOWED:
            yield node.op
        for value in node.attr.values():
            if value.HasField("func"):
                yield value.func.name
            for one in value.list.func:
                yield one.name
