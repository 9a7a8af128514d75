"""Baselines as they lie in csv files: read whole, found by name, refused when they are others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.baseline_files import baseline_files
from tinyforge.bench.baselines import LayerCost, find, load, load_default
from tinyforge.errors import ForgeError
from tinyforge.memory.interpreter import Kernels

FILES = baseline_files("net")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_every_row_is_read(folder: Path) -> None:
    fast, plain, vector = load(folder)
    assert [b.kernels for b in (fast, plain, vector)] == [
        Kernels.CMSIS_NN, Kernels.REFERENCE, Kernels.CMSIS_NN,
    ]  # fmt: skip
    assert (fast.core, vector.core) == ("cortex-m4", "cortex-m55")
    assert (fast.instructions, vector.instructions) == (1000, 500)
    assert (fast.ram, fast.flash) == (500 + 70 + 30, 2000 + 8000)
    assert (fast.cycles, plain.cycles, vector.cycles) == (1300, None, None)
    assert fast.layers == {0: LayerCost(880, 1100), 1: LayerCost(120, None)}
    assert vector.layers == {0: LayerCost(400, None), 1: LayerCost(100, None)}
    assert plain.layers == {}


def test_the_fast_kernels_are_compared_with(folder: Path) -> None:
    known = load(folder)
    assert find(known, "net", "cortex-m4") == known[0]
    assert find(known, "net", "cortex-m55") == known[2]
    assert find(known, "net", "cortex-m7") is None
    assert find(known, "other", "cortex-m4") is None


def test_without_a_folder_there_are_none(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.delenv("TINYFORGE_CORPUS", raising=False)
    assert load_default(None) == ()
    assert load_default(folder) == load(folder)
    (folder / "baselines").mkdir()
    monkeypatch.setenv("TINYFORGE_CORPUS", str(folder))
    with pytest.raises(ForgeError, match="not usable baselines"):
        load_default(None)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tflm.csv", ""),
        ("tflm.csv", FILES["tflm.csv"] + "net,cortex-m7\n"),
        ("tflm.csv", FILES["tflm.csv"].replace("4000", "many")),
        ("tflm_layers.csv", "model,layer\nnet,0\n"),
        ("tflm_cycles.csv", FILES["tflm_cycles.csv"].replace("1300", "")),
        ("tflm_layer_cycles.csv", FILES["tflm_layer_cycles.csv"] + "net,1\n"),
        ("tflm.csv", None),
    ],
)
def test_other_files_are_refused(name: str, text: str | None, folder: Path) -> None:
    (folder / name).unlink() if text is None else (folder / name).write_text(text)
    with pytest.raises(ForgeError, match="not usable baselines"):
        load(folder)


def test_bytes_that_are_no_text_are_refused(folder: Path) -> None:
    (folder / "tflm.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ForgeError, match="not usable baselines"):
        load(folder)


def test_the_shared_baselines(corpus: Path) -> None:
    known = load(corpus / "baselines")
    assert len(known) == 20
    fast = find(known, "resnet8", "cortex-m4")
    assert fast is not None
    assert (fast.instructions, fast.cycles, fast.arena) == (29862960, 36901773, 54996)
    # Layers add up to the whole, but for the interpreter between them.
    assert 0 < fast.instructions - sum(c.instructions for c in fast.layers.values()) < 10_000
