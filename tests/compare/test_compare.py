"""Variants beside each other: the figures are the proof's, a failure is one variant's alone, and
`simulate` says the same."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.corpus.models import classifier
from tests.device.emulated import Quiet
from tinyforge import tflite
from tinyforge.compare.on_board import Compared, on_board
from tinyforge.datasets.ranges import Kind, parse
from tinyforge.datasets.samples import Samples
from tinyforge.errors import ForgeError
from tinyforge.spec import Budget, Spec
from tinyforge.training.compared import Made
from tinyforge.training.lab import Result
from tinyforge.training.recipe import Recipe, recipes
from tinyforge.training.runtime import keras, quiet
from tinyforge.training.variants import Unmade, Variant

pytest.importorskip("tflite_micro")
pytest.importorskip("unicorn")

GOOD = tflite.write(classifier(3))


def made(models: dict[str, bytes]) -> Made:
    """int8 variants of these names, beside a float one and one that was not made."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (40, 8, 8, 1), np.uint8)
    labels = rng.integers(0, 3, 40)
    held_out = Samples("pictures", images, Kind.LEVELS, "", labels, labels.astype(np.float32))
    variants = [Variant(*recipes(n), m, 9, 8, 9, Result(0.5, labels)) for n, m in models.items()]
    plain = Variant(Recipe(), GOOD, 9, 8, 9, Result(0.5, labels))
    lost = Unmade("lost", ForgeError("it cannot be made", where="layer 3"))
    return Made((plain, *variants, lost), held_out, parse("0..1"), "accuracy", 0)


def compared(found: Made, **budgets: Budget) -> Compared:
    def settings(name: str) -> Spec:
        return Spec(engine="aot", budget=budgets.get(name, Budget()))

    return on_board(found, settings, Quiet(), model="tiny", overwrite=False)


def test_figures_are_those_of_the_proof() -> None:
    found = compared(made({"int8": GOOD}))
    proof = found.proved["int8"].proof
    plain, small = found.comparison.variants
    assert proof.bit_exact and proof.ram and proof.flash and proof.time and proof.cycles
    assert small.device is not None
    assert (small.device.flash, small.device.ram) == (proof.flash.total, proof.ram.total)
    assert small.device.instructions == proof.instructions
    assert (small.device.cycles, small.device.ms) == (proof.cycles.mid, proof.time.milliseconds)
    assert small.device.inputs == proof.inputs == 40 == found.comparison.held_out
    assert plain.device is None and plain.refused == "the engines run int8"
    assert plain.confusion == small.confusion and found.comparison.classes == ("0", "1", "2")
    assert small.confusion is not None
    assert np.trace(small.confusion) == np.sum(small.confusion) == 40, "answers are the labels"
    conv, dense = small.kernels
    assert (conv.op, conv.channels, dense.op, dense.channels) == (
        "CONV_2D", 4, "FULLY_CONNECTED", 3
    )  # fmt: skip


def test_a_failure_is_one_variant_s() -> None:
    found = compared(made({"qat": GOOD, "int8": GOOD}), qat=Budget(flash=100))
    _, large, small = found.comparison.variants
    assert large.device is None and "allowed by the budget" in large.refused
    assert small.device is not None and not small.refused
    assert list(found.refused) == ["lost", "qat"]
    (lost,) = found.comparison.unmade
    assert (lost.name, lost.why) == ("lost", "it cannot be made (layer 3)")


def test_all_variants_run_on_the_same_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinyforge.compare.on_board._MACS", 1)
    found = compared(made({"int8": GOOD, "qat": tflite.write(classifier(4))}))
    assert [ran.proof.inputs for ran in found.proved.values()] == [16, 16]
    assert len(found.inputs) == 16


LOADER = """
import numpy as np
import tensorflow as tf

print("this is no JSON")

def load():
    with np.load("data.npz") as file:
        return tf.data.Dataset.from_tensor_slices((file["images"], file["labels"])).batch(50)
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model and pictures that it tells apart, by where they are bright."""
    folder = tmp_path_factory.mktemp("compared")
    rng = np.random.default_rng(0)
    labels = np.tile(np.arange(3), 40)
    images = rng.integers(0, 90, (120, 12, 12), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[4 * label : 4 * label + 4] += 120
    np.savez(folder / "data.npz", images=images, labels=labels)
    (folder / "data.py").write_text(LOADER)
    layers = keras().layers
    keras().utils.set_random_seed(0)
    model = keras().Sequential(
        [
            keras().Input((12, 12, 1)),
            layers.Conv2D(8, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(3, "softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    model.fit(images[..., None] / 255.0, labels, epochs=20, verbose=0)
    with quiet():
        model.save(folder / "tiny.keras")
    return folder


def document(folder: Path, *arguments: str) -> dict[str, Any]:
    shown = subprocess.run(
        [sys.executable, "-m", "tinyforge", *arguments, "--json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    return dict(json.loads(shown.stdout))


def test_simulate_says_the_same(written: Path) -> None:
    asked = ("compare", "tiny.keras", "--data", "data.py:load", "--quick", "-o", "out")
    found = document(written, *asked, "--variants", "float,pruned,int8,pruned+int8")
    variants = {v["name"]: v for v in found["variants"]}
    assert list(variants) == ["float", "pruned", "int8", "pruned+int8"]
    assert all(v["accuracy"] > 0.9 for v in variants.values())
    assert found["held_out"] == 30
    saved = json.loads((written / "out" / "report.json").read_text())
    assert saved["variants"] == found["variants"] and "seconds" not in saved
    for name in ("int8", "pruned+int8"):
        target = f"out/{name.replace('+', '-')}"
        proof = document(written, "simulate", target, "--inputs", "out/inputs.npz")["proof"]
        device = variants[name]["device"]
        assert proof["bit_exact"] is True and proof["inputs"] == device["inputs"] == 30
        assert proof["flash"]["total"] == device["flash"]
        assert proof["ram"]["total"] == device["ram"]
        assert proof["instructions"] == device["instructions"]
        assert proof["cycles"]["mid"] == device["cycles"]
        assert proof["time"]["milliseconds"] == device["ms"]
        assert proof["accuracy"] == variants[name]["accuracy"]
        assert (written / target / "model.tflite").stat().st_size == variants[name]["tflite_bytes"]
    assert (written / "out" / "pruned.tflite").stat().st_size == variants["pruned"]["tflite_bytes"]
    assert "pruned+int8" in (written / "out" / "report.html").read_text()
    again = document(written, *asked, "--variants", "float")
    assert again["variants"] == [v for v in found["variants"] if v["name"] == "float"]
    assert (written / "out" / "int8" / "model.tflite").is_file(), "what lies there stays"


def test_nothing_is_begun_without_data(written: Path) -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "tinyforge", "compare", "tiny.keras"],
        cwd=written,
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 2
    assert "--data D" in shown.stderr


def test_a_tflite_file_takes_a_function_too(written: Path) -> None:
    """It runs in a process of its own: what it prints is not the command's."""
    small = ("quantize", "tiny.keras", "--data", "data.npz", "-o", "small.tflite")
    wanted = document(written, *small)["accuracy"]["int8_model"]
    found = document(written, "build", "small.tflite", "--data", "data.py:load", "-o", "built")
    assert found["accuracy"]["int8_model"] == wanted
    assert found["accuracy"]["examples"] == 120
