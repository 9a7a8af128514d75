"""The files of a project that state the model, whatever engine runs it: model.h, golden vectors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyforge.errors import ForgeError
from tinyforge.graph import DType, Graph, Tensor
from tinyforge.names import c_comment, c_string
from tinyforge.ops.upright import input_rows
from tinyforge.project.templates import render

# The version of the device API that generated code is written for: FORGE_ABI in forge.h.
ABI = 3

GOLDEN_FILE = "src/golden.c"

_VALUES_A_LINE = 16

Vectors = npt.NDArray[np.int8]

_REMAKE = "make the project anew: tinyforge generate"


@dataclass(frozen=True)
class Golden:
    """inputs: int8 (n, ...); outputs: int8 (n, ...), what the oracle gives for them; n >= 1."""

    inputs: Vectors
    outputs: Vectors


def model_files(
    graph: Graph, labels: Sequence[str], golden: Golden, *, by_rows: bool = False
) -> dict[str, str]:
    """include/model.h, golden vectors, and src/labels.c where there are labels.

    by_rows: whether the engine takes the input row by row alone.
    ForgeError when the device API cannot carry the model: other than one int8 input and one int8
    output of the same scale everywhere, or labels that do not number the classes.
    """
    input_, output = _only(graph, graph.inputs, "input"), _only(graph, graph.outputs, "output")
    rows = input_rows(graph)
    files = {
        "include/model.h": render(
            "project/model.h.j2",
            abi=ABI,
            comment_name=c_comment(graph.name),
            name=c_string(graph.name),
            tensors=[_described("Input", input_), _described("Output", output)],
            input_rows=rows,
            input_row_bytes=input_.nbytes // rows,
            by_rows=int(by_rows),
            state_bytes=sum(graph.tensors[t].nbytes for t in graph.states),
            class_count=_class_count(output, labels),
            labels=bool(labels),
        ),
        "include/golden.h": render("project/golden.h.j2", count=len(golden.inputs)),
        GOLDEN_FILE: render(
            "project/golden.c.j2",
            arrays=[
                _vectors("inputs", "INPUT", golden.inputs, len(golden.inputs), input_),
                _vectors("outputs", "OUTPUT", golden.outputs, len(golden.inputs), output),
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


def c_float(value: float) -> str:
    """A C literal that reads back as exactly this float32. value: finite."""
    text = f"{np.float32(value):.9g}"
    return f"{text}f" if "." in text or "e" in text else f"{text}.0f"


def _only(graph: Graph, indices: Sequence[int], role: str) -> Tensor:
    if len(indices) != 1:
        raise ForgeError(
            f"the model has {len(indices)} {role}s; firmware takes one",
            where=f"model {graph.name!r}",
            fix=f"export the model with a single {role}",
        )
    tensor = graph.tensors[indices[0]]
    if tensor.dtype is not DType.INT8 or tensor.quant is None or tensor.quant.per_channel:
        raise ForgeError(
            f"the {role} must be int8 with one scale, found {tensor.dtype.name.lower()}",
            where=f"tensor {tensor.index} {tensor.name!r}",
            fix=f"quantize the model fully, with an int8 {role}",
        )
    return tensor


def _described(role: str, tensor: Tensor) -> dict[str, object]:
    return {
        "role": role,
        "prefix": role.upper(),
        "nbytes": tensor.nbytes,
        "rank": len(tensor.shape),
        # C has no empty arrays: a scalar's shape is {1}, its rank 0.
        "shape": "{" + ", ".join(map(str, tensor.shape or (1,))) + "}",
        "shape_comment": "x".join(map(str, tensor.shape)) or "scalar",
        "scale": c_float(tensor.scale),
        "zero_point": tensor.zero_point,
    }


def _class_count(output: Tensor, labels: Sequence[str]) -> int:
    """One class an output; a single output tells two classes apart."""
    classes = 2 if output.size == 1 else output.size
    if labels and len(labels) != classes:
        raise ForgeError(
            f"{len(labels)} labels for a model that tells {classes} classes apart",
            where=f"output {output.name!r}",
            fix=f"give {classes} labels, in the order of the model's outputs",
        )
    return classes


def _vectors(
    name: str, prefix: str, values: Vectors, count: int, tensor: Tensor
) -> dict[str, object]:
    assert values.dtype == np.int8
    assert values.shape[0] == count >= 1
    assert values[0].size == tensor.size
    vectors = values.reshape(count, -1).tolist()
    return {"name": name, "prefix": prefix, "vectors": [value_rows(vector) for vector in vectors]}


def value_rows(values: Sequence[int]) -> list[str]:
    """Values of an initializer in C, line by line."""
    starts = range(0, len(values), _VALUES_A_LINE)
    return [", ".join(map(str, values[i : i + _VALUES_A_LINE])) for i in starts]
