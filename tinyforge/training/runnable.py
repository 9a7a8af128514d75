"""Whether firmware can be made of what the converter wrote, and what to change in Keras if not."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from tinyforge import tflite
from tinyforge.engines.choose import choose
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph, Operator
from tinyforge.graph.passes import adapt
from tinyforge.graph.types import DType
from tinyforge.ops import OPS
from tinyforge.proof import oracle
from tinyforge.training.islands import without_islands
from tinyforge.training.scales import with_common_scales

_EXP = (
    "exponential, softplus, mish and log_sigmoid need EXP and LOG, which TensorFlow Lite Micro has "
    "in float32 alone: use relu, elu, silu or hard_silu, and train the model again"
)
_CHOOSING = (
    "hard_shrink, soft_shrink, sparse_plus and their like choose by comparing: use relu, elu, "
    "leaky_relu or silu, and train the model again"
)
_LOOPS = (
    "give the model as a .keras or .h5 file, not as a SavedModel: then LSTM, GRU and SimpleRNN are "
    "converted without loops; or use RNN(cell, unroll=True)"
)
_LOOKED_UP = (
    "look the Embedding's vectors up in your application, and save the model from behind it on"
)

# By operator of TensorFlow Lite, or of TensorFlow where the converter finds none: what made it in
# Keras, and what to use.
ADVICE: Mapping[str, str] = {
    "EXP": _EXP,
    "LOG": _EXP,
    "GELU": "use silu or hard_silu in place of gelu: they are close to it, and train again",
    "Erf": "use silu or hard_silu in place of gelu: they are close to it, and train again",
    "GREATER": _CHOOSING,
    "GREATER_EQUAL": _CHOOSING,
    "LESS": _CHOOSING,
    "LESS_EQUAL": _CHOOSING,
    "SELECT": _CHOOSING,
    "SELECT_V2": _CHOOSING,
    "GATHER": _LOOKED_UP,
    "CAST": _LOOKED_UP,
    "EMBEDDING_LOOKUP": _LOOKED_UP,
    "BitwiseAnd": "leave argmax out: the application takes the greatest of the outputs",
    "WHILE": "use LSTM, GRU or SimpleRNN, which are unrolled for you, or RNN(cell, unroll=True)",
    "CONV_3D": "use Conv2D, with the third dimension among the channels",
    "RFFT2D": "compute spectra in your application, and give them to the model",
    "COMPLEX_ABS": "compute spectra in your application, and give them to the model",
}
_MOST_TENSORS = 960
_OTHERWISE = "build this layer of others in Keras, or leave it out, and train the model again"


def runnable(model: bytes) -> bytes:
    """The int8 model, in the form in which engines run it. ForgeError, naming the layer and what
    to change in the Keras model, where none can.
    """
    try:
        graph = tflite.read(model)
    except ForgeError as error:
        raise _unread(error) from error
    _require_few(graph)
    inner = with_common_scales(without_islands(graph))
    adapted, _ = adapt(inner)
    try:
        tflite.require_quantized(adapted, inner)
        engines = choose(adapted, "both").engines
        found = model if adapted is graph else tflite.write(adapted)
        if "aot" not in engines and oracle.available():  # its list of names is no promise
            values = np.zeros((1, adapted.input_bytes), np.int8)
            oracle.outputs(found, adapted, values)
    except ForgeError as error:
        raise _advised(adapted, error) from error
    return found


def _require_few(graph: Graph) -> None:
    """ForgeError for more tensors than the interpreter's planner can keep apart, to be compared: it
    takes 1024 with its own."""
    count = sum(len(op.outputs) for op in graph.operators)
    if count > _MOST_TENSORS:
        raise ForgeError(
            f"the model becomes {count:,} tensors; {_MOST_TENSORS} can be compared with TensorFlow "
            "Lite Micro",
            fix="take fewer steps over time: a GRU has 20 tensors a step. An LSTM is one operator, "
            "whatever their number",
        )


def not_converted(error: Exception) -> ForgeError:
    """What the converter raised: pages, in which it names the operators that it lacks."""
    text = str(error)
    if "TensorListReserve" in text:
        return ForgeError("the model has a loop over time, which cannot be converted", fix=_LOOPS)
    lacking = re.findall(r"(?:TF Select|Custom) ops: ([\w, ]+)", text)
    names = [name.strip() for some in lacking for name in some.split(",")]
    if not names:
        return ForgeError(f"TensorFlow cannot convert the model: {_line(text)}", fix=_OTHERWISE)
    advice = next((ADVICE[name] for name in names if name in ADVICE), _OTHERWISE)
    listed = ", ".join(dict.fromkeys(names))
    return ForgeError(f"TensorFlow Lite has no operator for {listed}", fix=advice)


def _line(text: str) -> str:
    """What Keras says of the layer that failed, uncoloured, or the converter's first error."""
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).strip() for line in text.splitlines()]
    lines = [line for line in lines if line] or ["no reason given"]
    called = [i for i, line in enumerate(lines[:-1]) if "Exception encountered when" in line]
    stated = [line.partition(": error: ")[2] for line in lines if ": error: " in line]
    return (lines[called[-1] + 1] if called else (stated or lines[-1:])[0])[:300]


def _unread(error: ForgeError) -> ForgeError:
    """Of a file with an operator that no engine could have: its layer is named by it."""
    op = next((word for word in error.where.split() if word in ADVICE), None)
    if op is None:
        return ForgeError(error.what, where=error.where, fix=_OTHERWISE)
    return ForgeError(f"no firmware can be made of {op}", where=error.where, fix=ADVICE[op])


def _advised(graph: Graph, error: ForgeError) -> ForgeError:
    named = [op for op in graph.operators if graph.where(op) == error.where]
    refused = [op for op in graph.operators if not _runs(graph, op)] or graph.operators
    op = next((op for op in (*named, *refused) if op.op in ADVICE), None)
    if op is None:
        return ForgeError(error.what, where=error.where, fix=_OTHERWISE)
    what = f"no firmware can be made of {op.op}: {error.what}"
    return ForgeError(what, where=graph.where(op), fix=ADVICE.get(op.op, _OTHERWISE))


def _runs(graph: Graph, op: Operator) -> bool:
    """Whether the compiled engine has the operator, and it is one of integers."""
    kinds = {graph.tensors[t].dtype for t in op.outputs}
    return op.op in OPS and DType.FLOAT32 not in kinds
