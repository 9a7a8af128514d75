"""tinyforge diff counts the bytes that were changed, and its patch makes the new of the old."""

import sys
from dataclasses import replace
from pathlib import Path

import bsdiff4
import numpy as np
import pytest

from tests.cli.test_commands import document, tinyforge
from tests.corpus import models
from tests.device.emulated import Quiet
from tinyforge.errors import ForgeError
from tinyforge.graph import DType, Graph
from tinyforge.ota import difference as module
from tinyforge.ota.difference import CODE, difference
from tinyforge.ota.image import Image, image_of
from tinyforge.tflite import write


def retrained(graph: Graph) -> tuple[Graph, int]:
    """Every tenth int8 weight of its kernels is one step further; and how many these are."""
    count, tensors = 0, list(graph.tensors)
    for op in graph.operators:
        if op.op not in ("CONV_2D", "FULLY_CONNECTED", "DEPTHWISE_CONV_2D"):
            continue
        weights = tensors[op.inputs[1]]
        assert weights.data is not None and weights.dtype is DType.INT8
        data = weights.data.copy()
        some = data.reshape(-1)[::10]
        some += np.where(some > 0, -1, 1).astype(np.int8)
        tensors[weights.index] = replace(weights, data=data)
        count += some.size
    return replace(graph, tensors=tuple(tensors)), count


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path, int]:
    """A model, the same retrained, and how many weights differ."""
    graph = models.classifier(1)
    other, count = retrained(graph)
    paths = tmp_path / "old.tflite", tmp_path / "new.tflite"
    for path, one in zip(paths, (graph, other), strict=True):
        path.write_bytes(write(one))
    return *paths, count


def test_two_models(pair: tuple[Path, Path, int], tmp_path: Path) -> None:
    old, new, count = pair
    found = document("diff", str(old), str(new), folder=tmp_path)
    assert found["kind"] == "model"
    assert found["changed"] == sum(part["changed"] for part in found["parts"]) == count
    assert (found["old"], found["new"]) == (old.stat().st_size, new.stat().st_size)
    patch = bsdiff4.diff(old.read_bytes(), new.read_bytes())
    assert found["patch"] == len(patch) < found["compressed"]
    assert bsdiff4.patch(old.read_bytes(), patch) == new.read_bytes()
    shown = tinyforge("diff", str(old), str(new), folder=tmp_path).stdout
    assert "CONV_2D, constant 1" in shown and f"patch: {len(patch):,} B" in shown
    same = [part for part in found["parts"] if not part["changed"]]
    (rest,) = [line.split() for line in shown.splitlines() if "unchanged" in line]
    assert len(same) > 1 and rest[:2] == [str(len(same)), "parts"]
    assert rest[3] == rest[4] == f"{sum(part['new'] for part in same):,}" and rest[5] == "0"
    assert len([line for line in shown.splitlines() if "constant" in line]) + len(same) == len(
        found["parts"]
    )


def test_two_projects_keep_the_inputs_of_their_self_test(
    pair: tuple[Path, Path, int], tmp_path: Path
) -> None:
    """What else changes is what depends on weights: so many bytes, not the code."""
    old, new, count = pair
    make = ("generate", "--engine", "aot")
    tinyforge(*make, str(old), "-o", "one", folder=tmp_path)
    tinyforge(*make, str(new), "-o", "two", folder=tmp_path)
    tinyforge(*make, str(new), "-o", "update", "--update-of", "one", folder=tmp_path)
    found = document("diff", "one", "update", folder=tmp_path)
    changed = {part["name"]: part["changed"] for part in found["parts"]}
    assert found["kind"] == "firmware" and found["old"] == found["new"]
    assert changed[CODE] == changed["forge_golden_inputs"] == 0
    tables = sum(v for name, v in changed.items() if name.startswith("forge_layer"))
    assert 0 < tables < 4 * count  # perhaps as words, with sums into the bias
    assert found["changed"] == sum(changed.values())
    other = document("diff", "one", "two", folder=tmp_path)
    assert {part["name"]: part["changed"] for part in other["parts"]}["forge_golden_inputs"] > 0
    assert found["patch"] < other["patch"] < other["compressed"]
    same = document("diff", "one", "one", folder=tmp_path)
    assert same["changed"] == 0 and not any(part["changed"] for part in same["parts"])


def test_parts_are_compared_wherever_they_lie() -> None:
    old = Image("firmware", b"aaaabbbb", {"a()": b"aa", "c()": b"aa", "t": b"bbbb"})
    new = Image("firmware", b"xaaaabbcbyy", {"a()": b"aaa", "t": b"bbcb", "u": b"yy"})
    found = difference(old, new)
    assert {(p.name, p.old, p.new, p.changed) for p in found.parts} == {
        (CODE, 4, 3, 3),
        ("t", 4, 4, 1),
        ("u", 0, 2, 2),
    }
    assert (found.old, found.new, found.changed) == (8, 11, 1 + 0 + 1 + 1 + 3)


def test_what_cannot_be_compared_is_refused(
    pair: tuple[Path, Path, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = image_of(pair[0], None, Quiet())
    with pytest.raises(ForgeError, match="one is model, the other firmware"):
        difference(model, Image("firmware", b"", {}))
    (tmp_path / "text").write_text("neither")
    with pytest.raises(ForgeError, match="neither firmware nor a model"):
        image_of(tmp_path / "text", None, Quiet())
    with pytest.raises(ForgeError, match="cannot read it"):
        image_of(tmp_path / "missing", None, Quiet())
    (tmp_path / "empty").mkdir()
    with pytest.raises(ForgeError, match=r"holds no tinyforge\.toml"):
        image_of(tmp_path / "empty", None, Quiet())
    (tmp_path / "broken.elf").write_bytes(b"\x7fELF\x01\x01\x01" + bytes(9))
    with pytest.raises(ForgeError, match="not a readable ELF"):
        image_of(tmp_path / "broken.elf", None, Quiet())
    tinyforge("generate", "--engine", "tflm", str(pair[0]), "-o", "tflm", folder=tmp_path)
    with pytest.raises(ForgeError, match="cannot be built without PlatformIO") as caught:
        image_of(tmp_path / "tflm", None, Quiet())
    assert caught.value.fix.endswith("nrf52840_dk/firmware.elf")
    monkeypatch.setitem(sys.modules, "bsdiff4", None)
    with pytest.raises(ForgeError, match="need the Python package bsdiff4") as caught:
        module.difference(model, model)
    assert caught.value.fix == 'pip install "bsdiff4>=1.2.6"'


def test_an_update_of_another_model_is_refused(
    pair: tuple[Path, Path, int], tmp_path: Path
) -> None:
    make = ("generate", "--engine", "aot")
    (tmp_path / "other.tflite").write_bytes(write(models.keywords(1)))
    tinyforge(*make, str(pair[0]), "-o", "one", folder=tmp_path)
    shown = tinyforge(
        *make, "other.tflite", "-o", "two", "--update-of", "one", folder=tmp_path, status=2
    )
    assert "the older project's inputs are of" in shown.stderr
