"""The whole application on this computer, under the address and undefined-behaviour sanitizers.

The arena has exactly the planned size, so a layer that leaves it ends the run.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.corpus import models, several
from tests.firmware import sanitized
from tests.firmware.spoken import console
from tests.memory import graphs
from tinyforge.engines.aot import compiled
from tinyforge.graph import Graph
from tinyforge.memory.search import plan
from tinyforge.project.model_files import ABI, Golden, model_files
from tinyforge.proof.oracle import answer, reference_trace

Int8 = npt.NDArray[np.int8]

MODELS: dict[str, Graph] = {
    **{name: make(3) for name, make in models.NETWORKS.items()},
    **{name: graphs.SHAPES[name]() for name in ("diamonds", "reshape_chain", "broadcast")},
    "tangled": several.tangled(),
    "two_heads": several.two_heads(),
}


def frames(graph: Graph, count: int) -> Int8:
    shape = (count, graph.input_bytes)
    return np.random.default_rng(11).integers(-128, 128, shape).astype(np.int8)


def answers(graph: Graph, inputs: Int8) -> Int8:
    """What the NumPy models give, which equal TFLM (tests/ops)."""
    return answer(graph, reference_trace(graph, inputs))


def sources(graph: Graph, golden_inputs: Int8, golden_outputs: Int8) -> dict[str, str]:
    lowered = compiled(plan(graph))
    return {**lowered.files, **model_files(graph, (), Golden(golden_inputs, golden_outputs))}


@pytest.mark.parametrize("name", MODELS)
def test_the_application_answers_every_frame(name: str, tmp_path: Path) -> None:
    """Equal frames give equal answers, whatever came between."""
    graph = MODELS[name]
    inputs = frames(graph, 5)
    inputs = inputs[[0, 1, 0, 2, 0, 3, 4, 4]]
    expected = answers(graph, inputs)
    program = sanitized.build_application(sources(graph, inputs[:3], expected[:3]), tmp_path)
    done = sanitized.run(program, inputs.tobytes())
    assert (done.returncode, console(done.stderr)) == (0, ["PASS: 3 golden vectors"])
    np.testing.assert_array_equal(np.frombuffer(done.stdout, np.int8).reshape(8, -1), expected)
    # A frame that is cut short gets no answer.
    short = sanitized.run(program, inputs.tobytes()[:-1])
    assert short.stdout == done.stdout[: -expected.shape[1]]


def test_the_first_difference_is_printed(tmp_path: Path) -> None:
    """Vector, output, expected and found; no frame is answered after that."""
    graph = models.classifier(3)
    inputs = frames(graph, 3)
    right = answers(graph, inputs)
    for vector, output, wrong in ((0, 0, -128), (2, 1, 127), (1, 2, 0)):
        golden = right.copy()
        found = int(golden[vector, output])
        golden[vector, output] = wrong
        assert wrong != found
        folder = tmp_path / str(vector)
        folder.mkdir()
        program = sanitized.build_application(sources(graph, inputs, golden), folder)
        done = sanitized.run(program, inputs.tobytes())
        assert done.returncode == 1
        assert done.stdout == b""
        assert done.stderr.decode() == (
            f"FAIL: golden vector {vector}, output {output}: expected {wrong}, found {found}\n"
            "FAIL: the self-test's outputs differ from the golden vectors\n"
        )


@pytest.mark.parametrize(
    ("table", "value"),
    [
        ("forge_layer_3_multiplier", 2**30),
        ("forge_layer_3_shift", 0),
        ("forge_layer_3_bias", 99999),
    ],
)
def test_a_corrupted_constant_fails_closed(table: str, value: int, tmp_path: Path) -> None:
    """One value is enough: the self-test sees it, and no frame is answered."""
    graph = models.classifier(3)
    inputs = frames(graph, 3)
    files = sources(graph, inputs, answers(graph, inputs))
    first = re.compile(rf"({table}\[\d+\] = {{\s*)(-?\d+)")
    text, count = first.subn(rf"\g<1>{value}", files["src/aot/weights.c"])
    assert count == 1
    program = sanitized.build_application({**files, "src/aot/weights.c": text}, tmp_path)
    done = sanitized.run(program, inputs.tobytes())
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"FAIL: golden vector ")


def test_sources_of_two_models_do_not_compile_together(tmp_path: Path) -> None:
    """model.h of one and model.c of the other is an error that says what to run."""
    one, other = models.classifier(3), models.separable(3)
    x = frames(one, 1)
    files = sources(one, x, answers(one, x))
    mixed = {**files, **compiled(plan(other)).files}
    with pytest.raises(AssertionError, match="different models: run tinyforge generate again"):
        sanitized.build_application(mixed, tmp_path)


def test_sources_of_another_version_do_not_compile(tmp_path: Path) -> None:
    graph = models.classifier(3)
    x = frames(graph, 1)
    files = sources(graph, x, answers(graph, x))
    header = files["include/model.h"].replace(f"FORGE_ABI != {ABI}", "FORGE_ABI != 99")
    assert header != files["include/model.h"]
    with pytest.raises(AssertionError, match="differ in version: run tinyforge generate"):
        sanitized.build_application({**files, "include/model.h": header}, tmp_path)
