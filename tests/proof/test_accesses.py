"""A layer that reads or writes outside of what its plan gives it is found, whatever it computes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.proof.test_prove import GRAPH, MODEL, changed, prove_files, sources
from tinyforge.errors import ForgeError
from tinyforge.memory.plan import Plan
from tinyforge.memory.search import plan
from tinyforge.resources import folder

pytest.importorskip("unicorn")

Files = Mapping[str, str]
CONV = "include/kernels/conv.h"
# Where the last row under a window ends, and what a kernel does there.
LAST_ROW = "rows[c->window.kernel_height - 1]"
BEYOND = f"{LAST_ROW} + c->window.input_width * c->input_channels"


@dataclass(frozen=True)
class Fault:
    """A change of sources, in the file of that name. pattern: a place in it, as a group, behind
    which the text is inserted; {arena} and {steps} in it are the plan's bytes and steps. says: what
    the error does."""

    name: str
    pattern: str
    text: str
    says: str


def touch(base: str, offset: str, how: str = "(void)*p;", ctype: str = "int8_t") -> str:
    """C that touches what lies so many bytes from base, hidden from the compiler's own checks."""
    return (
        f"uintptr_t at = (uintptr_t){base} + (uintptr_t)({offset});\n"
        f'  __asm__("" : "+r"(at));\n'
        f"  volatile {ctype} *p = (volatile {ctype} *)at;\n  {how}"
    )


def in_layer(index: int, text: str, says: str) -> Fault:
    return Fault(MODEL, rf"(forge_layer_{index}\(int row\) {{\n)", f"  {text}\n", says)


FAULTS = {
    "a kernel that reads beyond its row": Fault(
        CONV,
        r"(int begin, int end, int8_t \*output\) {\n)",
        f"  if ({LAST_ROW} != NULL) (void)*(const volatile int8_t *)({BEYOND});\n",
        r"layer 0, in its step \d+, reads 1 byte at 0x2\w+, forge_arena \+ \d+; the plan gives it "
        r"bytes \d+ to \d+ to read and \d+ to \d+ to write of the arena(.|\n)*layer 0 CONV_2D",
    ),
    "a kernel that writes one byte past its output": Fault(
        CONV,
        r"(\*output\+\+ = forge_requantize_channel\(&c->requantization, acc, channel\);\n    }\n)",
        f"    if (x + 1 == c->window.output_width) {{ {touch('output', '0', '*p = 0;')} }}\n",
        r"layer \d+, in its step \d+, writes 1 byte at 0x2\w+, forge_arena \+ \d+; the plan gives",
    ),
    "a write right past the arena": in_layer(
        6,
        touch("forge_arena", "{arena}", "*p = 0;"),
        r"layer 6, in its step 0, writes 1 byte at 0x2\w+, right behind forge_arena; the plan gives"
        r" it bytes .* of the arena, its own constants and the stack",
    ),
    "a read right before the arena": in_layer(
        1,
        touch("forge_arena", "-1"),
        r"layer 1, in its step 0, reads 1 byte at 0x2\w+, ",
    ),
    "a word of which the last byte is another's": in_layer(
        0,
        touch("forge_arena", "{arena} - 1", ctype="int16_t"),
        r"layer 0, in its step 0, reads 2 bytes at 0x2\w+, forge_arena \+ \d+; the plan gives it",
    ),
    "another layer's weights": in_layer(
        6,
        touch("forge_layer_0_weights", "5"),
        r"layer 6, in its step 0, reads 1 byte at 0x\w+, forge_layer_0_weights \+ 5; the plan",
    ),
    "what lies behind its own table": in_layer(
        10,
        touch("forge_layer_10_weights", "sizeof(forge_layer_10_weights)"),
        r"layer 10, in its step 0, reads 1 byte at 0x\w+, ",
    ),
    "what pads its own table": in_layer(
        0,
        touch("forge_layer_0_shift", "sizeof(forge_layer_0_shift) + 1"),
        r"layer 0, in its step 0, reads 1 byte at 0x\w+, 1 byte behind forge_layer_0_shift;",
    ),
    "the self-test's vectors": in_layer(
        0,
        "extern const int8_t forge_golden_inputs[];\n  " + touch("forge_golden_inputs", "0"),
        r"layer 0, in its step 0, reads 1 byte at 0x\w+, forge_golden_inputs \+ 0; the plan",
    ),
    "a variable of its own": in_layer(
        10,
        "static volatile int calls;\n  ++calls;",
        r"layer 10, in its step 0, reads 4 bytes at 0x2\w+, calls\S* \+ 0; the plan gives it",
    ),
    "what lies there between layers": Fault(
        MODEL,
        r"(forge_status forge_invoke\(void\) {\n)",
        f"  {touch('forge_arena', '8', '*p = 0;')}\n",
        r"the code between layers writes 1 byte at 0x2\w+, forge_arena \+ 8; the plan gives it "
        r"nothing of the arena",
    ),
    "a write past the arena between layers": Fault(
        MODEL,
        r"(forge_status forge_invoke\(void\) {\n)",
        f"  {touch('forge_arena', '{arena}', '*p = 0;')}\n",
        r"the code between layers writes 1 byte at 0x2\w+, right behind forge_arena; the plan",
    ),
}


