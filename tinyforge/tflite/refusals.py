"""Why a model cannot run, in words that are true of it, and what its owner can do.

A .tflite file cannot be quantized again: what helps starts from the Keras model it was made from.
"""

from __future__ import annotations

from tinyforge.errors import ForgeError
from tinyforge.graph.types import DType, Graph, Operator, Tensor

_QUANTIZE = (
    "quantize the Keras model it was made from, with examples of its inputs: "
    "tinyforge quantize model.keras --data calib.npz"
)
_STRIP = "before saving it, call tfmot.sparsity.keras.strip_pruning(model)"
_PRUNING = ("prune_low_magnitude", "pruning_step")  # in names of tensors: tfmot's wrapper

_FLOATS = (DType.FLOAT32, DType.FLOAT16, DType.FLOAT64)
_CONVERSIONS = ("QUANTIZE", "DEQUANTIZE", "CAST")
_NAMED = 4  # layers that one message names

# Custom operators of compilers for accelerators: for what, and by which program.
_ACCELERATORS = {
    "ethos-u": ("an Arm Ethos-U NPU", "vela"),
    "edgetpu-custom-op": ("Google's Edge TPU", "edgetpu_compiler"),
    "NeutronGraph": ("NXP's Neutron NPU", "the Neutron converter"),
    "neutron": ("NXP's Neutron NPU", "the Neutron converter"),
}


def of_operator(name: str, where: str) -> ForgeError:
    """Of an operator that cannot be read. name: as the reader has it, CUSTOM 'ethos-u'."""
    custom = name.removeprefix("CUSTOM ").strip("'\"") if name.startswith("CUSTOM") else None
    if custom in _ACCELERATORS:
        device, program = _ACCELERATORS[custom]
        return ForgeError(
            f"the model is compiled for {device}: its layers are hidden in the operator {custom!r}",
            where=where,
            fix=f"give the .tflite file that {program} was given, not the one that it made",
        )
    if custom is not None and custom.startswith("Flex"):
        return ForgeError(
            f"{custom} is an operator of TensorFlow itself (select TF ops), which no "
            "microcontroller has",
            where=where,
            fix=f"change the layer that becomes {custom.removeprefix('Flex')!r} in the Keras model,"
            " and convert without SELECT_TF_OPS",
        )
    if custom is not None:
        return ForgeError(
            f"the custom operator {custom!r} is not one that can run here",
            where=where,
            fix="end the exported model before that layer; compute the rest in your application",
        )
    if name in ("IF", "WHILE"):
        return ForgeError(
            f"{name} is control flow; a device runs the layers of a model one after the other",
            where=where,
            fix="export the model without it: unroll=True in Keras's LSTM, GRU and RNN layers, no "
            "tf.cond and no tf.while_loop",
        )
    if name == "DENSIFY":
        return sparse(where)
    return ForgeError(
        f"{name} is not an operator that can run here",
        where=where,
        fix="change the layer in the Keras model, or end the exported model before it",
    )


def sparse(where: str) -> ForgeError:
    return ForgeError(
        "weights are stored sparse (DENSIFY unpacks them), which a microcontroller cannot read",
        where=where,
        fix="convert without tf.lite.Optimize.EXPERIMENTAL_SPARSITY; pruned weights stay zero, and "
        "tinyforge finds them itself",
    )


def of_subgraphs(names: list[str], where: str) -> ForgeError:
    """Of a file with several graphs that nothing calls: functions of their own."""
    shown = ", ".join(repr(n[:40]) for n in names[:_NAMED])
    return ForgeError(
        f"the file has {len(names)} graphs ({shown}), and none is for the first one to call; a "
        "device runs one",
        where=where,
        fix="convert one function alone: tf.lite.TFLiteConverter.from_concrete_functions([f])",
    )


def of_type(name: str, where: str) -> ForgeError:
    """Of a tensor whose elements no operator here takes."""
    return ForgeError(
        f"the tensor's elements are {name}, which no operator here takes",
        where=where,
        fix="leave the layers that use it out of the exported model; tinyforge runs models of int8 "
        "and int16",
    )


def in_true_words(error: ForgeError, graph: Graph, file: Graph) -> ForgeError:
    """What is to be said of a model that an error refuses: that error, unless the model as a whole
    is not quantized. file: the graph as it was read, before passes."""
    computed = [op for op in graph.operators if any(_is(t, _FLOATS) for t in _touched(graph, op))]
    floats = [op for op in computed if op.op not in _CONVERSIONS]
    if not floats:
        return _uint8(graph) or error
    what = _kind(graph, file, floats)
    fix = _QUANTIZE
    if _partly(graph):
        fix = (
            "change these layers in the Keras model to some that have an integer form, then "
            + _QUANTIZE
        )
    if any(mark in t.name for t in file.tensors for mark in _PRUNING):
        what += "; it was pruned, and the pruning wrappers are still in it"
        fix = f"{_STRIP}; then {fix}"
    return ForgeError(what, where=f"model {file.name!r}", fix=fix)


def _touched(graph: Graph, op: Operator) -> list[Tensor]:
    """What the operator computes from, and what it computes."""
    found = [graph.tensors[t] for t in (*op.inputs, *op.outputs) if t >= 0]
    return [t for t in found if t.data is None]


def _is(t: Tensor, types: tuple[DType, ...]) -> bool:
    return t.dtype in types


def _quantized(t: Tensor) -> bool:
    return t.quant is not None and t.dtype in (DType.INT8, DType.INT16, DType.UINT8)


def _partly(graph: Graph) -> bool:
    """Whether some layers compute in integers."""
    return any(
        op.op not in _CONVERSIONS and all(_quantized(t) for t in _touched(graph, op))
        for op in graph.operators
        if _touched(graph, op)
    )


def _kind(graph: Graph, file: Graph, floats: list[Operator]) -> str:
    if _partly(graph):
        shown = ", ".join(graph.where(op) for op in floats[:_NAMED])
        more = f" and {len(floats) - _NAMED} more" if len(floats) > _NAMED else ""
        return (
            f"the model is only partly quantized: {len(floats)} of its {len(graph.operators)} "
            f"layers compute in float32: {shown}{more}"
        )
    read = {t for op in file.operators for t in op.inputs if t >= 0}
    constants = [file.tensors[t] for t in read if file.tensors[t].data is not None]
    if any(t.dtype is DType.FLOAT16 for t in constants):
        return "the model has float16 weights and computes in float32; tinyforge runs integers"
    weights = [t for t in constants if t.quant and t.dtype not in (DType.INT32, DType.INT64)]
    if weights:
        kind = weights[0].dtype.name.lower()
        return (
            f"the model is dynamic-range quantized: its weights are {kind}, but its activations "
            "are float32; tinyforge runs integers throughout"
        )
    return "the model is not quantized: it computes in float32; tinyforge runs integers"


def _uint8(graph: Graph) -> ForgeError | None:
    """Of a model as TensorFlow 1 quantized it."""
    for op in graph.operators:
        if op.op not in _CONVERSIONS and any(
            _is(t, (DType.UINT8,)) and _quantized(t) for t in _touched(graph, op)
        ):
            return ForgeError(
                "the model is quantized to uint8, as TensorFlow 1 did; tinyforge runs int8",
                where=graph.where(op),
                fix=_QUANTIZE,
            )
    return None
