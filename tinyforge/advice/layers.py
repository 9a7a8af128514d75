"""Where an inference's time goes, and why."""

from __future__ import annotations

from collections.abc import Mapping

from tinyforge.advice.figures import Tried
from tinyforge.advice.record import Hot
from tinyforge.graph import Graph, Operator
from tinyforge.memory.choices import KernelChoice, choices
from tinyforge.memory.search import layer_cycles
from tinyforge.ops import OPS
from tinyforge.proof.record import LayerProof

_MOST = 5  # layers that are named
_SHARE = 0.05  # of the time: a layer that takes less is not worth a look
_QUICKER = 0.9  # times a kernel's cycles: what is hardly quicker is not worth more memory
_FEW = 4  # input channels
_LANES = 4  # weights that a load takes


def hot_layers(tried: Tried) -> tuple[Hot, ...]:
    """The layers that take most, first: counted where the model was run, else estimated. Layers
    that run as one are one, named and explained by the one among them that multiplies most."""
    found = {c.layer: c for c in choices(tried.plan, tried.aim)}
    costs = _costs(tried)
    total = sum(costs.values())
    order = sorted(costs, key=lambda layer: -costs[layer])[:_MOST]
    return tuple(
        _hot(tried, layer, costs[layer], costs[layer] / total, found)
        for layer in order
        if layer in found and costs[layer] >= _SHARE * total
    )


def _hot(
    tried: Tried, layer: int, cost: int, share: float, found: Mapping[int, KernelChoice]
) -> Hot:
    graph = tried.plan.graph
    inner = [i for i, last in tried.plan.within.items() if last == layer]
    op = max(
        (graph.operators[i] for i in (layer, *inner)), key=lambda one: OPS[one.op].macs(graph, one)
    )
    reasons = [_shape(graph, op), _kernel(found[op.index])]
    if inner:
        others = ", ".join(str(i) for i in sorted({layer, *inner} - {op.index}))
        reasons.insert(0, f"as one with layer {others}, which saves memory")
    name = graph.tensors[op.outputs[0]].name
    why = "; ".join(reason for reason in reasons if reason)
    return Hot(op.index, op.op, name, cost, share, found[op.index].taken.way, why)


def _costs(tried: Tried) -> dict[int, int]:
    """By layer, those that run within others among them."""
    if tried.proof is not None:
        rows = tried.proof.instructions_by_layer
        return {row.index: cost for row in rows if (cost := _cost(row)) is not None}
    plan = tried.plan
    costs: dict[int, int] = {}
    for index in plan.kernels:
        layer = plan.within.get(index, index)
        costs[layer] = costs.get(layer, 0) + layer_cycles(plan, index, tried.aim.flash)
    return costs


def _cost(row: LayerProof) -> int | None:
    if row.simulated is not None:
        return row.simulated
    return row.instructions if row.cycles is None else row.cycles.mid


def _shape(graph: Graph, op: Operator) -> str:
    """What a layer's form costs on any core."""
    source = graph.tensors[op.inputs[0]]
    if op.op == "CONV_2D" and source.shape[-1] < _FEW:
        return f"few input channels ({source.shape[-1]}): weights do not come by fours"
    if op.op == "CONV_2D" and source.shape[-1] % _LANES:
        return f"{source.shape[-1]} input channels are no multiple of four"
    if op.op == "FULLY_CONNECTED":
        weights = graph.tensors[op.inputs[1]]
        return f"each of {weights.size:,} weights is loaded for one product"
    if op.op == "DEPTHWISE_CONV_2D":
        return "one channel in, one out: few products for each value that is loaded"
    return ""


def _kernel(choice: KernelChoice) -> str:
    """What the quickest other kernel would change."""
    other, taken = choice.runner_up, choice.taken
    if other is None or other.cycles > _QUICKER * taken.cycles:
        return ""
    more = [
        f"{nbytes:,} B more {what}"
        for what, nbytes in (
            ("flash", other.tables - taken.tables),
            ("memory", other.memory - taken.memory),
        )
        if nbytes > 0
    ]
    price = f" for {' and '.join(more)}" if more else ""
    return f"{other.way} would take {1 - other.cycles / taken.cycles:.0%} less{price}"