# Of a model that is fed by rows.
FED = {
    "a row of the input beside its place": Fault(
        MODEL,
        r"(forge_status forge_push_row\(const void \*row\) {\n)",
        f"  {touch('forge_row_place(pushed)', 'FORGE_INPUT_ROW_BYTES')}\n",
        r"the code between layers reads 1 byte at 0x2\w+, forge_arena \+ \d+; the plan gives it "
        r"bytes \d+ to \d+ to write of the arena\n",
    ),
    "the input's ring from behind its rows": in_layer(
        0,
        touch("forge_row_place(row)", "3 * FORGE_INPUT_ROW_BYTES"),
        r"layer 0, in its step 0, reads 1 byte at 0x2\w+, forge_arena \+ \d+; the plan gives it",
    ),
    "a row after the layer's return": Fault(
        MODEL,
        r"(    do forge_run_step\(done\+\+\);\n    while .*\n)",
        f"    if (done == {{steps}}) {{ {touch('forge_arena', '0')} }}\n",
        r"the code between layers reads 1 byte at 0x2\w+, forge_arena \+ 0; the plan gives it "
        r"nothing of the arena\n",
    ),
}


@pytest.fixture(scope="module")
def planned() -> Plan:
    return plan(GRAPH)


def with_kernel(files: Files) -> dict[str, str]:
    """The sources with a kernel among them, as a project has them."""
    return {**files, CONV: (folder("firmware") / "kernels" / "conv.h").read_text()}


@pytest.mark.parametrize("what", [*FAULTS, *FED])
def test_a_stray_access_is_found(what: str, planned: Plan, tmp_path: Path) -> None:
    if what in FED:
        planned = plan(GRAPH, by_rows=True)
    fault = {**FAULTS, **FED}[what]
    text = fault.text.replace("{arena}", str(planned.arena_bytes))
    text = text.replace("{steps}", str(len(planned.steps)))
    files = with_kernel(sources(planned))
    files = changed(files, fault.name, fault.pattern, r"\1" + text.replace("\\", r"\\"))
    with pytest.raises(ForgeError, match=fault.says):
        prove_files(files, tmp_path, planned)


@pytest.mark.parametrize("by_rows", [False, True])
def test_every_access_of_sound_firmware_is_seen(by_rows: bool, tmp_path: Path) -> None:
    planned = plan(GRAPH, by_rows=by_rows)
    proof = prove_files(with_kernel(sources(planned)), tmp_path, planned)
    assert proof.bit_exact
    # At the least what its multiply-accumulates load: a value for four weights, and those.
    macs = sum(layer.macs for layer in proof.instructions_by_layer)
    assert proof.accesses is not None
    assert proof.accesses > macs


def test_a_plan_that_gives_less_is_kept_to(planned: Plan, tmp_path: Path) -> None:
    """The firmware is right, and the plan says that layer 6's input lies elsewhere."""
    source = GRAPH.operators[6].inputs[0]
    place = planned.places[source]
    moved = replace(
        planned, places={**planned.places, source: replace(place, offset=place.offset + 1)}
    )
    with pytest.raises(ForgeError, match=r"reads|writes"):
        prove_files(sources(planned), tmp_path, moved)
