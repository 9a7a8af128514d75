"""Requantization in vectors equals the portable one, on a Cortex-M55."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tinyforge.boards.cores import CORES
from tinyforge.boards.memory import MemoryMap, Region
from tinyforge.ops.fixed_point import requantize
from tinyforge.resources import folder
from tinyforge.sim.base import Job
from tinyforge.sim.machines import machine
from tinyforge.sim.toolchains import gcc, toolchain
from tinyforge.sim.toolchains.build import port

Int = npt.NDArray[np.int64]

_EXTREMES = (-(2**31), 1 - 2**31, -(2**30), -3, -2, -1, 0, 1, 2, 3, 2**30, 2**31 - 1)
_MULTIPLIERS = (0, 2**30, 2**30 + 1, 1518500250, 2**31 - 1)
# The ways, by the shifts that they take.
_RANGES = {"any": (-31, 30), "all": (-31, -1)}
_OUTPUTS = (-5, -100, 90)  # zero point, clamp
_LANES = 4
_MEMORY = MemoryMap(flash=Region(0, 1 << 20), ram=Region(0x20000000, 1 << 20))

_SOURCE = """
#include "forge/forge.h"
#include "forge/forge_port.h"
#include "kernels/requantize_mve.h"
static int32_t frame[2][3][{count}], found[3][{count}];
__attribute__((noinline)) forge_status forge_init(void) {{
  forge_port_init();
  return forge_port_read_frame((int8_t *)frame, sizeof frame) ? FORGE_OK : FORGE_ERROR_STATE;
}}
#define EACH(way, call)                                                                    \\
  for (int i = 0; i < {count}; i += 4) {{                                                  \\
    const int32_t *m = frame[way][1] + i, *s = frame[way][2] + i;                          \\
    const int32x4_t x = vld1q_s32(frame[way][0] + i);                                      \\
    vst1q_s32(found[way] + i, call);                                                       \\
  }}
__attribute__((noinline)) forge_status forge_invoke(void) {{
  EACH(0, forge_requantize_mve(x, vld1q_s32(m), vld1q_s32(s)))
  EACH(1, forge_requantize_right_all_mve(x, m[0], s[0]))
  for (int i = 0; i < {count}; i += 4) {{
    const int32x4_t x = vld1q_s32(found[0] + i);
    vst1q_s32(found[2] + i, forge_outputs_mve(vshrq_n_s32(x, 8), {outputs}));
  }}
  return FORGE_OK;
}}
void forge_app_main(void) {{
  forge_status status = forge_init();
  if (status == FORGE_OK) status = forge_invoke();
  forge_port_write_result((int8_t *)found, sizeof found);
  forge_port_exit((int)status);
}}
"""


def _drawn(low: int, high: int, lanes: int, seed: int) -> Int:
    """(3, count): sums, multipliers, shifts; as many lanes share the latter two. Sums are extremes,
    of every magnitude, and such as end in ties and next to them."""
    rng = np.random.default_rng(seed)
    every = [(m, s) for m in (*_MULTIPLIERS, *_MULTIPLIERS) for s in range(low, high + 1)]
    each = []
    for multiplier, shift in every:
        wide = rng.integers(-(2**31), 2**31, 12) >> rng.integers(0, 32, 12)
        half = 1 << max(0, -shift)
        ties = [s * k * half // 2 + d for s in (2, -2) for k in (1, 3) for d in (-1, 0, 1)]
        sums = np.clip([*_EXTREMES, *wide, *ties], -(2**31), 2**31 - 1)
        each += [(x, multiplier, shift) for x in sums]
    drawn = np.array(each, np.int64)
    if lanes > 1:
        return drawn.T
    return rng.permutation(drawn).T


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
def test_every_way_equals_the_two_roundings(compiler: str, tmp_path: Path) -> None:
    if compiler == "gcc" and not gcc.installed():
        pytest.skip("needs arm-none-eabi-gcc")
    if shutil.which("qemu-system-arm") is None:
        pytest.skip("needs qemu-system-arm")
    drawn = [
        _drawn(*ends, _LANES if way == "all" else 1, seed)
        for seed, (way, ends) in enumerate(_RANGES.items())
    ]
    count = max(x.shape[1] for x in drawn)
    feed = np.stack([np.pad(x, ((0, 0), (0, count - x.shape[1])), mode="wrap") for x in drawn])
    found = _run(compiler, feed.astype(np.int32), tmp_path)
    expected = [requantize(*ways) for ways in feed]
    for way, one, other in zip(_RANGES, found, expected, strict=False):
        np.testing.assert_array_equal(one, other, way)
    zero_point, low, high = _OUTPUTS
    clamped = np.clip((expected[0] >> 8) + zero_point, low, high)
    np.testing.assert_array_equal(found[-1], clamped, "outputs")


def _run(compiler: str, feed: npt.NDArray[np.int32], workspace: Path) -> npt.NDArray[np.int32]:
    """(2 ways, 3, count) to (3, count)."""
    count = feed.shape[2]
    source = workspace / "requantize.c"
    source.write_text(_SOURCE.format(count=count, outputs=", ".join(map(str, _OUTPUTS))))
    runner, core = machine("qemu"), CORES["cortex-m55"]
    firmware = toolchain(compiler).build(
        [source, *port("sim")],
        include=[folder("firmware"), folder("firmware") / "include"],
        core=core,
        memory=runner.memory(core, _MEMORY),
        output=workspace / "requantize.elf",
    )
    done = runner.run(Job(firmware, feed.reshape(1, -1).view(np.int8), 3 * 4 * count))
    return done.outputs.reshape(-1).view(np.int32).reshape(3, count)
