"""Graph and plan to C: what the templates in templates/aot are given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tinyforge.engines.base import Lowered, Missing
from tinyforge.graph import Graph, Operator, Tensor
from tinyforge.memory.plan import Plan, Slot
from tinyforge.names import c_comment
from tinyforge.ops import OPS, Kernel, Table
from tinyforge.project.templates import render

_LINE = 96  # columns of a row of constants


@dataclass(frozen=True)
class _Constant:
    """A table under the name it has in C."""

    symbol: str
    table: Table


class Aot:
    """Compiles a graph whose operators are all in OPS."""

    name = "aot"

    def missing(self, graph: Graph) -> tuple[Missing, ...]:
        return tuple(
            Missing(graph.where(op), f"the compiled engine has no {op.op}")
            for op in graph.operators
            if op.op not in OPS
        )

    def lower(self, graph: Graph, plan: Plan | None, model: bytes) -> Lowered:
        """The C of every layer in plan order. model is not needed: the graph holds it all."""
        del model
        assert plan is not None, "a graph without missing layers has a plan"
        layers, constants = [], []
        for index in plan.order:
            layer, tables = _layer(graph, plan, graph.operators[index])
            layers.append(layer)
            constants.extend(tables)
        name = c_comment(graph.name)
        weights = {"model": name, "tables": [_array(c) for c in constants]}
        source = render(
            "aot/model.c.j2",
            model=name,
            arena_bytes=plan.arena_bytes,
            slots=[_slot(graph, slot) for slot in plan.slots],
            headers=sorted({layer["header"] for layer in layers if layer["call"]}),
            input=_placed(plan, graph.tensors[graph.inputs[0]]),
            output=_placed(plan, graph.tensors[graph.outputs[0]]),
            layers=layers,
        )
        return Lowered(
            files={
                "src/aot/model.c": source,
                "src/aot/weights.c": render("aot/weights.c.j2", **weights),
                "src/aot/weights.h": render("aot/weights.h.j2", **weights),
            },
            flash_symbols=tuple(c.symbol for c in constants),
            layer_symbols={
                layer["index"]: f"forge_layer_{layer['index']}" for layer in layers if layer["call"]
            },
            arena_bytes=plan.arena_bytes,
        )


def _layer(graph: Graph, plan: Plan, op: Operator) -> tuple[dict[str, Any], list[_Constant]]:
    """One layer's template values, and its constants."""
    description = {
        "index": op.index,
        "title": f'{op.op} "{c_comment(graph.tensors[op.outputs[0]].name)}"',
        "comment": list(_comment(graph, op)),
        "call": "",
        "header": "",
    }
    lower = OPS[op.op].lower
    if lower is None:
        return description, []
    kernel = lower(graph, op)
    prefix = f"forge_layer_{op.index}"
    constants = [
        _Constant(f"{prefix}_{name.rpartition('.')[2]}", value)
        for name, value in kernel.fields.items()
        if isinstance(value, Table)
    ]
    operands = [
        _Constant(f"{prefix}_operand_{i}", value)
        for i, value in enumerate(kernel.inputs)
        if isinstance(value, Table)
    ]
    names = {id(c.table): c.symbol for c in [*constants, *operands]}
    fields = [
        {"name": name, "value": names[id(value)] if isinstance(value, Table) else str(value)}
        for name, value in kernel.fields.items()
    ]
    return (
        description
        | {
            "header": kernel.header,
            "struct": kernel.struct,
            "fields": fields,
            "window_rows": kernel.window_rows,
            "call": _call(plan, op, kernel, names),
        },
        [*constants, *operands],
    )


def _call(plan: Plan, op: Operator, kernel: Kernel, names: dict[int, str]) -> str:
    arguments = [f"&layer_{op.index}"]
    if kernel.window_rows:
        arguments.append("rows")
    for value in kernel.inputs:
        if isinstance(value, Table):
            arguments.append(names[id(value)])
        else:
            arguments.append(f"forge_arena + {plan.offsets[value]}")
    arguments += [f"forge_arena + {plan.offsets[t]}" for t in op.outputs]
    return f"{kernel.function}({', '.join(arguments)});"


def _comment(graph: Graph, op: Operator) -> Iterator[str]:
    """What a reader wants to know of a layer, line by line."""
    known = OPS[op.op]
    summary = known.summary(graph, op)
    if summary:
        yield summary
    macs = known.macs(graph, op)
    if macs:
        yield f"{macs:,} multiply-accumulates"
    computed = [graph.tensors[t] for t in op.inputs if t >= 0 and graph.tensors[t].data is None]
    for role, tensors in (("in ", computed), ("out", [graph.tensors[t] for t in op.outputs])):
        for t in tensors:
            shape = "x".join(map(str, t.shape)) or "scalar"
            yield f"{role}  {shape}, scale {t.scale:.9g}, zero point {t.zero_point}"


def _slot(graph: Graph, slot: Slot) -> dict[str, str]:
    """One line of the memory map at the top of model.c, columns aligned."""
    steps = str(slot.first) if slot.first == slot.last else f"{slot.first}..{slot.last}"
    return {
        "steps": f"{steps:<8}",
        "offset": f"{slot.offset:>9}",
        "nbytes": f"{slot.nbytes:>10}",
        "tensors": ", ".join(c_comment(graph.tensors[t].name) for t in slot.tensors),
    }


def _placed(plan: Plan, t: Tensor) -> dict[str, int]:
    return {"offset": plan.offsets[t.index], "nbytes": t.nbytes}


def _array(constant: _Constant) -> dict[str, Any]:
    """A constant's declaration and its values in lines."""
    values = [str(v) for v in constant.table.values.reshape(-1).tolist()]
    rows: list[str] = []
    line = ""
    for value in values:
        if line and len(line) + len(value) + 2 > _LINE:
            rows.append(line)
            line = value
        else:
            line = f"{line}, {value}" if line else value
    rows.append(line)
    return {
        "ctype": constant.table.ctype,
        "symbol": constant.symbol,
        "size": len(values),
        "rows": rows,
    }
