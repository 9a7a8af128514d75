"""What a board should run, and whether it is that which it runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinyforge.boards import Board
from tinyforge.device.messages import Hello, status_text
from tinyforge.engines.base import Lowered
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.memory.plan import Plan
from tinyforge.project.identity import model_hash
from tinyforge.project.model_files import ABI


@dataclass(frozen=True, eq=False)
class Subject:
    """model: the .tflite bytes of graph. lowered: the sources of the engine.

    plan: where layers lie in the arena; None for the interpreter, which plans itself.
    inputs: int8 (n, bytes of all inputs).
    """

    model: bytes
    graph: Graph
    board: Board
    engine: str
    lowered: Lowered
    plan: Plan | None
    inputs: npt.NDArray[np.int8]


def require_same(hello: Hello, subject: Subject, where: str) -> None:
    """ForgeError unless the board runs this project's firmware, and its engine is up."""
    graph, plan = subject.graph, subject.plan
    for name, found, expected in (
        ("ABI", hello.abi, ABI),
        ("model", hello.model.hex(), model_hash(subject.model).hex()),
        ("engine", hello.engine, subject.engine),
        ("board", hello.board, subject.board.id),
        ("input size", hello.input_bytes, graph.input_bytes),
        ("output size", hello.output_bytes, graph.output_bytes),
        ("arena size", hello.arena_bytes, plan.arena_bytes if plan else 0),
        ("number of steps", hello.steps, subject.lowered.step_count),
    ):
        if found != expected:
            raise ForgeError(
                f"the board runs other firmware: its {name} is {found}, the project's {expected}",
                where=where,
                fix="flash the project's: tinyforge flash without --no-upload; if it stays so, "
                "write the project anew with tinyforge generate",
            )
    if hello.status != 0:
        raise ForgeError(
            f"the firmware does not start: {status_text(hello.status)}",
            where=where,
            fix="write the project anew with tinyforge generate, and flash it",
        )
