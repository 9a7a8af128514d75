"""A picture of another size becomes, in C, what Pillow made of the training data: bit for bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.corpus.models import classifier, separable
from tests.device.emulated import Quiet
from tests.host_program import build, output_of
from tinyforge.datasets import read
from tinyforge.datasets.pictures import resized as by_pillow
from tinyforge.generation import generate
from tinyforge.graph import Graph
from tinyforge.project.resize_file import axis_of, resize_file
from tinyforge.proof.examples import synthetic
from tinyforge.resources import folder
from tinyforge.source import Source
from tinyforge.spec import Spec
from tinyforge.tflite import write
from tinyforge.tflite.about import About, with_about

MAIN = """
#include <stdio.h>
#include "resize.h"
static uint8_t picture[FORGE_PICTURE_HEIGHT * FORGE_PICTURE_WIDTH * FORGE_PICTURE_CHANNELS];
int main(void) {
  if (fread(picture, 1, sizeof picture, stdin) != sizeof picture) return 1;
  for (int i = 0; i < COUNT; i++) putchar(forge_resized(picture, i));
  return 0;
}
"""
SIZES = [(16, 16), (15, 21), (5, 3), (8, 8), (8, 31), (97, 8), (1, 1), (240, 320)]


def said(graph: Graph, size: tuple[int, int] | None) -> Graph:
    return with_about(graph, About(range="0..1", resized=size))


def by_c(tmp_path: Path, graph: Graph, picture: np.ndarray) -> np.ndarray:
    shape = graph.input_tensors[0].shape[1:]
    (tmp_path / "resize.h").write_text(resize_file(graph)["include/resize.h"])
    (tmp_path / "main.c").write_text(MAIN)
    program = build(
        [tmp_path / "main.c"],
        tmp_path / "main",
        include=[tmp_path, folder("firmware") / "include"],
        defines=[f"COUNT={np.prod(shape)}"],
    )
    found = output_of(program, stdin=picture.tobytes())
    return np.frombuffer(found, np.uint8).reshape(shape)


@pytest.mark.parametrize("size", SIZES)
def test_grey_pictures(tmp_path: Path, size: tuple[int, int]) -> None:
    """Larger, smaller, both, and of the very size; black and white are its extremes."""
    picture = np.random.default_rng(0).integers(0, 256, size, np.uint8)
    picture[: size[0] // 2] = np.where(picture[: size[0] // 2] < 128, 0, 255)
    found = by_c(tmp_path, said(classifier(1), size), picture)
    assert np.array_equal(found[..., 0], by_pillow(picture[np.newaxis], (8, 8), 1)[0])


def test_colour_pictures(tmp_path: Path) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (33, 27, 3), np.uint8)
    found = by_c(tmp_path, said(separable(1), (33, 27)), picture)
    assert np.array_equal(found, by_pillow(picture[np.newaxis], (12, 10), 3)[0])


def test_weights_add_up_and_fit() -> None:
    for size, to in ((8192, 1), (8192, 96), (1, 96), (97, 96)):
        axis = axis_of(size, to)
        assert np.abs(axis.weights.sum(axis=1) - (1 << 22)).max() <= axis.weights.shape[1]
        assert 255 * int(axis.weights.sum(axis=1).max()) + (1 << 21) < 1 << 31
        assert axis.first.max() < 1 << 16


def test_only_where_pictures_were_of_one_other_size() -> None:
    assert resize_file(said(classifier(1), None)) == {}
    assert resize_file(classifier(1)) == {}


def test_a_project_has_it_and_says_how(tmp_path: Path) -> None:
    graph = said(classifier(1), (16, 20))
    source = Source(write(graph), graph)
    files = generate(source, synthetic(graph, 1, 0), Spec(engine="aot"), Quiet()).files
    readme = str(files["README.md"])
    called = "forge_quantize_input(FORGE_INPUT_OF_PIXEL(forge_resized(picture, i)))"
    assert called in readme and "20x16" in readme and '#include "resize.h"' in readme
    assert "include/resize.h" in files and "lib/forge/include/forge/forge_resize.h" in files


def test_data_says_of_which_size_it_was(tmp_path: Path) -> None:
    pil = pytest.importorskip("PIL.Image")
    images = np.zeros((2, 9, 12), np.uint8)
    for i, image in enumerate(images):
        pil.fromarray(image).save(tmp_path / f"{i}.png")
    np.savez(tmp_path / "all.npz", images=images)
    for source in (tmp_path, tmp_path / "all.npz"):
        assert read(str(source), (8, 8)).resized == (9, 12)
        assert read(str(source), (9, 12)).resized is None
    pil.fromarray(images[0, :8]).save(tmp_path / "other.png")
    assert read(str(tmp_path), (8, 8)).resized is None
