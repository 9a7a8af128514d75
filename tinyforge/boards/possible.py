"""What no board could ever run, known at once: so a file's fields do not decide how much is worked.

What is counted is needed whatever the plan: layers may hand on a picture row by row, and an input
may be fed so, but a row must be there, and states and outputs as a whole; each step of a plan is an
entry of a table in flash, and so is each layer's every weight.
"""

from __future__ import annotations

from tinyforge.boards.catalog import all_boards
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph, Tensor
from tinyforge.ops.turned import is_row

_STEP_BYTES = 2  # of an entry in the table of steps
_FIX = "give a smaller model; no board that tinyforge knows could run this one"


def require_possible(graph: Graph, *, inputs_whole: bool = False) -> None:
    """ForgeError for a graph that cannot fit the largest board, in time that the graph's own size
    bounds. inputs_whole: they are not fed by rows."""
    boards = all_boards()
    ram, flash = max(b.ram_limit for b in boards), max(b.flash_limit for b in boards)
    kept = [graph.tensors[t] for t in dict.fromkeys((*graph.outputs, *graph.states))]
    _require(sum(t.nbytes for t in kept), ram, "RAM", f"outputs and states of {graph.name!r}")
    if inputs_whole:
        nbytes = sum(t.nbytes for t in graph.input_tensors)
        _require(nbytes, ram, "RAM", f"inputs of {graph.name!r}, all at once")
    for t in graph.tensors:
        if t.data is None and (t.index in graph.producers or t.index in graph.inputs):
            _require(t.nbytes // _rows(t), ram, "RAM", f"a row of tensor {t.name[:80]!r}")
    uses = (graph.tensors[t] for op in graph.operators for t in op.inputs if t >= 0)
    weights = sum(t.nbytes for t in uses if t.data is not None)
    _require(weights, flash, "flash", f"the weights of {graph.name!r}")
    made = (graph.tensors[op.outputs[0]] for op in graph.operators if op.outputs)
    steps = sum(_least_steps(t, ram) for t in (*made, *graph.input_tensors))
    _require(_STEP_BYTES * steps, flash, "flash", f"the {steps:,} rows of {graph.name!r}")


def _require(nbytes: int, most: int, memory: str, what: str) -> None:
    if nbytes > most:
        raise ForgeError(
            f"{nbytes:,} bytes of {memory} are needed at the least; the largest board has {most:,}",
            where=what,
            fix=_FIX,
        )


def _rows(t: Tensor) -> int:
    """In how many steps a tensor can be made at the most."""
    if len(t.shape) == 4 and t.shape[0] * t.shape[1] > 1:
        return t.shape[0] * t.shape[1]
    return t.shape[-2] if is_row(t) else 1


def _least_steps(t: Tensor, ram: int) -> int:
    """A picture of one row may be made at once, where there is room for it."""
    return 1 if is_row(t) and t.nbytes <= ram else _rows(t)
