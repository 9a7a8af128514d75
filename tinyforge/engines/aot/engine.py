"""Graph and plan to C: what the templates in templates/aot are given."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyforge.engines.aot.call import Operand, body, constant, literal
from tinyforge.engines.aot.chain import ChainBody
from tinyforge.engines.base import Lowered, Missing, Wish
from tinyforge.graph import Graph, Operator, Tensor
from tinyforge.memory import search
from tinyforge.memory.network import FEED
from tinyforge.memory.plan import Place, Plan, Slot, rows_named
from tinyforge.memory.settled import bytes_of
from tinyforge.names import c_comment
from tinyforge.ops import OPS, Kernel, Table
from tinyforge.ops.base import PLAIN
from tinyforge.ops.chains import Chain
from tinyforge.ops.upright import rows_input
from tinyforge.project.templates import render
from tinyforge.tflite.about import remembers

_LINE = 96  # columns of a row of constants


@dataclass(frozen=True)
class _Constant:
    """A table under the name it has in C; in flash, or in RAM with its initial values in flash."""

    symbol: str
    table: Table
    in_ram: bool = False


class Aot:
    """Compiles a graph whose operators are all in OPS."""

    name = "aot"

    def missing(self, graph: Graph) -> tuple[Missing, ...]:
        return tuple(
            Missing(graph.where(op), f"the compiled engine has no {op.op}")
            for op in graph.operators
            if op.op not in OPS
        )

    def lower(self, graph: Graph, model: bytes, wish: Wish) -> Lowered:
        """Of the best plan found. The graph holds all that there is in the model."""
        del model
        found = search.plan(graph, wish.aim, by_rows=wish.by_rows, progress=wish.progress)
        return compiled(found)


def compiled(plan: Plan) -> Lowered:
    """The C of every layer, in the plan's order."""
    graph = plan.graph
    layers, constants = [], []
    for index in plan.order:
        layer, tables = _layer(graph, plan, graph.operators[index])
        layers.append(layer)
        constants.extend(tables)
    constants += [_start(t) for t in map(graph.tensors.__getitem__, graph.states) if _tabled(t)]
    with_code = [layer["index"] for layer in layers if layer["body"]]
    number = {index: i for i, index in enumerate([*with_code, FEED])}
    name = c_comment(graph.name)
    weights = {
        "model": name,
        "tables": [_array(c) for c in constants],
        "in_ram": any(c.in_ram for c in constants),
    }
    source = render(
        "aot/model.c.j2",
        model=name,
        arena_bytes=plan.arena_bytes,
        memories=_memories(plan),
        slots=[_slot(graph, slot) for slot in plan.slots],
        headers=sorted({layer["header"] for layer in layers if layer["struct"]}),
        input_bytes=graph.input_bytes,
        output_bytes=graph.output_bytes,
        by_rows=plan.by_rows,
        fed=_address(plan, plan.places[graph.inputs[rows_input(graph)]].offset),
        fed_room=plan.places[graph.inputs[rows_input(graph)]].room,
        sides=_sides(graph, plan),
        states=[_state(graph, plan, graph.tensors[t]) for t in graph.states],
        remembers=remembers(graph),
        layers=layers,
        step_type=_unsigned(plan),
        step_count=len(plan.steps),
        steps=_lines([f"{{{number[index]}, {step}}}" for index, step in plan.steps]),
    )
    return Lowered(
        files={
            "src/aot/model.c": source,
            "src/aot/weights.c": render("aot/weights.c.j2", **weights),
            "src/aot/weights.h": render("aot/weights.h.j2", **weights),
        },
        flash_symbols=tuple(c.symbol for c in constants),
        layer_symbols={index: f"forge_layer_{index}" for index in with_code},
        step_count=0 if plan.by_rows else len(plan.steps),
        arena_bytes=plan.arena_bytes,
        by_rows=plan.by_rows,
        plan=plan,
        tables={c.symbol: c.table for c in constants},
        in_ram=frozenset(c.symbol for c in constants if c.in_ram),
        parameters={_fields(layer["index"]): layer["members"] for layer in layers},
    )


