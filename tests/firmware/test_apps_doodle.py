"""Drawings on a touch pad: the pixels against a brute-force renderer, and the answers.

The renderer here asks every sample of every pixel for its distance from every line, in floating
point; the firmware's looks only near the line, in whole numbers.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.corpus import models
from tests.firmware import sanitized
from tests.firmware.test_application import answers
from tests.firmware.test_apps import application
from tinyforge import tflite
from tinyforge.boards import load
from tinyforge.engines.aot import compiled
from tinyforge.memory.search import plan
from tinyforge.project.model_files import Golden
from tinyforge.project.tree import Project, project_files
from tinyforge.resources import folder
from tinyforge.sim.firmware import build_firmware
from tinyforge.sim.machines import machine
from tinyforge.sim.toolchains import toolchain

Int8 = npt.NDArray[np.int8]
# Strokes of points, each coordinate 0 to 255.
Drawing = Sequence[Sequence[tuple[int, int]]]

MOVE, LINE, DONE = 0, 1, 2

CHILD = """
#include <stdio.h>
#include "forge/forge_doodle.h"
int main(void) {
  static forge_doodle doodle;
  static int8_t pixels[HEIGHT * WIDTH];
  forge_point point;
  while (fread(&point, sizeof point, 1, stdin) == 1) forge_doodle_add(&doodle, point);
  forge_doodle_draw(&doodle, pixels, HEIGHT, WIDTH);
  return fwrite(pixels, 1, sizeof pixels, stdout) != sizeof pixels;
}
"""


def points_of(drawing: Drawing) -> bytes:
    """What the touch pad sends, without the end."""
    return bytes(
        byte
        for stroke in drawing
        for i, (x, y) in enumerate(stroke)
        for byte in (LINE if i else MOVE, x, y)
    )


def finished(*drawings: Drawing) -> bytes:
    return b"".join(points_of(drawing) + bytes((DONE, 0, 0)) for drawing in drawings)


def rendered(drawing: Drawing, height: int, width: int) -> Int8:
    """int8 (height, width): the part of each pixel's 16 samples that lie within the pen."""
    side = min(height, width)
    points = np.array([p for stroke in drawing for p in stroke], np.int64)
    low, high = points.min(axis=0), points.max(axis=0)
    unit = 256 * side / 19 / max(1, (high - low).max())  # sixteenths of a pixel; 256 of 304 units
    middle = np.array([width, height]) * 8
    spots = middle + np.trunc((2 * points - low - high) * unit / 2)
    radius_squared = np.floor((8 * 16 * side / 304) ** 2)  # 8 of 304 units
    at = np.arange(2, 16 * max(height, width), 4)
    samples = np.stack(np.meshgrid(at[: 4 * width], at[: 4 * height]), axis=-1).astype(float)
    covered = np.zeros((height, width), np.int64)
    first = 0
    for stroke in drawing:
        line = spots[first : first + len(stroke)]
        first += len(stroke)
        for a, b in zip(line[[0, *range(len(line) - 1)]], line, strict=True):
            along = ((samples - a) @ (b - a)) / max(1.0, (b - a) @ (b - a))
            nearest = a + np.clip(along, 0, 1)[..., None] * (b - a)
            # Distances are fractions: those that differ differ by more than the rounding.
            inside = ((samples - nearest) ** 2).sum(axis=-1) <= radius_squared + 1e-9
            counts = inside.reshape(height, 4, width, 4).sum(axis=(1, 3))
            covered = np.maximum(covered, counts)
    return (covered * 255 // 16 - 128).astype(np.int8)


def random_drawing(rng: np.random.Generator) -> Drawing:
    low = rng.integers(0, 200, 2)
    high = low + rng.integers(1, 56, 2) if rng.random() < 0.3 else np.array([256, 256])
    return [
        [tuple(map(int, rng.integers(low, high))) for _ in range(rng.integers(1, 9))]
        for _ in range(rng.integers(1, 5))
    ]


SPECIAL: dict[str, Drawing] = {
    "dot": [[(255, 0)]],
    "two dots": [[(0, 0)], [(255, 255)]],
    "level": [[(3, 200), (250, 200)]],
    "upright": [[(3, 0), (3, 255)]],
    "frame": [[(0, 0), (255, 0), (255, 255), (0, 255), (0, 0)]],
}


@pytest.mark.parametrize(
    ("height", "width"), [(28, 28), (8, 8), (20, 33), (1, 5), (48, 40), (150, 160)]
)
def test_pixels(height: int, width: int, tmp_path: Path) -> None:
    """In the largest picture the pen is several pixels wide."""
    child = tmp_path / "child.c"
    child.write_text(CHILD)
    size = (f"HEIGHT={height}", f"WIDTH={width}")
    program = sanitized.build([child], tmp_path / "child", [folder("firmware") / "include"], size)
    rng = np.random.default_rng(height)
    for drawing in (*SPECIAL.values(), *(random_drawing(rng) for _ in range(15 * (height < 100)))):
        done = sanitized.run(program, points_of(drawing))
        assert done.returncode == 0
        pixels = np.frombuffer(done.stdout, np.int8).reshape(height, width)
        np.testing.assert_array_equal(pixels, rendered(drawing, height, width), str(drawing))


def test_points_beyond_the_limit_are_ignored(tmp_path: Path) -> None:
    child = tmp_path / "child.c"
    child.write_text(CHILD)
    size = ("HEIGHT=28", "WIDTH=28", "FORGE_DOODLE_POINTS=5")
    program = sanitized.build([child], tmp_path / "child", [folder("firmware") / "include"], size)
    drawing = random_drawing(np.random.default_rng(4)) + SPECIAL["frame"]
    sent = points_of(drawing)
    assert len(sent) > 5 * 3
    assert sanitized.run(program, sent).stdout == sanitized.run(program, sent[: 5 * 3]).stdout


def test_the_watch_answers_drawings(tmp_path: Path) -> None:
    """The touch pad, where there is one, is what is read; an unfinished drawing gets no answer."""
    graph = models.classifier(3)
    drawings = [random_drawing(np.random.default_rng(seed)) for seed in range(6)]
    inputs = np.stack([rendered(drawing, 8, 8).reshape(-1) for drawing in drawings])
    pad = tmp_path / "points"
    pad.write_bytes(finished(*drawings) + points_of(drawings[0]))
    program = application(graph, "watch", tmp_path)
    done = sanitized.run(program, inputs[:2].tobytes(), {"FORGE_POINTS": str(pad)})
    assert done.returncode == 0
    assert done.stdout == answers(graph, inputs).tobytes()
    # Without one, and for models that take no picture of one channel, frames are.
    assert sanitized.run(program, inputs[:2].tobytes()).stdout == done.stdout[:6]
    colour = models.separable(3)
    frame = np.random.default_rng(1).integers(-128, 128, (1, 360)).astype(np.int8)
    program = application(colour, "watch", tmp_path / "colour")
    done = sanitized.run(program, frame.tobytes(), {"FORGE_POINTS": str(pad)})
    assert done.stdout == answers(colour, frame).tobytes()


def test_the_watch_reads_a_touch_pad_on_an_emulated_board(tmp_path: Path) -> None:
    """QEMU, whose semihosting opens the real points.bin."""
    qemu = shutil.which("qemu-system-arm")
    if qemu is None:
        pytest.skip("needs qemu-system-arm")
    graph = models.classifier(3)
    drawings = [SPECIAL["frame"], SPECIAL["two dots"], random_drawing(np.random.default_rng(1))]
    inputs = np.stack([rendered(drawing, 8, 8).reshape(-1) for drawing in drawings])
    golden = Golden(inputs[:1], answers(graph, inputs[:1]))
    engines = {"aot": compiled(plan(graph))}
    board = load("nrf52840_dk")
    project = Project(graph, board, engines, golden, tflite.write(graph), app="watch")
    for path, text in project_files(project).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    firmware = build_firmware(
        tmp_path, "aot", board, compiler=toolchain(None), machine=machine("qemu")
    )
    (tmp_path / "points.bin").write_bytes(finished(*drawings))
    command = [qemu, "-M", "mps2-an386", "-nographic", "-semihosting-config",
               "enable=on,target=native", "-kernel", str(firmware.path)]  # fmt: skip
    done = subprocess.run(
        command, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=True
    )
    said = (done.stdout + done.stderr).decode()
    assert "watch: 3 answers, " in said
    assert (tmp_path / "results.bin").read_bytes() == answers(graph, inputs).tobytes()
