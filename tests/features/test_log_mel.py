"""Log-mel features: NumPy's model against TensorFlow's micro frontend, the C against the model."""

from __future__ import annotations

from math import isqrt
from pathlib import Path

import numpy as np
import pytest

from tests.features.micro_frontend import (
    c_library_log1p,
    microwakeword_rows,
    rows_of,
    weights_of,
)
from tests.features.sounds import sounds
from tests.firmware import sanitized
from tinyforge.boards.cores import CORES
from tinyforge.boards.memory import MemoryMap, Region
from tinyforge.errors import ForgeError
from tinyforge.features import LogMel, Tables, log_mel_rows
from tinyforge.features.log1p import log1p
from tinyforge.project.log_mel_file import log_mel_file
from tinyforge.resources import folder
from tinyforge.sim.base import Job
from tinyforge.sim.machines import machine
from tinyforge.sim.toolchains import toolchain
from tinyforge.sim.toolchains.build import port

PROGRAM = Path(__file__).with_name("rows.c")
MEMORY = MemoryMap(flash=Region(0, 1 << 20), ram=Region(0x20000000, 1 << 17))

OTHERS = {
    "microfrontend's own": LogMel(window_ms=25, channels=32),
    # A transform of 128 pairs, which is no power of four.
    "telephone": LogMel(rate=8000, channels=20, highest_hz=3500.0),
    # Narrow channels that no bin belongs to.
    "many channels": LogMel(channels=90, lowest_hz=20.0, highest_hz=7900.0),
    "one channel": LogMel(channels=1, lowest_hz=300.0, highest_hz=3000.0),
    # Nothing is shared; roots are shifted down, not up.
    "short": LogMel(window_ms=4, hop_ms=4, channels=8, lowest_hz=0.0),
    "long": LogMel(window_ms=128, hop_ms=7, channels=64),
    "gentle": LogMel(even_smoothing=0.5, odd_smoothing=0.001, least_signal=0.4, strength=0.3,
                     offset=1.5, gain_bits=16, smoothing_bits=7, log_shift=3),
    "harsh": LogMel(even_smoothing=1.0, odd_smoothing=0.0, least_signal=0.0, strength=1.5,
                    offset=900.0, gain_bits=30, smoothing_bits=16, log_shift=11),
}  # fmt: skip
ALL = {"microWakeWord's": LogMel(), **OTHERS}


def test_the_oracle_is_driven_as_the_wheel_drives_it() -> None:
    for sound in sounds().values():
        rows = rows_of(sound, LogMel(), own_weights=True)
        np.testing.assert_array_equal(rows, microwakeword_rows(sound))


@pytest.mark.parametrize("name", sounds())
def test_rows_are_microwakewords(name: str) -> None:
    sound = sounds()[name]
    expected = rows_of(sound, LogMel())
    assert expected.shape == (98, 40)
    assert (expected.max() > 0) == (name != "silence")
    np.testing.assert_array_equal(log_mel_rows(sound), expected)


@pytest.mark.parametrize("name", OTHERS)
def test_rows_with_other_parameters(name: str) -> None:
    features = OTHERS[name]
    for sound_name, sound in sounds(features.rate).items():
        np.testing.assert_array_equal(
            log_mel_rows(sound, features), rows_of(sound, features), sound_name
        )


def test_what_is_too_short_for_a_window_has_no_row() -> None:
    assert log_mel_rows(np.zeros(479, np.int16)).shape == (0, 40)
    assert log_mel_rows(np.zeros(480, np.int16)).shape == (1, 40)
    assert log_mel_rows(np.zeros(639, np.int16)).shape == (1, 40)


@pytest.mark.parametrize("name", ALL)
def test_the_wheels_own_weights(name: str) -> None:
    """The same, but that the last bit of log1p may move one by a step: where glibc rounds it
    otherwise than FDLIBM."""
    weights = weights_of(ALL[name]).astype(int)
    steps = np.abs(weights - Tables.of(ALL[name]).weights)
    assert steps.max() <= (c_library_log1p(np.zeros(1, np.float32)) is None)


def test_log1p_rounds_as_fdlibm() -> None:
    rng = np.random.default_rng(1)
    values = np.concatenate([np.exp(rng.uniform(-10, 5, 20000)), np.linspace(0.414, 0.4145, 999)])
    values = values.astype(np.float32)
    exact = np.log1p(values.astype(np.float64))
    found = log1p(values)
    assert (np.abs(found - exact) < np.spacing(found)).all()
    library = c_library_log1p(values)
    if library is not None:
        np.testing.assert_array_equal(found, library)


def header(features: LogMel, workspace: Path) -> Path:
    """The folder of the generated tables."""
    for name, text in log_mel_file(features).items():
        (workspace / name).parent.mkdir(parents=True, exist_ok=True)
        (workspace / name).write_text(text, encoding="utf-8")
    return workspace / "include"


