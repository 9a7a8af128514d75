"""The main job, end to end, as the README's first command runs it."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The same for all workers of this run."""
    own = tmp_path_factory.getbasetemp()
    path = (own if worker_id == "master" else own.parent) / "demo"
    path.mkdir(exist_ok=True)
    return path


@pytest.fixture(scope="module")
def report(folder: Path, corpus: Path) -> dict[str, Any]:
    """What `tinyforge demo --json` prints. It takes a minute: the first worker that gets here runs
    it, the others wait for what it leaves."""
    ended = folder / "ended.json"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ended.exists():
            shown = subprocess.run(
                [sys.executable, "-m", "tinyforge", "demo", "--json", "-o", "out"],
                cwd=folder,
                env={**os.environ, "TINYFORGE_CORPUS": str(corpus)},
                capture_output=True,
                text=True,
                check=False,
            )
            ended.write_text(json.dumps([shown.returncode, shown.stdout, shown.stderr]))
    status, stdout, stderr = json.loads(ended.read_text())
    assert status == 0, stderr
    return dict(json.loads(stdout))


def test_every_layer_of_every_drawing_is_bit_exact(report: dict[str, Any]) -> None:
    proof = report["proof"]
    assert proof["bit_exact"] is True
    assert proof["first_difference"] is None
    assert proof["inputs"] >= 1000
    assert len(proof["instructions_by_layer"]) == proof["layers"]


def test_the_firmware_does_what_was_planned_and_fits(report: dict[str, Any]) -> None:
    proof = report["proof"]
    assert proof["arena"]["planned"] == proof["arena"]["touched"] >= proof["arena"]["lower_bound"]
    for memory in (proof["ram"], proof["flash"]):
        assert 0 < memory["total"] <= memory["limit"]
    assert proof["ram"]["total"] == sum(proof["ram"][k] for k in ("arena", "data_bss", "stack"))
    assert proof["instructions"] > 0


def test_accuracy_survives_pruning_and_quantization(report: dict[str, Any]) -> None:
    accuracy = {v["name"]: v["accuracy"] for v in report["variants"]}
    assert accuracy["pruned+int8"] >= 0.98
    assert accuracy["pruned+int8"] >= accuracy["float"] - 0.01
    assert report["proof"]["accuracy"] == accuracy["pruned+int8"]


def test_real_drawings_are_told_apart(report: dict[str, Any]) -> None:
    assert report["real_drawings"]["count"] == 1014
    assert report["real_drawings"]["balanced_accuracy"] >= 0.93


def test_pruning_alone_shrinks_only_the_compressed_size(report: dict[str, Any]) -> None:
    size = {v["name"]: v for v in report["variants"]}
    assert size["pruned"]["tflite_bytes"] > 0.95 * size["float"]["tflite_bytes"]
    assert size["pruned"]["gzip_bytes"] < 0.6 * size["float"]["gzip_bytes"]
    assert size["pruned"]["nonzero"] < 0.3 * size["float"]["nonzero"]
    assert size["int8"]["tflite_bytes"] < 0.6 * size["float"]["tflite_bytes"]


def test_the_project_holds_both_engines_and_the_report(
    report: dict[str, Any], folder: Path
) -> None:
    ini = (folder / "out" / "platformio.ini").read_text()
    assert "[env:nrf52840_dk]" in ini
    assert "[env:nrf52840_dk_tflm]" in ini
    written = json.loads((folder / "out" / "report.json").read_text())
    assert written["proof"] == report["proof"]
    assert written["break_even"]["zeros"] > 0.5
    assert "Mona Lisa" in (folder / "out" / "report.html").read_text()
    assert "Eiffel Tower" in (folder / "out" / "src" / "labels.c").read_text()
