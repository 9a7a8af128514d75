"""Tables that firmware copies to RAM: read back, watched, counted, and as much quicker as said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.device.emulated import Quiet
from tests.engines.aot_firmware import build_firmware
from tests.proof.test_accesses import touch
from tests.proof.test_prove import GRAPH, MODEL, WEIGHTS, changed, prove_files, sources
from tinyforge.aims import aim_of
from tinyforge.boards import load
from tinyforge.engines.aot import compiled
from tinyforge.errors import ForgeError
from tinyforge.generation import generate
from tinyforge.memory.plan import Plan
from tinyforge.memory.search import plan, plan_cycles
from tinyforge.ops.costs import table_bytes
from tinyforge.project import writer
from tinyforge.proof.examples import synthetic
from tinyforge.proof.readback import require_tables
from tinyforge.proof.record import Proof
from tinyforge.sim.firmware import build_firmware as build_project
from tinyforge.sim.machines import machine
from tinyforge.sim.toolchains import toolchain
from tinyforge.source import open_tflite
from tinyforge.spec import Spec
from tinyforge.tflite import write

pytest.importorskip("unicorn")

BOARD = load("nucleo_l4r5zi")
AIM = aim_of(Spec(optimize="speed"), BOARD)


@pytest.fixture(scope="module")
def planned() -> Plan:
    found = plan(GRAPH, AIM)
    assert found.in_ram
    return found


@pytest.fixture(scope="module")
def some(planned: Plan) -> Plan:
    """The same with the last layers' tables in flash."""
    return replace(planned, in_ram=planned.in_ram - {10})


@pytest.fixture(scope="module")
def sound(some: Plan, tmp_path_factory: pytest.TempPathFactory) -> Proof:
    return prove_files(sources(some), tmp_path_factory.mktemp("sound"), some)


@pytest.mark.parametrize("compiler", ["gcc", "zig"])
def test_each_lies_where_it_was_planned_and_is_read_back(
    some: Plan, compiler: str, tmp_path: Path
) -> None:
    lowered = compiled(some)
    firmware = build_firmware(sources(some), tmp_path, compiler=compiler)
    assert 0 < len(lowered.in_ram) < len(lowered.tables)
    for name in lowered.tables:
        assert firmware.region(name) == ("ram" if name in lowered.in_ram else "flash"), name
    elements = sum(table.values.size for table in lowered.tables.values())
    assert require_tables(firmware, lowered, GRAPH) == elements


def test_it_is_exact_and_counted(sound: Proof, some: Plan) -> None:
    assert sound.bit_exact
    assert sound.accesses
    nbytes = sum(table_bytes(some.kernels[i]) for i in some.in_ram)
    assert sound.ram is not None
    assert sound.ram.weights == nbytes > 0
    assert sound.ram.data_bss < 100
    assert sound.ram.stack is not None
    parts = (sound.ram.arena, sound.ram.weights, sound.ram.data_bss, sound.ram.stack)
    assert sound.ram.total == sum(parts)
    assert sound.flash is not None  # where their initial values lie
    assert sound.flash.weights == sum(map(table_bytes, some.kernels.values()))
    assert sound.flash.total == sound.flash.code + sound.flash.weights + sound.flash.test_vectors


def test_a_value_that_was_changed_is_named(planned: Plan, tmp_path: Path) -> None:
    files = sources(planned)
    pattern = r"(\nint32_t forge_layer_0_filters\[\d+\] = {\s*)(-?\d+)"
    found = re.search(pattern, files[WEIGHTS])
    assert found is not None
    files = changed(files, WEIGHTS, pattern, rf"\g<1>{int(found[2]) + 1}")
    firmware = build_firmware(files, tmp_path)
    with pytest.raises(ForgeError, match=r"forge_layer_0_filters\[0\] is .* the model says"):
        require_tables(firmware, compiled(planned), GRAPH)