@pytest.mark.parametrize("name", ALL)
def test_the_devices_c_here(name: str, tmp_path: Path) -> None:
    """Under the sanitizers, against NumPy's model."""
    features = ALL[name]
    include = [header(features, tmp_path), folder("firmware") / "include"]
    native = folder("firmware") / "ports" / "native"
    sources = [PROGRAM, native / "main.c", native / "port.c"]
    program = sanitized.build(sources, tmp_path / "rows", include)
    for sound_name, sound in sounds(features.rate).items():
        done = sanitized.run(program, sound.tobytes())
        rows = np.frombuffer(done.stdout, np.uint16).reshape(-1, features.channels)
        np.testing.assert_array_equal(rows, log_mel_rows(sound, features), sound_name)


ROOTS = """
#include <stdio.h>
#include "forge/forge_log_mel.h"
int main(void) {
  uint64_t value;
  while (fread(&value, sizeof value, 1, stdin) == 1) printf("%u\\n", forge_mel_root(value));
  return 0;
}
"""


def test_roots_at_their_edges(tmp_path: Path) -> None:
    """To the nearest, but that nothing below 2**32 has the root 65536."""
    child = tmp_path / "child.c"
    child.write_text(ROOTS)
    include = [header(LogMel(), tmp_path), folder("firmware") / "include"]
    program = sanitized.build([child], tmp_path / "child", include)
    near = [0, 1, 2, 3, 4, *(r for b in (3, 16, 20, 30) for r in (2**b - 1, 2**b, 2**b + 1))]
    edges = {value for r in near for value in (r * r - r, r * r, r * r + r, r * r + r + 1)}
    values = sorted(edges | {2**32 - 1, 2**32, 2**60 - 1} | {7**n for n in range(21)})
    done = sanitized.run(program, np.array(values, np.uint64).tobytes())
    nearest = [(isqrt(4 * value) + 1) // 2 for value in values]
    expected = [min(root, 65535) if value < 2**32 else root
                for root, value in zip(nearest, values, strict=True)]  # fmt: skip
    assert [int(line) for line in done.stdout.split()] == expected


@pytest.mark.parametrize("compiler", ["zig", "gcc"])
@pytest.mark.parametrize("core", CORES)
def test_the_devices_c_on_a_core(core: str, compiler: str, tmp_path: Path) -> None:
    """The same bytes, in an emulator; no floating point is linked in."""
    features = LogMel()
    emulator = machine("unicorn" if CORES[core].unicorn_model else "qemu")
    firmware = toolchain(compiler).build(
        [PROGRAM, *port("sim")],
        include=[header(features, tmp_path), folder("firmware") / "include"],
        core=CORES[core],
        memory=emulator.memory(CORES[core], MEMORY),
        output=tmp_path / "rows.elf",
    )
    assert not [name for name in firmware.symbols if name.startswith(("__aeabi_f", "__aeabi_d"))]
    heard = np.concatenate([sounds(seconds=0.15)[name] for name in ("speech", "clipped", "clicks")])
    expected = log_mel_rows(heard, features)
    inputs = heard.view(np.int8).reshape(1, -1)
    done = emulator.run(Job(firmware, inputs, expected.nbytes))
    rows = done.outputs.view(np.uint16).reshape(expected.shape)
    np.testing.assert_array_equal(rows, expected)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"window_ms": 1}, "has no transform of 64 to 4096 points"),
        ({"window_ms": 300}, "has no transform of 64 to 4096 points"),
        ({"hop_ms": 0}, "a hop of 0 samples, not 1 to the window's 480"),
        ({"hop_ms": 31}, "a hop of 496 samples"),
        ({"channels": 0}, "0 channels, not 1 to 255"),
        ({"channels": 256}, "256 channels"),
        ({"lowest_hz": -1.0}, "a band from -1 to 7500 Hz"),
        ({"lowest_hz": 7600.0}, "a band from 7600 to 7500 Hz"),
        ({"highest_hz": 8000.0}, "a band from 125 to 8000 Hz, of 8000"),
        ({"highest_hz": 7990.0}, "reaches the transform's last bin"),
        ({"odd_smoothing": 1.1}, "shares of noise and signal lie between 0 and 1"),
        ({"offset": 0.0}, "the gain's offset is to be above 0"),
        ({"smoothing_bits": 2}, "smoothing_bits is to be"),
        ({"smoothing_bits": 17}, "smoothing_bits is to be"),
        ({"gain_bits": 14}, "gain_bits leaves no shift of 0 to 31"),
        ({"log_shift": 12}, "log_shift is 0 to 11"),
    ],
)
def test_refusals(change: dict[str, float], what: str) -> None:
    with pytest.raises(ForgeError, match="log-mel features") as caught:
        log_mel_rows(np.zeros(480, np.int16), LogMel(**change))
    assert what in str(caught.value)
