"""One candidate, from settings to numbers: figures are the proof's, and what is hopeless costs
little."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinyforge import tflite
from tinyforge.spec import Spec
from tinyforge.stages import Silent
from tinyforge.training import material, tuning
from tinyforge.training.model import fit
from tinyforge.training.recipe import PRUNED, QAT, REMOVED, Amounts, Recipe
from tinyforge.training.runtime import keras, quiet
from tinyforge.training.settings import CHECKED
from tinyforge.tune.candidate import Candidate
from tinyforge.tune.limits import Limits
from tinyforge.tune.trial import Job, Task, Tried, run, tried_here

pytest.importorskip("optuna")
pytest.importorskip("tflite_micro")
pytest.importorskip("unicorn")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model and pictures that it tells apart, by where they are bright."""
    place = tmp_path_factory.mktemp("tuned")
    rng = np.random.default_rng(0)
    labels = np.tile(np.arange(3), 40)
    images = rng.integers(0, 90, (120, 12, 12), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[4 * label : 4 * label + 4] += 120
    np.savez(place / "data.npz", images=images, labels=labels, classes=["low", "mid", "high"])
    layers = keras().layers
    keras().utils.set_random_seed(0)
    model = keras().Sequential(
        [
            keras().Input((12, 12, 1)),
            layers.Conv2D(8, 3, strides=2, activation="relu", name="conv"),
            layers.Flatten(),
            layers.Dense(3, "softmax", name="dense"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    model.fit(images[..., None] / 255.0, labels, epochs=20, verbose=0)
    with quiet():
        model.save(place / "tiny.keras")
    return place


@pytest.fixture
def job(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    monkeypatch.setattr(material, "_TUNING_STEPS", 12)
    task = Task(
        folder / "tiny.keras", str(folder / "data.npz"), CHECKED, True, "0..1",
        Spec(board="nrf52_dk"), Limits(),
    )  # fmt: skip
    return Job(task, candidate())


def candidate(*steps: str, conv: float = 0.0, dense: float = 0.0) -> Candidate:
    amounts = Amounts(channels=0.5, by_layer=(("conv", conv), ("dense", dense)))
    return Candidate(Recipe(steps, int8=True), amounts, "balanced")


NEARLY_NOTHING = candidate(PRUNED, conv=0.95, dense=0.95)


def tried(job: Job, candidate: Candidate, limits: Limits = Limits()) -> Tried:  # noqa: B008 - frozen
    return tried_here(Job(replace(job.task, limits=limits), candidate), stages=Silent())


def kernels(found: Tried) -> dict[int, Any]:
    """By how many weights they have."""
    assert found.model is not None
    tensors = tflite.read(found.model).tensors
    return {t.data.size: t.data for t in tensors if t.data is not None and len(t.shape) > 1}


def noted(seen: list[Any], name: str, function: Any) -> Any:
    """The function, each of whose calls leaves what it was given by that name."""

    def called(*args: Any, **named: Any) -> Any:
        seen.append(named[name])
        return function(*args, **named)

    return called


def test_less_is_smaller_and_quicker(job: Job) -> None:
    whole, half = tried(job, candidate()), tried(job, candidate(REMOVED))
    assert sum(kernels(half)) < 0.7 * sum(kernels(whole))
    a, b = whole.outcome, half.outcome
    assert (a.end, b.end) == ("proved", "proved") and a.score == 1.0 and b.score is not None
    assert a.cost is not None and b.cost is not None and a.cost.ms and b.cost.ms
    assert b.cost.flash < a.cost.flash and b.cost.ms < 0.8 * a.cost.ms


def test_each_layer_has_its_own_share_of_zeros(job: Job) -> None:
    """Also where channels were removed before, and where training knows of int8."""
    found = kernels(tried(job, candidate(REMOVED, PRUNED, QAT, conv=0.25, dense=0.75)))
    conv, dense = (found[size] for size in sorted(found))
    assert (conv == 0).mean() == pytest.approx(0.25, abs=0.06)
    assert (dense == 0).mean() == pytest.approx(0.75, abs=0.06)


def test_what_is_too_large_is_not_trained(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = tried(job, candidate()).outcome.cost
    assert whole is not None
    trained: list[bool] = []
    monkeypatch.setattr(tuning, "prune", noted(trained, "tuned", tuning.prune))
    found = tried(job, candidate(PRUNED, conv=0.05), Limits(flash=whole.flash // 2)).outcome
    assert (found.end, found.score, list(found.failed)) == ("stopped", None, ["flash"])
    assert found.cost is not None and trained == [False]
    # It was held to take what it takes, but for the golden vectors' room.
    assert whole.flash - 4096 < found.cost.flash <= whole.flash
    assert found.cost.instructions == pytest.approx(whole.instructions, rel=0.05)


def test_what_is_not_accurate_enough_is_not_proved(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tinyforge.tune.trial._proved", None)  # nobody may call it
    found = tried(job, NEARLY_NOTHING, Limits(accuracy=1.0)).outcome
    assert found.end == "stopped" and list(found.failed) == ["accuracy"]
    assert found.score is not None and found.score < 1 and found.cost is not None


def test_what_is_far_from_it_is_not_trained_on(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once it was fine-tuned and is far below, the rounds of further training are left out."""
    stages: list[str] = []
    monkeypatch.setattr("tinyforge.training.prune.fit", noted(stages, "stage", fit))
    found = tried(job, NEARLY_NOTHING, Limits(accuracy=0.99)).outcome
    assert stages == ["prune"]
    assert found.end == "stopped" and found.score is not None and found.score < 0.94
    stages.clear()
    tried(job, NEARLY_NOTHING)
    assert stages == ["prune", "recover 1", "recover 2", "recover 3"]


def test_trouble_is_an_outcome(job: Job) -> None:
    found = run(replace(job, task=replace(job.task, data="nowhere.npz")))
    assert found.outcome.end == "refused" and "nowhere.npz" in found.outcome.why
    assert found.model is None and found.outcome.seconds > 0


def command(folder: Path, *arguments: str) -> dict[str, Any]:
    shown = subprocess.run(
        [sys.executable, "-m", "tinyforge", *arguments, "--json"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    document: dict[str, Any] = json.loads(shown.stdout)
    return document


def test_the_exported_project_is_what_build_makes(folder: Path) -> None:
    document = command(
        folder, "tune", "tiny.keras", "--data", "data.npz", "--board", "nrf52_dk", "--trials", "1",
        "--min-accuracy", "0.8", "--budget", "flash=64K", "-o", "found", "--export", "project",
    )  # fmt: skip
    assert (document["chosen"], document["front"], document["failed"]) == (0, [0], {})
    (trial,) = document["trials"]
    command(
        folder, "build", "found/models/0000/tiny.tflite", "--inputs", "found/inputs.npz",
        "--board", "nrf52_dk", "--optimize", trial["optimize"], "-o", "built",
    )  # fmt: skip
    files = [p.relative_to(folder / "project") for p in (folder / "project").rglob("*")]
    assert len(files) > 20
    for name in files:
        one, other = folder / "project" / name, folder / "built" / name
        assert one.is_dir() or one.read_bytes() == other.read_bytes(), name
    proof = json.loads((folder / "project" / "report.json").read_text())["proof"]
    assert trial["cost"]["flash"] == proof["flash"]["total"]
    assert trial["cost"]["ram"] == proof["ram"]["total"]
    assert trial["cost"]["instructions"] == proof["instructions"]
    assert (folder / "found" / "report.html").is_file()
    assert json.loads((folder / "found" / "report.json").read_text())["trials"] == [trial]
