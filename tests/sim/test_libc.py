"""The memory functions of freestanding builds, at every alignment, against byte loops."""

import pytest

from tests.sim import tiny
from tinyforge.sim.base import Job
from tinyforge.sim.machines.unicorn import Unicorn
from tinyforge.sim.toolchains import toolchain

pytest.importorskip("unicorn")

# Runs before main; an undefined instruction where something differs.
CHECK = """
enum { SPACE = 96, REACH = 5, LONGEST = 70 };
static uint8_t tiny_seen[SPACE], tiny_wanted[SPACE];

static void tiny_fill(void) {
  for (unsigned i = 0; i < SPACE; i++) tiny_seen[i] = tiny_wanted[i] = (uint8_t)(i * 37u + 11u);
}

static void tiny_require_equal(void) {
  for (unsigned i = 0; i < SPACE; i++) {
    if (tiny_seen[i] != tiny_wanted[i]) __builtin_trap();
  }
}

static void tiny_check_moves(unsigned to, unsigned from, unsigned size) {
  volatile uint8_t copy[LONGEST];
  tiny_fill();
  for (unsigned i = 0; i < size; i++) copy[i] = tiny_wanted[from + i];
  for (unsigned i = 0; i < size; i++) tiny_wanted[to + i] = copy[i];
  if (memmove(tiny_seen + to, tiny_seen + from, size) != tiny_seen + to) __builtin_trap();
  tiny_require_equal();
}

static void tiny_check_copies(unsigned to, unsigned from, unsigned size) {
  tiny_fill();
  volatile uint8_t source[SPACE];
  for (unsigned i = 0; i < SPACE; i++) source[i] = (uint8_t)(i * 101u + 3u);
  for (unsigned i = 0; i < size; i++) tiny_wanted[to + i] = source[from + i];
  if (memcpy(tiny_seen + to, (const uint8_t *)source + from, size) != tiny_seen + to) {
    __builtin_trap();
  }
  tiny_require_equal();
}

static void tiny_check_sets(unsigned to, unsigned size) {
  tiny_fill();
  for (unsigned i = 0; i < size; i++) tiny_wanted[to + i] = 0x85;
  if (memset(tiny_seen + to, 0x7F85, size) != tiny_seen + to) __builtin_trap();
  tiny_require_equal();
}

static void tiny_check_comparisons(unsigned size) {
  tiny_fill();
  if (memcmp(tiny_seen, tiny_wanted, size) != 0) __builtin_trap();
  if (size == 0) return;
  tiny_seen[size - 1] = 0xF0;
  tiny_wanted[size - 1] = 0x0F;
  if (memcmp(tiny_seen, tiny_wanted, size) <= 0) __builtin_trap();
  if (memcmp(tiny_wanted, tiny_seen, size) >= 0) __builtin_trap();
}

__attribute__((constructor, used)) static void tiny_check_all(void) {
  for (unsigned size = 0; size <= LONGEST; size++) {
    tiny_check_comparisons(size);
    for (unsigned to = 0; to < REACH; to++) {
      tiny_check_sets(to, size);
      for (unsigned from = 0; from < REACH; from++) {
        tiny_check_copies(to, from, size);
        tiny_check_moves(to, from, size);
      }
      tiny_check_moves(to + 20, to, size);
      tiny_check_moves(to, to + 20, size);
    }
  }
  forge_port_print("checked\\n");
}
"""


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize("core", ["cortex-m0plus", "cortex-m4"])
def test_memory_functions_do_what_byte_loops_do(tmp_path, core, compiler):
    firmware = tiny.build(toolchain(compiler), tmp_path / "tiny.elf", core=core, model=CHECK)
    seen = Unicorn().run(Job(firmware, tiny.inputs(0), output_bytes=4))
    assert seen.console == "checked\nPASS\n"
