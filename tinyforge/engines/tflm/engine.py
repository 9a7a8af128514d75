"""The engine `tflm`: TensorFlow Lite Micro's interpreter behind the device API."""

from __future__ import annotations

from collections.abc import Mapping

from tinyforge.engines.base import Lowered, Missing, Wish
from tinyforge.engines.tflm.arena import MARGIN, ArenaSize, arena_size
from tinyforge.engines.tflm.resolver import FLOAT_ONLY, METHODS, Registration, registrations
from tinyforge.graph import DType, Graph, Operator
from tinyforge.project.templates import render
from tinyforge.tflite.c_array import c_array, parse_c_array

MODEL_DATA = "src/tflm/model_data.c"
MODEL_SYMBOL = "forge_model_data"


class TFLM:
    """Engine `tflm`. The model stays a .tflite file in flash and is interpreted."""

    name = "tflm"

    def missing(self, graph: Graph) -> tuple[Missing, ...]:
        """The layers for which TensorFlow Lite Micro has no builtin operator, or none of their
        type, and variables, for which the interpreter on the device has no room."""
        lacks = ((op, _lack(graph, op)) for op in graph.operators)
        return tuple(Missing(graph.where(op), what) for op, what in lacks if what)

    def lower(self, graph: Graph, model: bytes, wish: Wish) -> Lowered:
        """The model's bytes, its operators and its arena. arena_bytes: of a Cortex-M without vector
        instructions."""
        del wish
        arena = arena_size(graph, model)
        return Lowered(
            files={
                MODEL_DATA: c_array(model, MODEL_SYMBOL),
                "src/tflm/model_tflm.cc": _model_source(registrations(graph), arena),
            },
            flash_symbols=(MODEL_SYMBOL,),
            layer_symbols={},
            step_count=0,
            arena_bytes=arena.nbytes,
        )


def _lack(graph: Graph, op: Operator) -> str:
    """Why the interpreter on the device cannot run a layer; "" where it can."""
    if op.op in ("READ_VARIABLE", "ASSIGN_VARIABLE"):
        return "the interpreter's half has no resource variables"
    if op.op not in METHODS:
        return f"TensorFlow Lite Micro has no operator {op.op}"
    if op.op in FLOAT_ONLY and graph.tensors[op.inputs[0]].dtype is not DType.FLOAT32:
        return f"TensorFlow Lite Micro has {op.op} for float32 alone"
    return ""


def embedded_model(files: Mapping[str, str]) -> bytes:
    """The .tflite bytes that a generated project carries, parsed back out of its C array.

    files: text by path, as Lowered.files. KeyError when there is no tflm part.
    """
    return parse_c_array(files[MODEL_DATA])


def _model_source(operators: tuple[Registration, ...], arena: ArenaSize) -> str:
    headers = sorted({op.header for op in operators if op.header})
    return render(
        "tflm/model_tflm.cc.j2",
        headers=headers,
        calls=[_call(op) for op in operators],
        arena_bytes=arena.nbytes,
        arena_others=arena.others,
        arena_margin=MARGIN,
        arena_comment=arena.source,
    )


def _call(op: Registration) -> str:
    argument = f"tflite::{op.registration}()" if op.registration else ""
    return f"{op.method}({argument})"