def _layer(graph: Graph, plan: Plan, op: Operator) -> tuple[dict[str, Any], list[_Constant]]:
    """One layer's template values, and its constants."""
    chain = plan.chain_of.get(op.index)
    description = {
        "index": op.index,
        "title": f'{op.op} "{c_comment(graph.tensors[op.outputs[0]].name)}"',
        "comment": list(_comment(graph, plan, op)),
        "runs_in": chain.last if chain else op.index,
        "body": [],
        "struct": "",
        "members": {},
    }
    if bytes_of(op, plan) is not None:
        return description, []
    kernel = plan.kernels[op.index]
    constants = _constants(op, kernel, in_ram=op.index in plan.in_ram)
    names = _names(constants)
    members = {
        name: names[id(value)] if isinstance(value, Table) else value
        for name, value in kernel.fields.items()
    }
    fields = [
        {"name": name, "value": value if isinstance(value, str) else literal(value)}
        for name, value in members.items()
    ]
    description |= {"header": kernel.header, "struct": kernel.struct}
    description |= {"members": members, "fields": fields}
    if chain is None:
        description["body"] = [*_begun(graph, plan, op), *_body(plan, op, kernel)]
    elif op.index == chain.last:
        description["body"] = _chain_body(graph, plan, chain)
    return description, constants


def _begun(graph: Graph, plan: Plan, op: Operator) -> list[str]:
    """What fills a layer's states where every inference begins anew."""
    if remembers(graph):
        return []
    states = [graph.tensors[op.inputs[position]] for position in OPS[op.op].states]
    return [_filled(plan, t) for t in states]


def _constants(op: Operator, kernel: Kernel, *, in_ram: bool = False) -> list[_Constant]:
    prefix = f"forge_layer_{op.index}"
    fields = [
        _Constant(f"{prefix}_{name.rpartition('.')[2]}", value, in_ram)
        for name, value in kernel.fields.items()
        if isinstance(value, Table)
    ]
    operands = [
        _Constant(f"{prefix}_operand_{i}", value, in_ram)
        for i, value in enumerate(kernel.inputs)
        if isinstance(value, Table)
    ]
    return [*fields, *operands]


def _names(constants: Sequence[_Constant]) -> dict[int, str]:
    """What each table is called, by its id."""
    return {id(c.table): c.symbol for c in constants}


def _body(plan: Plan, op: Operator, kernel: Kernel) -> list[str]:
    form, names = kernel.form, _names(_constants(op, kernel))
    return body(
        kernel,
        _fields(op.index),
        [
            _operand(plan, names, value, 1 if i in kernel.repeated else form.input_rows)
            for i, value in enumerate(kernel.inputs)
        ],
        [_operand(plan, names, t, form.output_rows) for t in op.outputs],
        _memory(plan, op.index),
    )


def _chain_body(graph: Graph, plan: Plan, chain: Chain) -> list[str]:
    names = _names([c for op in chain.operators for c in _constants(op, chain.kernel_of(op))])
    form = chain.form(graph)

    def operand(value: int | Table) -> Operand:
        rows = form.input_rows if value == chain.first.inputs[0] else form.output_rows
        return _operand(plan, names, value, rows)

    return ChainBody(graph, chain, operand, _fields, _memory(plan, chain.last)).lines()


def _operand(plan: Plan, names: Mapping[int, str], value: int | Table, rows: int) -> Operand:
    """A tensor or a constant, divided into so many rows."""
    if isinstance(value, Table):
        return constant(names[id(value)], value, rows)
    place = plan.places[value].of(rows)
    return Operand(_address(plan, place.offset), place.row_bytes, place.room, place.rows)


def _memories(plan: Plan) -> list[dict[str, Any]]:
    """The arena's arrays. Of two, a linker of ours puts one behind the other, so that emulators see
    one arena."""
    names = (("forge_arena", "FORGE_ARENA_PLACE"), ("forge_large_arena", "FORGE_LARGE_ARENA_PLACE"))
    if plan.fast_bytes is None:
        sizes, places = [plan.arena_bytes], [""]
    else:
        sizes = [plan.fast_bytes, plan.arena_bytes - plan.fast_bytes]
        places = [f'__attribute__((section(".noinit.{symbol}")))' for symbol, _ in names]
    return [
        {"symbol": symbol, "macro": macro, "nbytes": nbytes, "place": place}
        for (symbol, macro), nbytes, place in zip(names, sizes, places, strict=False)
    ]


def _address(plan: Plan, offset: int) -> str:
    """What lies at an offset of the arena, in C; in one of its memories, where there are two."""
    if plan.fast_bytes is None or offset < plan.fast_bytes:
        return f"forge_arena + {offset}"
    return f"forge_large_arena + {offset - plan.fast_bytes}"


def _fields(index: int) -> str:
    """The name of an operator's constant arguments."""
    return f"layer_{index}"


def _memory(plan: Plan, layer: int) -> str:
    """Where a layer has memory for itself, if it has any."""
    return _address(plan, plan.scratch.get(layer, 0))


