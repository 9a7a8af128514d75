"""The files of a project that state the model, whatever engine runs it: model.h, golden vectors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyforge.errors import ForgeError
from tinyforge.graph import DType, Graph, Tensor
from tinyforge.names import c_comment, c_float, c_identifier, c_string
from tinyforge.ops.upright import input_rows, rows_input
from tinyforge.project.digests import Digests
from tinyforge.project.real_inputs import real_inputs
from tinyforge.project.templates import render
from tinyforge.proof.answers import classes, named_head
from tinyforge.tflite.about import remembers

# The version of the device API that generated code is written for: FORGE_ABI in forge.h.
ABI = 4

GOLDEN_FILE = "src/golden.c"

_VALUES_A_LINE = 16


@dataclass(frozen=True)
class CType:
    """An element type in C. name: of the enumeration forge_type."""

    name: str
    ctype: str


# What an input or output may be.
C_TYPES: Mapping[DType, CType] = {
    DType.INT8: CType("FORGE_INT8", "int8_t"),
    DType.UINT8: CType("FORGE_UINT8", "uint8_t"),
    DType.BOOL: CType("FORGE_BOOL", "uint8_t"),
    DType.INT16: CType("FORGE_INT16", "int16_t"),
    DType.INT32: CType("FORGE_INT32", "int32_t"),
    DType.FLOAT32: CType("FORGE_FLOAT32", "float"),
}
_MAX_MACRO = 30  # characters of a tensor's name in a macro
_QUANTIZED = (DType.INT8, DType.INT16)

Vectors = npt.NDArray[np.int8]

_REMAKE = "make the project anew: tinyforge generate"


@dataclass(frozen=True)
class Golden:
    """inputs: raw bytes of all inputs (graph/packed.py), int8 (n, bytes); outputs: likewise, what
    the oracle gives for them; n >= 1. digests: of what the compiled model's layers leave of them;
    None where there are none."""

    inputs: Vectors
    outputs: Vectors
    digests: Digests | None = None


def model_files(
    graph: Graph, labels: Sequence[str], golden: Golden, *, by_rows: bool = False
) -> dict[str, str]:
    """include/model.h, golden vectors, and src/labels.c where there are labels.

    by_rows: whether the engine takes the input with rows in no other way.
    ForgeError when the device API cannot carry the model: an input or output that is neither int8
    or int16 with one scale nor of a type that has none, or labels that do not number the classes.
    """
    for tensor in graph.input_tensors:
        _require_carried(tensor, "input")
    for tensor in graph.output_tensors:
        _require_carried(tensor, "output")
    rows, fed = input_rows(graph), rows_input(graph)
    states = sum(graph.tensors[t].nbytes for t in graph.states)
    head, count = _classes(graph, labels)
    files = {
        "include/model.h": render(
            "project/model.h.j2",
            abi=ABI,
            comment_name=c_comment(graph.name),
            name=c_string(graph.name),
            sides=[_side("Input", graph.input_tensors), _side("Output", graph.output_tensors)],
            rows_input=fed,
            real=real_inputs(graph),
            input_rows=rows,
            input_row_bytes=graph.input_tensors[fed].nbytes // rows,
            by_rows=int(by_rows),
            state_bytes=states if remembers(graph) else 0,
            anew=int(states > 0 and not remembers(graph)),
            class_count=count,
            class_output=head,
            scores=class_scores(graph, labels),
            labels=bool(labels),
        ),
        "include/golden.h": render(
            "project/golden.h.j2",
            count=len(golden.inputs),
            layers=int(golden.digests is not None),
        ),
        GOLDEN_FILE: render(
            "project/golden.c.j2",
            arrays=[
                _vectors("inputs", "INPUT", golden.inputs, len(golden.inputs), graph.input_bytes),
                _vectors(
                    "outputs", "OUTPUT", golden.outputs, len(golden.inputs), graph.output_bytes
                ),
            ],
        ),
    }
    if labels:
        files["src/labels.c"] = render("project/labels.c.j2", labels=[c_string(s) for s in labels])
    return files


def read_golden(source: Path) -> Golden:
    """The golden vectors that a project's golden.c holds. ForgeError where it holds none."""
    try:
        text = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ForgeError(
            f"cannot read the golden vectors: {error}", where=str(source), fix=_REMAKE
        ) from error
    golden = Golden(_read_vectors(text, "inputs", source), _read_vectors(text, "outputs", source))
    if len(golden.inputs) != len(golden.outputs):
        raise ForgeError("not one output an input", where=str(source), fix=_REMAKE)
    return golden


def _read_vectors(text: str, name: str, source: Path) -> Vectors:
    array = re.search(rf"forge_golden_{name}\[.*?= \{{\n(.*?)\n\}};", text, re.DOTALL)
    vectors = re.findall(r"\{([-0-9,\s]+)\}", array[1]) if array else []
    try:
        rows = [[int(v) for v in vector.replace(",", " ").split()] for vector in vectors]
        values = np.array(rows, np.int8)  # ValueError: rows of unequal length
    except (ValueError, OverflowError) as error:
        raise ForgeError(
            f"the golden {name} are damaged: {error}", where=str(source), fix=_REMAKE
        ) from error
    if values.ndim != 2 or not values.size:
        raise ForgeError(f"no golden {name} in it", where=str(source), fix=_REMAKE)
    return values


def _require_carried(tensor: Tensor, role: str) -> None:
    quant = tensor.quant
    scaled = quant is not None and not quant.per_channel
    if scaled if tensor.dtype in _QUANTIZED else tensor.dtype in C_TYPES and quant is None:
        return
    raise ForgeError(
        f"the {role} must be int8 or int16 with one scale, or of a type without any, found "
        f"{tensor.dtype.name.lower()}",
        where=f"tensor {tensor.index} {tensor.name!r}",
        fix=f"quantize the model fully, with an int8 {role}",
    )


