"""Damaged files: each is refused or is a whole valid model, within 10 s and 512 MB.

The damage is done and judged in a child process (child.py), so that a hang, a crash or a memory
bomb is a failed test and not the end of the run.
"""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.corpus import models
from tests.fuzz import child
from tinyforge.errors import ForgeError
from tinyforge.tflite import read, write

ROOT = Path(__file__).resolve().parents[2]


def _report(*arguments: str) -> dict[str, Any]:
    result = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.fuzz.child", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    report: dict[str, Any] = json.loads(result.stdout)
    assert report["caps"] == {"cpu": 10, "memory": 512 << 20}
    return report


# The least number of models that must be refused, and accepted, for the job to have meant anything.
@pytest.mark.parametrize(
    ("job", "refused", "accepted"),
    [
        ("truncated", 2000, 0),
        ("flipped", 1000, 500),
        ("offsets", 1000, 500),
        ("spliced", 2000, 50),
        ("fields", 700, 200),
        ("operators", 900, 250),
    ],
)
def test_damaged_models_are_refused_or_valid(job: str, refused: int, accepted: int) -> None:
    report = _report(job)
    assert report["unexpected"] == []
    assert report["verdicts"].get("refused", 0) >= refused
    assert report["verdicts"].get("accepted", 0) >= accepted


@pytest.mark.parametrize("job", ["flipped", "fields", "operators"])
def test_models_that_pass_do_not_crash_tflm(job: str) -> None:
    """Nor does any of them take an operator's own check by surprise."""
    pytest.importorskip("tflite_micro")
    report = _report(job, "tflm")
    assert report["unexpected"] == []
    assert report["verdicts"]["accepted"] >= 200


def test_every_truncation_is_refused() -> None:
    assert "accepted" not in _report("truncated")["verdicts"]


def test_the_memory_cap_is_on() -> None:
    assert _report("greedy")["unexpected"] == ["MemoryError"]


def test_the_time_cap_is_on() -> None:
    """With one second instead of ten, to save nine."""
    code = [
        "from tests.fuzz import child",
        "child.CPU_SECONDS = 1",
        "child.main('endless', with_tflm=False)",
    ]
    script = [sys.executable, "-c", "\n".join(code)]
    result = subprocess.run(script, cwd=ROOT, check=False, timeout=30)
    assert result.returncode in (-signal.SIGXCPU, -signal.SIGKILL)
    assert child.CPU_SECONDS == 10


@pytest.mark.parametrize(
    "data", [b"", b"\0", b"TFL3", b"\x18\0\0\0TFL", b"\x18\0\0\0TFL2" + bytes(40), bytes(1000)]
)
def test_the_identifier_is_required(data: bytes) -> None:
    with pytest.raises(ForgeError, match=r"b'TFL3' expected at bytes 4 to 8, found b"):
        read(data)


def test_a_bare_header_is_refused() -> None:
    with pytest.raises(ForgeError, match="does not fit in a file of 8"):
        read(b"\x18\0\0\0TFL3")


def test_other_containers_are_refused() -> None:
    for magic in (b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"\x7fELF\x01\x01\x01"):
        with pytest.raises(ForgeError, match=r"not a \.tflite file"):
            read(magic + bytes(100))


def test_what_follows_a_model_does_not_matter() -> None:
    good = write(models.classifier(0))
    assert write(read(good + b"\xff" * 100)) == good
