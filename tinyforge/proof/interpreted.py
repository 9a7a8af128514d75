"""The check of the interpreter's half: the model that the project carries, run in TFLM itself.

No firmware is built: it shows that the model arrives whole, and nothing of how it runs on a core.
"""

from __future__ import annotations

from tinyforge.boards import Board
from tinyforge.engines.base import Lowered
from tinyforge.engines.tflm import embedded_model
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.ops import OPS
from tinyforge.packages import pip_install
from tinyforge.proof import oracle
from tinyforge.proof.answers import head_accuracy
from tinyforge.proof.compare import first_difference, layer_proofs
from tinyforge.proof.examples import Examples
from tinyforge.proof.record import Arena, Proof
from tinyforge.tflite import read


def prove_interpreted(
    lowered: Lowered, model: bytes, graph: Graph, examples: Examples, board: Board
) -> Proof:
    """Parses the model back out of the generated C array and runs that in TFLM's wheel.

    Expected is what the operators' NumPy models compute from the user's own file, layer by layer;
    where one of them has none, the user's file in TFLM. lowered: of the engine tflm. ForgeError
    when the array does not hold the user's model, or the wheel is not installed.
    """
    if not oracle.available():
        raise ForgeError(
            "the interpreter's half is proved in TensorFlow Lite Micro, which is not installed",
            fix=f"{pip_install('tflite-micro')} (Linux on x86-64), or --engine aot",
        )
    carried = embedded_model(lowered.files)
    if carried != model:
        raise ForgeError("the generated C array does not hold the model", where=graph.name)
    actual = oracle.tflm_trace(carried, read(carried, name=graph.name), examples.inputs)
    modelled = all(op.op in OPS for op in graph.operators)
    expected = (
        oracle.reference_trace(graph, examples.inputs)
        if modelled
        else oracle.tflm_trace(model, graph, examples.inputs)
    )
    first = first_difference(graph, actual, expected)
    order = [op.index for op in graph.operators]
    return Proof(
        model=graph.name,
        engine="tflm",
        board=board.id,
        core=board.core,
        machine=f"host: {oracle.version()}",
        toolchain="none: the wheel's own build",
        oracle=oracle.NUMPY_MODELS if modelled else f"{oracle.version()}, from your file",
        inputs=len(examples),
        layers=len(graph.operators),
        bit_exact=first is None,
        first_difference=first,
        accuracy=head_accuracy(oracle.answer(graph, actual), graph, examples.head, examples.labels),
        arena=Arena(planned=lowered.arena_bytes, touched=None, lower_bound=None, slots=()),
        instructions_by_layer=layer_proofs(graph, order, actual, expected),
        firmware_ran=False,
    )
