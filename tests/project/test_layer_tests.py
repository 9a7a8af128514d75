"""Unit tests of layers in generated projects: each passes, and fails for its own layer alone."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from tests.corpus import models, several
from tests.corpus.builder import GraphBuilder
from tests.device import emulated
from tests.firmware import sanitized
from tests.project.test_platforms import cases
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph, Operator
from tinyforge.memory.network import is_alias
from tinyforge.memory.search import plan
from tinyforge.ops import OPS, Op
from tinyforge.project.layout import LAYER_TESTS, sources_for
from tinyforge.project.pio import run_pio
from tinyforge.proof.examples import synthetic
from tinyforge.proof.oracle import reference_trace
from tinyforge.spec import EngineChoice, FeedChoice

NETWORKS = {
    **models.NETWORKS,
    "keywords": models.keywords,
    "tangled": lambda _: several.tangled(),
}
RESIDUAL = models.residual(1)


def generated(
    graph: Graph, folder: Path, *, engine: EngineChoice = "aot", feed: FeedChoice = "frame"
) -> Path:
    return emulated.generate(graph, folder, engine=engine, feed=feed, layer_tests=True)


def run(project: Path) -> dict[str, tuple[str, str]]:
    """The tests as a program of this computer: status and failure text by name."""
    sources, include = sources_for(project, "aot", "native")
    tests = project / "test"
    program = sanitized.build(
        [s for s in sources if s != project / "src" / "main.c"]
        + sorted((tests / LAYER_TESTS).glob("*.c")),
        project.parent / "layer-tests",
        [*include, tests],
    )
    shown = sanitized.run(program).stderr.decode()
    found = re.findall(r"^[^:]+:\d+:(\w+):(PASS|FAIL)(?:: (.*))?$", shown, re.MULTILINE)
    assert f"{len(found)} Tests " in shown
    return {name: (status, text) for name, status, text in found}


def failures(found: dict[str, tuple[str, str]]) -> dict[str, str]:
    return {name: text for name, (status, text) in found.items() if status == "FAIL"}


@pytest.mark.parametrize("feed", ["frame", "rows"])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_layer_passes(name: str, feed: FeedChoice, tmp_path: Path) -> None:
    """Each has its own test, or a line that says why not."""
    graph = NETWORKS[name](1)
    project = generated(graph, tmp_path, feed=feed)
    found = run(project)
    assert not failures(found)
    source = (project / "test" / LAYER_TESTS / "layers.c").read_text()
    reasons = dict(re.findall(r"^ \* Layer (\d+): .*: (runs within|the same bytes)", source, re.M))
    planned = plan(graph, by_rows=feed == "rows")
    for op in graph.operators:
        runs_within, alias = op.index in planned.within, is_alias(op)
        reason = "runs within" if runs_within else "the same bytes" if alias else None
        assert reasons.get(str(op.index)) == reason
        names = [test for test in found if test.startswith(f"layer_{op.index}_{op.op}")]
        assert len(names) == (0 if reason else len(op.outputs))


def weighted(graph: Graph) -> list[Operator]:
    return [op for op in graph.operators if op.op in ("CONV_2D", "FULLY_CONNECTED", "SVDF")]


def with_wrong_weights(graph: Graph, op: Operator, operand: int = 1) -> Graph:
    """Every weight of one layer with the other sign."""
    tensor = graph.tensors[op.inputs[operand]]
    assert tensor.data is not None
    wrong = replace(tensor, data=-tensor.data)
    return replace(
        graph, tensors=tuple(wrong if t.index == tensor.index else t for t in graph.tensors)
    )


def take_weights(project: Path, graph: Graph, folder: Path) -> None:
    """Into a project the weights of another model of the same shape."""
    other = emulated.generate(graph, folder)
    shutil.copy2(other / "src" / "aot" / "weights.c", project / "src" / "aot" / "weights.c")


def first_wrong(graph: Graph, wrong: Graph, op: Operator) -> tuple[str, str]:
    """The test that must fail for a layer, and its text: by the operators' NumPy models, from what
    the right layers before it compute."""
    tensor = graph.tensors[graph.inputs[0]]
    last = synthetic(graph, emulated.VECTORS, seed=0).inputs[:1]
    right = reference_trace(graph, last)
    values = {t: rows[0].reshape(graph.tensors[t].shape) for t, rows in right.items()}
    values[tensor.index] = last[0].reshape(tensor.shape)
    values |= {t.index: t.data for t in wrong.tensors if t.data is not None}
    chain = plan(graph).chain_of.get(op.index)
    for layer in chain.operators if chain else (op,):
        (result,) = OPS[layer.op].outputs(wrong, layer, [values[t] for t in layer.inputs if t >= 0])
        values[layer.outputs[0]] = result
    expected, found = right[layer.outputs[0]][0], result.reshape(-1)
    element = int(np.flatnonzero(expected != found)[0])
    text = f"element {element}: expected {expected[element]}, found {found[element]}"
    return f"layer_{layer.index}_{layer.op}", text


@pytest.mark.parametrize("op", weighted(RESIDUAL), ids=lambda op: f"{op.index}")
def test_wrong_weights_fail_their_layer_alone(op: Operator, tmp_path: Path) -> None:
    """With the first difference; the layers after it get what they should have got."""
    wrong = with_wrong_weights(RESIDUAL, op)
    project = generated(RESIDUAL, tmp_path / "right")
    take_weights(project, wrong, tmp_path / "wrong")
    name, text = first_wrong(RESIDUAL, wrong, op)
    assert failures(run(project)) == {name: text}


@pytest.mark.parametrize("operand", [1, 2], ids=["over features", "over time"])
def test_a_wrong_memory_fails_its_layer_alone(operand: int, tmp_path: Path) -> None:
    """Layers that remember are run on a sequence."""
    graph = models.keywords(1)
    second = graph.operators[1]
    project = generated(graph, tmp_path / "right")
    take_weights(project, with_wrong_weights(graph, second, operand), tmp_path / "wrong")
    assert list(failures(run(project))) == [f"layer_1_{second.op}"]
    model = project / "src" / "aot" / "model.c"
    text = model.read_text()
    forgets = "void forge_run_step(int step) {"
    assert forgets in text
    model.write_text(text.replace(forgets, f"{forgets} if (step == 0) forge_reset();"))
    take_weights(project, graph, tmp_path / "right again")
    found = failures(run(project))
    assert set(found) == {f"layer_{i}_SVDF" for i in range(3)}
    sizes = [graph.tensors[op.outputs[0]].nbytes for op in graph.operators]
    for name, failure in found.items():
        element = int(re.findall(r"element (\d+)", failure)[0])
        assert element >= sizes[int(name.split("_")[1])], "the first inference remembers nothing"


def test_no_name_breaks_the_file(tmp_path: Path) -> None:
    graph = models.classifier(1)
    evil = tuple(replace(t, name='*/ int y; /* "%s\n??/') for t in graph.tensors)
    assert not failures(run(generated(replace(graph, tensors=evil), tmp_path)))


def test_a_model_that_is_not_compiled_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine that was left out is no reason to leave the tests out without a word."""
    b = GraphBuilder("put")
    x = b.input((1, 4), 0.1, 0)
    part, begin = b.input((1, 2), 0.1, 0), b.constant(np.array([0, 1], np.int32))
    graph = b.build([b.op("DYNAMIC_UPDATE_SLICE", [x, part, begin], (1, 4), 0.1, name="put")])
    monkeypatch.delitem(cast(dict[str, Op], OPS), "DYNAMIC_UPDATE_SLICE")  # it has all
    with pytest.raises(ForgeError, match="of the compiled engine's layers") as caught:
        generated(graph, tmp_path, engine="both")
    assert "layer 0 DYNAMIC_UPDATE_SLICE 'put'" in caught.value.where
    assert caught.value.fix == "leave --layer-tests out"


