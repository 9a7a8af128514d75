"""Which engines a model can have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tinyforge.engines.aot import Aot
from tinyforge.engines.base import Engine, Missing
from tinyforge.engines.tflm import TFLM
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph

ENGINES: Mapping[str, Engine] = {engine.name: engine for engine in (Aot(), TFLM())}


@dataclass(frozen=True)
class Choice:
    """engines: by name, in ENGINES' order; at least one. left_out: an engine that was asked for,
    and the layers it cannot run."""

    engines: Mapping[str, Engine]
    left_out: Mapping[str, tuple[Missing, ...]]


def choose(graph: Graph, wanted: str, *, by_rows: bool = False) -> Choice:
    """The engines for a graph. wanted: "both", or the name of one. by_rows: the input is fed so,
    which the compiled engine alone can take.

    With both, an engine that lacks an operator, or that cannot be fed so, is left out. ForgeError,
    naming the layer, when the one that was asked for lacks an operator, or both do; and for the
    interpreter fed by rows.
    """
    if by_rows:
        return _fed_by_rows(graph, wanted)
    asked = {wanted: ENGINES[wanted]} if wanted in ENGINES else ENGINES
    missing = {name: engine.missing(graph) for name, engine in asked.items()}
    able = {name: engine for name, engine in asked.items() if not missing[name]}
    if not able:
        first = next(iter(missing.values()))[0]
        others = (name for name in ENGINES if name not in asked)
        other = next((name for name in others if not ENGINES[name].missing(graph)), None)
        raise ForgeError(
            first.what,
            where=first.where,
            fix=f"--engine {other} has it" if other else "no engine has it: change the layer",
        )
    return Choice(able, {name: found for name, found in missing.items() if found})


def _fed_by_rows(graph: Graph, wanted: str) -> Choice:
    if wanted == "tflm":
        raise ForgeError(
            "the interpreter keeps its input whole: it cannot be fed by rows",
            fix="use --feed frame, or --engine aot",
        )
    found = choose(graph, "aot")
    if wanted == "aot":
        return found
    return Choice(found.engines, {"tflm": (Missing("--feed rows", "it keeps its input whole"),)})
