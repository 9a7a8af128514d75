"""The functions at the model's boundary, on the core: wrong ones are named with a value."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from tests.corpus import models, several
from tests.corpus.builder import GraphBuilder
from tests.corpus.wide import wide
from tests.device import emulated
from tests.device.emulated import Quiet
from tinyforge.boards import load
from tinyforge.errors import ForgeError
from tinyforge.generation import generate
from tinyforge.graph import DType, Graph
from tinyforge.proof.boundary import require_boundary
from tinyforge.proof.examples import synthetic
from tinyforge.sim.machines import machine
from tinyforge.sim.toolchains import toolchain
from tinyforge.sim.toolchains.host import Host
from tinyforge.source import open_tflite
from tinyforge.spec import Spec
from tinyforge.tflite import write
from tinyforge.verification import verify

pytest.importorskip("unicorn")

GRAPH = models.classifier(1)
WIDE = wide(GRAPH)
assert WIDE is not None
H = "include/model.h"


def proved(
    project: Path,
    folder: Path,
    compiler: str = "gcc",
    core: str = "cortex-m4",
    graph: Graph = GRAPH,
) -> int:
    board = msgspec.structs.replace(load("nrf52840_dk"), core=core)
    return require_boundary(
        project,
        graph,
        board,
        compiler=toolchain(compiler),
        machine=machine("unicorn"),
        output=folder / "boundary.elf",
    )


def proved_here(project: Path, folder: Path, graph: Graph) -> int:
    """As a program of this computer."""
    return require_boundary(
        project,
        graph,
        load("nrf52840_dk"),
        compiler=Host(),
        machine=machine("native"),
        output=folder / "boundary",
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return emulated.generate(GRAPH, tmp_path_factory.mktemp("boundary"))


@pytest.mark.parametrize(
    ("compiler", "core"), [("gcc", "cortex-m4"), ("zig", "cortex-m4"), ("gcc", "cortex-m0plus")]
)
def test_sound_functions_are_exact(compiler: str, core: str, project: Path, tmp_path: Path) -> None:
    assert proved(project, tmp_path, compiler, core) > 1500


@pytest.mark.parametrize(
    ("file", "old", "new", "function"),
    [
        (H, "FORGE_INPUT_ZERO_POINT (", "FORGE_INPUT_ZERO_POINT (1 + ", "quantize_input"),
        (H, "FORGE_OUTPUT_ZERO_POINT (", "FORGE_OUTPUT_ZERO_POINT (1 + ", "dequantize_output"),
        (H, "FORGE_INPUT_SCALE ", "FORGE_INPUT_SCALE 1.0001f * ", "quantize_input"),
        (H, "FORGE_OUTPUT_SCALE ", "FORGE_OUTPUT_SCALE 1.0001f * ", "dequantize_output"),
        ("src/common.c", "fraction >= 0.5f", "fraction > 0.5f", "quantize_input"),
        ("src/common.c", "if (!(scaled > -limit)) return low;", "", "quantize_input"),
    ],
)
def test_a_wrong_function_or_number_is_named(
    file: str, old: str, new: str, function: str, project: Path, tmp_path: Path
) -> None:
    path = project / file
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    try:
        with pytest.raises(ForgeError, match=f"forge_{function}") as caught:
            proved(project, tmp_path)
    finally:
        path.write_text(text)
    assert "by the model's scale" in caught.value.what
    assert "model.h" in caught.value.where


@pytest.mark.parametrize("graph", [several.tangled(), WIDE], ids=["several", "int16"])
@pytest.mark.parametrize("side", ["INPUT", "OUTPUT"])
def test_each_of_several_and_of_other_types(graph: Graph, side: str, tmp_path: Path) -> None:
    project = emulated.generate(graph, tmp_path)
    assert proved(project, tmp_path, graph=graph) > 256
    header = project / H
    text = header.read_text()
    many = len(graph.inputs) > 1
    pattern = r"(X\(FORGE_INT8, \d+, )" if many else rf"(#define FORGE_{side}_SCALE )"
    begin = text.index(f"FORGE_{side}S(X)") if many else 0
    changed, count = re.subn(pattern, r"\g<1>1.01f * ", text[begin:], count=1)
    assert count == 1
    header.write_text(text[:begin] + changed)
    with pytest.raises(ForgeError, match=f"forge_(de)?quantize_{side.lower()}"):
        proved(project, tmp_path, graph=graph)


def cast(source: DType, target: DType) -> Graph:
    b = GraphBuilder("cast")
    x = b.input((1, 5), 0, dtype=source)
    return b.build([b.op("CAST", [x], (1, 5), 0, dtype=target)])


def real() -> Graph:
    """A float32 input that two layers quantize, each in its own way; it stays what it is."""
    b = GraphBuilder("real")
    x = b.input((1, 5), 0, dtype=DType.FLOAT32)
    fine, coarse = (b.op("QUANTIZE", [x], (1, 5), scale, 3) for scale in (0.1, 0.2))
    return b.build([b.op("ADD", [fine, coarse], (1, 5), 0.3, 0)])


def mixed() -> Graph:
    """Of three inputs one is float32, which is written as it is."""
    b = GraphBuilder("mixed")
    truth, number = b.input((1, 5), 0, dtype=DType.BOOL), b.input((1, 5), 0, dtype=DType.INT32)
    x = b.input((1, 5), 0, dtype=DType.FLOAT32)
    made = [
        b.op("CAST", [number], (1, 5), 0, dtype=DType.FLOAT32),
        b.op("CAST", [truth], (1, 5), 0, dtype=DType.INT32),
        b.op("LOGICAL_NOT", [truth], (1, 5), 0, dtype=DType.BOOL),
        *(b.op("QUANTIZE", [x], (1, 5), scale, 3) for scale in (0.1, 0.2)),
    ]
    return b.build(made)


PLAIN = {
    "bool": cast(DType.BOOL, DType.INT32),
    "int32": cast(DType.INT32, DType.FLOAT32),
    "float32": real(),
    "mixed": mixed(),
}


@pytest.mark.parametrize("name", PLAIN)
def test_types_without_a_scale_are_exact_on_the_core_and_here(name: str, tmp_path: Path) -> None:
    graph = PLAIN[name]
    project = emulated.generate(graph, tmp_path)
    compared = proved(project, tmp_path, graph=graph)
    assert compared > 256
    assert proved_here(project, tmp_path, graph) == compared


@pytest.mark.parametrize(
    ("name", "old", "new", "function"),
    [
        ("bool", "return x != 0.0f;", "return x > 0.0f;", "quantize_input(-inf)"),
        ("bool", "(float)(q - FORGE_OUTPUT_ZERO_POINT)", "(float)(int16_t)q", "dequantize_output("),
        ("int32", "fraction <= -0.5f", "fraction < -0.5f", "quantize_input(-255.5)"),
        ("float32", "return (forge_input_t)x;", "return (float)(int)x;", "quantize_input(-0.0)"),
        ("mixed", "return x != 0.0f;", "return x > 0.0f;", "quantize_input(-inf)"),
        ("mixed", "((float)q - (float)of", "((float)(int)q - (float)of", "dequantize_output(-0)"),
    ],
)
def test_what_is_wrong_of_them_is_named(
    name: str, old: str, new: str, function: str, tmp_path: Path
) -> None:
    graph = PLAIN[name]
    project = emulated.generate(graph, tmp_path)
    source = project / "src/common.c"
    text = source.read_text()
    assert text.count(old) >= 1
    source.write_text(text.replace(old, new))
    with pytest.raises(ForgeError, match=re.escape(f"forge_{function}")) as caught:
        proved_here(project, tmp_path, graph)
    assert "by the model's type, without scale" in caught.value.what


def test_a_native_proof_has_them_too(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(write(GRAPH))
    source = open_tflite(tmp_path / "model.tflite", Quiet())
    settings, examples = Spec(engine="aot", machine="native"), synthetic(source.graph, 2, seed=0)
    made = generate(source, examples, settings, Quiet())
    assert verify(made, examples, settings, Quiet()).boundary > 1500