def _comment(graph: Graph, plan: Plan, op: Operator) -> Iterator[str]:
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
            state = f", state of {t.dtype.name.lower()}" if t.variable else ""
            where = _where(plan.places.get(t.index))
            yield f"{role}  {shape}, {_values(t)}{where}{state}"


def _values(t: Tensor) -> str:
    """What a tensor's elements mean."""
    if t.dtype in PLAIN:
        return t.dtype.name.lower()
    return f"scale {t.scale:.9g}, zero point {t.zero_point}"


def _where(place: Place | None) -> str:
    if place is None:
        return ", a tile at a time"
    return f", in a ring of {rows_named(place.room)}" if place.room < place.rows else ""


def _slot(graph: Graph, slot: Slot) -> dict[str, str]:
    """One line of the memory map at the top of model.c, columns aligned."""
    steps = str(slot.first) if slot.first == slot.last else f"{slot.first}..{slot.last}"
    what = ", ".join(c_comment(graph.tensors[t].name) for t in slot.tensors)
    if any(graph.tensors[t].variable for t in slot.tensors):
        what += " (state)"
    if slot.layers:
        what = f"memory of {slot.owners}"
    if slot.rows:
        what += f" ({rows_named(slot.rows)})"
    return {
        "steps": f"{steps:<10}",
        "offset": f"{slot.offset:>9}",
        "nbytes": f"{slot.nbytes:>10}",
        "what": what,
    }


def _sides(graph: Graph, plan: Plan) -> list[dict[str, Any]]:
    """Where the application finds inputs and outputs: C expressions, NULL for one fed by rows."""
    fed = graph.inputs[rows_input(graph)] if plan.by_rows else None
    sides = (("input", "void", graph.inputs), ("output", "const void", graph.outputs))
    return [
        {
            "role": role,
            "type": ctype,
            "places": [
                "NULL" if role == "input" and t == fed else _address(plan, plan.places[t].offset)
                for t in tensors
            ],
        }
        for role, ctype, tensors in sides
    ]


def _state(graph: Graph, plan: Plan, t: Tensor) -> dict[str, str]:
    """How a variable tensor is filled, and of which layers it is the state."""
    layers = ", ".join(str(op.index) for op in graph.consumers[t.index])
    return {
        "filled": _filled(plan, t),
        "layers": f"layers {layers}" if len(graph.consumers[t.index]) > 1 else f"layer {layers}",
    }


def _filled(plan: Plan, t: Tensor) -> str:
    """The statement that fills a variable tensor: from a table, perhaps again and again, or with
    one byte throughout."""
    to = _address(plan, plan.places[t.index].offset)
    if not _tabled(t):
        values = t.at_start().reshape(-1).view(np.int8)
        return f"memset({to}, {values[0] if values.size else 0}, {t.nbytes});"
    start = _start(t)
    size = start.table.nbytes
    if size == t.nbytes:
        return f"memcpy({to}, {start.symbol}, {size});"
    count = t.nbytes // size
    return f"for (int i = 0; i < {count}; ++i) memcpy({to} + i * {size}, {start.symbol}, {size});"


def _tabled(t: Tensor) -> bool:
    """Whether a variable tensor begins with different bytes."""
    values = t.at_start().reshape(-1).view(np.int8)
    return bool((values != values[:1]).any())


def _start(t: Tensor) -> _Constant:
    """What it begins with; where that is the same again and again along a dimension, once."""
    values = t.at_start()
    stretches = (values.reshape(math.prod(t.shape[:n]), -1) for n in range(values.ndim, -1, -1))
    once = next(s[0] for s in stretches if (s == s[:1]).all())
    return _Constant(f"forge_state_{t.index}", Table(f"{t.dtype.name.lower()}_t", once))


def _unsigned(plan: Plan) -> str:
    """The smallest type that holds an operator's index, and the number of a step."""
    largest = max((max(step) for step in plan.steps), default=0)
    return "uint8_t" if largest < 256 else "uint16_t"


def _array(constant: _Constant) -> dict[str, Any]:
    """A constant's declaration and its values in lines."""
    values = [str(v) for v in constant.table.values.reshape(-1).tolist()]
    return {
        "ctype": constant.table.ctype if constant.in_ram else f"const {constant.table.ctype}",
        "symbol": constant.symbol,
        "size": len(values),
        "rows": _lines(values),
    }


def _lines(values: Sequence[str]) -> list[str]:
    """Values of an initializer, as many in a line as fit."""
    rows: list[str] = []
    line = ""
    for value in values:
        if line and len(line) + len(value) + 2 > _LINE:
            rows.append(line)
            line = value
        else:
            line = f"{line}, {value}" if line else value
    return [*rows, line]
