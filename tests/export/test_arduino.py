"""The library for Arduino: its sketch, behind a stand-in for Arduino's core, beside another one."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.corpus import models
from tests.export.made import folder, generated
from tests.host_program import build

_STAND_IN = Path(__file__).parents[1] / "project" / "arduino"
_ASLEEP = 3  # what the stand-in ends with when a sketch waits for long


def sketch(place: Path, *, spoilt: bool = False) -> subprocess.CompletedProcess[str]:
    """What the sketch of one of two libraries prints, both of which it includes."""
    kws = folder(generated(models.classifier(1)), "kws", place, form="arduino")
    doodle = folder(generated(models.separable(2)), "doodle", place, form="arduino")
    text = (kws / "examples" / "SelfTest" / "SelfTest.ino").read_text()
    assert text.count("void loop() {}") == 1
    ends = text.replace("void loop() {}", "void loop() { delay(1000); }")
    main = place / "sketch.cpp"
    main.write_text(f"#include <Arduino.h>\n#include <doodle.h>\n{ends}")
    if spoilt:
        golden = kws / "src" / "kws" / "kws_golden.c"
        outputs = golden.read_text().partition("kws_golden_outputs")
        changed = re.sub(r"(\{\n\s+)(-?\d+)", r"\g<1>99", outputs[2], count=1)
        golden.write_text("".join([*outputs[:2], changed]))
    sources = [source for path in (kws, doodle) for source in sorted(path.rglob("*.c"))]
    program = build(
        [*sources, main, _STAND_IN / "board.cpp"],
        place / "sketch",
        include=[kws / "src", doodle / "src", _STAND_IN],
    )
    return subprocess.run([program], capture_output=True, text=True, check=False, timeout=60)


def test_the_sketch_tests_the_model(tmp_path: Path) -> None:
    done = sketch(tmp_path)
    assert (done.returncode, done.stdout) == (_ASLEEP, "PASS: 4 golden vectors\n")


def test_the_sketch_says_what_failed(tmp_path: Path) -> None:
    done = sketch(tmp_path, spoilt=True)
    assert re.match(r"FAIL: golden vector 0, output 0: expected 99, found -?\d+\n", done.stdout)
    assert done.stdout.endswith("the self-test's outputs differ from the golden vectors\n")


@pytest.mark.parametrize("prefix", ["kws", "doodle"])
def test_a_library_has_the_name_of_its_folder(prefix: str, tmp_path: Path) -> None:
    place = folder(generated(models.classifier(1)), prefix, tmp_path, form="arduino")
    assert f"name={prefix}\n" in (place / "library.properties").read_text()