@pytest.mark.parametrize(
    ("pattern", "new", "says"),
    [
        (r"\n((?:extern )?int32_t forge_layer_0_filters)", r"\nconst \1", "in flash .* in ram"),
        (r"\n((?:extern )?)const (\w+ forge_layer_10_)", r"\n\1\2", "in ram .* in flash"),
    ],
)
def test_one_that_lies_elsewhere_is_named(
    some: Plan, pattern: str, new: str, says: str, tmp_path: Path
) -> None:
    files = sources(some)
    for name in (WEIGHTS, "src/aot/weights.h"):
        text = re.sub(pattern, new, files[name]).replace("const extern", "extern const")
        assert text != files[name]
        files[name] = text
    with pytest.raises(ForgeError, match=says):
        require_tables(build_firmware(files, tmp_path), compiled(some), GRAPH)


@pytest.mark.parametrize(
    ("layer", "symbol", "does"),
    [(0, "forge_layer_0_filters", "*p = 0;"), (6, "forge_layer_0_filters", "(void)*p;")],
    ids=["its own, written", "another's, read"],
)
def test_a_stray_access_is_found(
    layer: int, symbol: str, does: str, planned: Plan, tmp_path: Path
) -> None:
    assert {0, layer} <= planned.in_ram
    text = rf"\1  {touch(symbol, '4', does)}\n"
    files = changed(
        sources(planned), MODEL, rf"(forge_layer_{layer}\(int row\) {{\n)", text.replace("\\", "\\")
    )
    verb = "writes" if "=" in does else "reads"
    with pytest.raises(ForgeError, match=rf"layer {layer}, .* {verb} 1 byte at 0x2\w+, {symbol}"):
        prove_files(files, tmp_path, planned)


def test_code_between_layers_of_a_fed_model_may_not_write_them(tmp_path: Path) -> None:
    planned, table = plan(GRAPH, AIM, by_rows=True), "forge_layer_0_filters"
    assert 0 in planned.in_ram
    files = changed(
        sources(planned),
        MODEL,
        r"(forge_status forge_push_row\(const void \*row\) {\n)",
        # A byte of a shift that is 0 already: answers stay what they are.
        rf"\1  {touch(table, '5', '*p = 0;')}\n",
    )
    with pytest.raises(ForgeError, match=rf"the code between layers writes .* {table}"):
        prove_files(files, tmp_path, planned)


def simulated(found: Plan, workspace: Path) -> Mapping[str, int]:
    proof = prove_files(sources(found), workspace, found)
    assert proof.bit_exact
    return {board: cycles.mid for board, cycles in proof.on_boards.items()}


def test_they_save_what_was_estimated(planned: Plan, tmp_path: Path) -> None:
    """The same code with its tables in flash, in the simulation that was checked on silicon."""
    flash = replace(planned, in_ram=frozenset())
    quick, slow = (
        simulated(found, tmp_path / name) for name, found in (("r", planned), ("f", flash))
    )
    estimated = plan_cycles(flash, AIM.flash) - plan_cycles(planned, AIM.flash)
    saved = slow[BOARD.id] - quick[BOARD.id]
    assert saved == pytest.approx(estimated, rel=0.15)


def test_a_project_s_stack_lies_in_quick_ram(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(write(GRAPH))
    source = open_tflite(path, Quiet())
    examples = synthetic(source.graph, 1, seed=0)
    settings = Spec(engine="aot", optimize="speed", board=BOARD.id)
    made = generate(source, examples, settings, Quiet())
    ini = made.files["platformio.ini"]
    assert isinstance(ini, str)
    assert f"board_upload.maximum_ram_size = {BOARD.slow_ram}\n" in ini
    writer.write(made.files, tmp_path / "project")
    firmware = build_project(
        tmp_path / "project",
        "aot",
        made.board,
        compiler=toolchain("gcc"),
        machine=machine("unicorn"),
    )
    assert firmware.symbol("__stack_top").address == 0x20000000 + BOARD.slow_ram
    assert {firmware.region(name) for name in made.lowered["aot"].in_ram} == {"ram"}
