"""The cycle model's rules one by one, on straight-line code whose cost is known.

The figures are worked out by hand from the rules that the model states: (low, mid, high).
"""

from __future__ import annotations

import pytest

from tests.sim import tiny
from tinyforge.errors import ForgeError
from tinyforge.sim.cycles.count import straight_line
from tinyforge.sim.cycles.decode import decode
from tinyforge.sim.cycles.model import VARIANTS
from tinyforge.sim.elf import Firmware
from tinyforge.sim.toolchains import toolchain

pytest.importorskip("capstone")

EIGHT_SMLAD = "smlad r0, r1, r2, r0\n" * 8
STRAIGHT = {
    "data processing and multiplications": (
        "adds r0, #1\n mul r1, r2, r3\n mla r1, r2, r3, r4\n smlad r1, r2, r3, r4\n"
        "smull r1, r2, r3, r4\n smmlar r1, r2, r3, r4\n ssat r1, #8, r2\n sxtb16 r1, r2, ror #8",
        (8, 8, 8),
    ),
    "division": ("sdiv r0, r1, r2\n udiv r0, r1, r2", (4, 14, 24)),
    "a load": ("ldr r0, [r1]", (2, 2, 2)),
    "a load of a literal": ("ldr r0, [pc, #4]", (2, 2, 3)),
    "loads in a row": ("ldr r0, [r1]\n ldrb r2, [r1, #1]\n ldrsh r3, [r1, r4]", (4, 4, 4)),
    "loads apart": ("ldr r0, [r1]\n adds r3, #1\n ldr r2, [r1]", (5, 5, 5)),
    "a load through a loaded base": ("ldr r0, [r1]\n ldr r2, [r0]", (4, 5, 5)),
    "a load through a loaded offset": ("ldr r0, [r1]\n ldr r2, [r3, r0]", (4, 5, 5)),
    "a load through a computed base": ("adds r1, #4\n ldr r0, [r1]", (3, 4, 4)),
    "a multiple load through a computed base": ("add r1, r2\n ldm r1, {r3, r4}", (4, 5, 5)),
    "a base computed earlier": ("adds r1, #4\n adds r2, #4\n ldr r0, [r1]", (4, 4, 4)),
    "a store through a computed base": ("adds r1, #4\n str r0, [r1]", (2, 2, 2)),
    "loads that move their base on": (
        "ldr r0, [r1], #4\n ldr r2, [r1, #4]!\n ldr r3, [r4]",
        (4, 4, 4),
    ),
    "a store": ("str r0, [r1, #4]\n strb r0, [r1], #1\n strh r0, [sp, #2]", (3, 3, 3)),
    "a store with an offset register": ("str r0, [r1, r2]", (2, 2, 2)),
    "stores after a load": ("ldr r0, [r1]\n str r2, [r1]", (3, 3, 3)),
    "a store with an offset register after a load": ("ldr r0, [r1]\n strb r2, [r1, r3]", (3, 3, 3)),
    "the same after a load that moves its base on": (
        "ldr r0, [r1], #4\n strb r2, [r1, r3]",
        (3, 3, 3),
    ),
    "nothing pairs after a store": ("str r0, [r1]\n ldr r2, [r3]\n str r0, [r1, r2]", (4, 4, 4)),
    "double words": ("ldrd r0, r1, [r2]\n ldr r3, [r4]\n strd r0, r1, [r2]", (8, 8, 8)),
    "multiple loads": ("ldm r0!, {r1-r4}\n ldmdb r0!, {r1, r2}\n pop {r4-r6}", (12, 12, 12)),
    "multiple stores": ("stm r0!, {r1-r4}\n stmdb r0!, {r1, r2}\n push {r4-r6}", (12, 12, 12)),
    "multiple loads pair with nothing": (
        "ldr r0, [r1]\n ldm r2!, {r3, r4}\n ldr r5, [r6]",
        (7, 7, 7),
    ),
    "floating-point loads and stores": (
        "vldr s0, [r0]\n vstr s0, [r0]\n vpush {s16-s18}\n vldmia r1!, {d0-d1}",
        (13, 13, 13),
    ),
    "from a core register to a floating-point one": ("vmov s0, r9", (1, 2, 2)),
    "and back": ("vmov r9, s0\n vmov.f32 s0, s1", (2, 2, 2)),
    "a failed condition costs what its instruction costs": (
        "cmp r0, r0\n itt ne\n addne r1, #1\n ldrne r2, [r3]",
        (4, 5, 5),
    ),
    # What the model is there to tell: eight loads in a row beat two multiple loads of four words.
    "eight loads": ("ldr r3, [r4, #4]\n" * 8 + EIGHT_SMLAD, (17, 17, 17)),
    "two times four words": ("ldm r4, {r5-r8}\n" * 2 + EIGHT_SMLAD, (18, 18, 18)),
}


@pytest.fixture(scope="module")
def assembled(tmp_path_factory: pytest.TempPathFactory) -> Firmware:
    """All snippets in one ELF, each between two labels; nothing executes them."""
    pieces = [f"begin_{k}:\n{text}\nend_{k}:\n" for k, (text, _) in enumerate(STRAIGHT.values())]
    extra = "b.w over\n" + "".join(pieces) + ".ltorg\nover:\n"
    return tiny.build(toolchain("zig"), tmp_path_factory.mktemp("cycles") / "t.elf", extra=extra)


@pytest.mark.parametrize("what", STRAIGHT)
def test_straight_line_code(what: str, assembled: Firmware) -> None:
    number = list(STRAIGHT).index(what)
    begin, end = (assembled.symbol(f"{at}_{number}").address for at in ("begin", "end"))
    code = decode(assembled.code(begin, end - begin), begin)
    expected = STRAIGHT[what][1]
    found = (straight_line(code, VARIANTS[name]) for name in ("low", "mid", "high"))
    assert tuple(found) == expected


def test_what_is_no_instruction_is_refused() -> None:
    with pytest.raises(ForgeError, match="cannot decode the instruction at 0x08000102"):
        decode(b"\x00\xbf\xff\xff\xff\xff", 0x08000100)