def _side(role: str, tensors: Sequence[Tensor]) -> dict[str, object]:
    """The inputs, or the outputs, for the template."""
    prefix = f"FORGE_{role.upper()}"
    names = macros(prefix, tensors)
    ctypes = {C_TYPES[t.dtype].ctype for t in tensors}
    return {
        "role": role,
        "prefix": role.upper(),
        "function": f"forge_{role.lower()}",
        "ctype": ctypes.pop() if len(ctypes) == 1 else "void",
        "mixed": int(len({t.dtype for t in tensors}) > 1),
        "nbytes": sum(t.nbytes for t in tensors),
        "tensors": [_described(i, t, names[i]) for i, t in enumerate(tensors)],
    }


# What follows a side's or a tensor's own prefix in model.h.
_SUFFIXES = ("TYPE", "BYTES", "RANK", "SHAPE", "SCALE", "ZERO_POINT")
_SIDE_SUFFIXES = (*_SUFFIXES, "COUNT", "MIXED", "ROWS", "ROW_BYTES")


def macros(prefix: str, tensors: Sequence[Tensor]) -> list[str]:
    """What each input's or output's macros begin with: the prefix, FORGE_INPUT, alone where there
    is one; of several FORGE_INPUT_AUDIO, after their names, which is also its number's macro.

    None is another's: "a" beside "a_bytes" gives FORGE_INPUT_A_BYTES_1.
    """
    if len(tensors) == 1:
        return [prefix]
    taken = {f"{prefix}_{suffix}" for suffix in _SIDE_SUFFIXES}
    names = []
    for number, tensor in enumerate(tensors):
        name = c_identifier(tensor.name, prefix="forge").removeprefix("forge_").upper()
        words = f"{prefix}_{name[:_MAX_MACRO].rstrip('_')}"
        for candidate in (words, f"{words}_{number}", f"{prefix}_{number}"):
            own = {candidate, *(f"{candidate}_{suffix}" for suffix in _SUFFIXES)}
            if taken.isdisjoint(own):
                break
        taken |= own
        names.append(candidate)
    return names


def _described(number: int, tensor: Tensor, prefix: str) -> dict[str, object]:
    quant, known = tensor.quant, C_TYPES[tensor.dtype]
    # C has no empty arrays: a scalar's shape is {1}, its rank 0.
    dimensions = ", ".join(map(str, tensor.shape or (1,)))
    shape = "x".join(map(str, tensor.shape)) or "scalar"
    real = "; real value = scale * (q - zero point)." if quant else "."
    return {
        "number": number,
        "title": f'"{c_comment(tensor.name)}"',
        "prefix": prefix,
        "comment": f"{tensor.dtype.name.lower()}, {shape}{real}",
        "type": known.name,
        "ctype": known.ctype,
        "nbytes": tensor.nbytes,
        "rank": len(tensor.shape),
        "shape": f"{{{dimensions}}}",
        "dimensions": dimensions,
        # Without quantization every value is its own.
        "scale": c_float(tensor.scale if quant else 1.0),
        "zero_point": tensor.zero_point if quant else 0,
    }


# The quantization of probabilities, as TensorFlow Lite's softmax and logistic have it.
_PROBABILITIES = {DType.INT8: (1 / 256, -128), DType.INT16: (1 / 32768, 0)}


@dataclass(frozen=True)
class ClassScores:
    """The scores by which an application names a class. ctype, scale, zero_point: of each, as C has
    them."""

    count: int
    ctype: str
    scale: str
    zero_point: int


def class_scores(graph: Graph, labels: Sequence[str]) -> ClassScores | None:
    """Those of an output whose classes have names, or of one of probabilities. None for any other
    model, whose answers are bytes. ForgeError for labels that number no output's classes."""
    head, _ = _classes(graph, labels)
    output = graph.output_tensors[head]
    known = _PROBABILITIES.get(output.dtype)
    if output.quant is None or not (labels or known == (output.scale, output.zero_point)):
        return None
    if not labels and len(graph.output_tensors) > 1:
        return None
    ctype = C_TYPES[output.dtype].ctype
    return ClassScores(output.size, ctype, c_float(output.scale), output.zero_point)


def _classes(graph: Graph, labels: Sequence[str]) -> tuple[int, int]:
    """The output that names a class, by position, and how many it tells apart; 0 where there are
    several outputs and no labels, or one that holds the class itself.

    ForgeError for labels that number no output's classes.
    """
    outputs = graph.output_tensors
    if not labels:
        counted = len(outputs) == 1 and outputs[0].quant is not None
        return 0, classes(outputs[0]) if counted else 0
    head = named_head(graph, len(labels))
    if head is not None:
        return head, len(labels)
    counts = ", ".join(str(classes(output)) for output in outputs)
    raise ForgeError(
        f"{len(labels)} labels for a model that tells {counts} classes apart",
        where=", ".join(f"output {output.name!r}" for output in outputs),
        fix=f"give {counts.replace(', ', ' or ')} labels, in the order of the model's outputs",
    )


def _vectors(name: str, prefix: str, values: Vectors, count: int, nbytes: int) -> dict[str, object]:
    assert values.dtype == np.int8
    assert values.shape[0] == count >= 1
    assert values[0].size == nbytes
    vectors = values.reshape(count, -1).tolist()
    return {"name": name, "prefix": prefix, "vectors": [value_rows(vector) for vector in vectors]}


def value_rows(values: Sequence[int | str]) -> list[str]:
    """Values of an initializer in C, line by line."""
    starts = range(0, len(values), _VALUES_A_LINE)
    return [", ".join(map(str, values[i : i + _VALUES_A_LINE])) for i in starts]