@pytest.fixture(scope="module")
def built(core_dir: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with both engines."""
    return generated(RESIDUAL, tmp_path_factory.mktemp("layers of"), engine="both")


ENVIRONMENTS = pytest.mark.parametrize("environment", ["sim", "native"])


def test_a_model_of_two_heads(core_dir: None, tmp_path: Path) -> None:
    """Its golden vectors and its layers; one wrong answer is named by its output and element."""
    project = generated(several.two_heads(), tmp_path)
    found = cases(run_pio(project, "test", environment="sim").output)
    assert {"golden_0", "layer_1_SOFTMAX", "layer_2_SOFTMAX"} <= set(found)
    assert set(found.values()) == {"PASSED"}
    golden = project / "src" / "golden.c"
    inputs, outputs = golden.read_text().split("forge_golden_outputs")
    first = re.search(r"\{\s*\{\s*((?:-?\d+, ){7})(-?\d+)", outputs)
    assert first
    right = int(first[2])
    changed = outputs.replace(f"{first[1]}{right}", f"{first[1]}{right ^ 1}", 1)
    golden.write_text(f"{inputs}forge_golden_outputs{changed}")
    with pytest.raises(ForgeError) as caught:
        run_pio(project, "test", "-f", "test_golden", environment="sim")
    assert f"output 1, element 2: expected {right ^ 1}, found {right}" in caught.value.what


@ENVIRONMENTS
def test_platformio_runs_them(environment: str, built: Path) -> None:
    output = run_pio(built, "test", "-f", LAYER_TESTS, environment=environment).output
    found = cases(output)
    planned = plan(RESIDUAL)
    named = [
        f"layer_{op.index}_{op.op}"
        for op in RESIDUAL.operators
        if op.index not in planned.within and not is_alias(op)
    ]
    assert list(found) == ["initializes", *named]
    assert set(found.values()) == {"PASSED"}
    assert "golden_0" in cases(run_pio(built, "test", environment=environment).output)
    assert f"pio test -e sim -f {LAYER_TESTS}" in (built / "README.md").read_text()


@ENVIRONMENTS
def test_platformio_names_the_wrong_layer(environment: str, built: Path, tmp_path: Path) -> None:
    project = shutil.copytree(built, tmp_path / "copy")
    op = weighted(RESIDUAL)[-2]
    wrong = with_wrong_weights(RESIDUAL, op)
    take_weights(project, wrong, tmp_path / "wrong")
    with pytest.raises(ForgeError, match=r"\[FAILED\]") as caught:
        run_pio(project, "test", "-f", LAYER_TESTS, environment=environment)
    name, text = first_wrong(RESIDUAL, wrong, op)
    failed = re.findall(r"^test/.*?: (\S+): (.*)\t\[FAILED\]$", caught.value.what, re.MULTILINE)
    assert failed == [(name, text)]
    assert len(cases(caught.value.what)) > 5


def test_zig_and_unicorn_do_as_well(built: Path, tmp_path: Path) -> None:
    """Though the self-test's vectors, which no layer needs, are not in the firmware."""
    project = shutil.copytree(built, tmp_path / "copy")
    (project / "local.ini").write_text(
        "[env:sim]\ncustom_toolchain = zig\ncustom_machine = unicorn\n"
    )
    found = cases(run_pio(project, "test", "-f", LAYER_TESTS, environment="sim").output)
    assert set(found.values()) == {"PASSED"}
    assert "layer_10_FULLY_CONNECTED" in found


def test_the_interpreter_is_not_asked_for_layers(built: Path) -> None:
    """Without the library that it needs, nothing of it could be built."""
    for environment in ("sim_tflm", "native_tflm"):
        shown = run_pio(built, "test", "-f", LAYER_TESTS, environment=environment).output
        assert "Building" not in shown
        assert not cases(shown)


def test_what_a_board_cannot_hold_is_tested_all_the_same(built: Path, tmp_path: Path) -> None:
    """The values are of the test, which is never on the board."""
    project = shutil.copytree(built, tmp_path / "copy")
    (project / "local.ini").write_text("[env:sim]\nboard_upload.maximum_size = 1024\n")
    assert cases(run_pio(project, "test", "-f", LAYER_TESTS, environment="sim").output)
