"""The compiled model on the board, layer by layer."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinyforge.device.link import Link
from tinyforge.device.subject import Subject
from tinyforge.proof.oracle import Trace
from tinyforge.proof.steps import assemble, finished


def layer_by_layer(
    link: Link, subject: Subject, values: npt.NDArray[np.int8]
) -> tuple[Trace, dict[int, int]]:
    """Every layer's output on one input, each piece read before the next step is taken.

    Returns them by tensor, int8 (1, bytes), and the cycles of each layer that has code by operator
    index. subject: with a plan. ForgeError as Link's.
    """
    plan = subject.plan
    assert plan is not None
    pieces = finished(subject.graph, plan)
    captured = []
    cycles: dict[int, int] = {}
    link.write_input(values.tobytes())
    for step, group in enumerate(pieces):
        if step:
            layer = plan.steps[step - 1].layer
            cycles[layer] = cycles.get(layer, 0) + link.run(step)
        read = b"".join(link.read_arena(piece.offset, piece.nbytes) for piece in group)
        captured.append(np.frombuffer(read, np.int8)[np.newaxis])
    return assemble(subject.graph, plan, pieces, captured), cycles
