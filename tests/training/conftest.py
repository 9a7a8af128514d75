"""Keras once for all tests of this folder; they train next to nothing."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinyforge.datasets import Dataset, Splits
from tinyforge.datasets.doodles import doodles
from tinyforge.training import Settings, runtime
from tinyforge.training.model import Model, train

TINY = Settings(
    drawings=200, fractions=(0.6, 0.2, 0.2), epochs=3, prune_epochs=3, learning_rate=1e-2, batch=32
)


@pytest.fixture(scope="session")
def tiny() -> Settings:
    return TINY


@pytest.fixture(scope="session")
def keras() -> Any:
    return runtime.keras()


@pytest.fixture(scope="session")
def splits() -> Splits:
    return doodles(TINY.drawings, seed=1).split(TINY.fractions, seed=1)


@pytest.fixture(scope="session")
def model(splits: Splits) -> Model:
    """The seed CNN, trained a little."""
    return train(splits, TINY, seed=1)


@pytest.fixture(scope="session")
def three() -> Dataset:
    """Three classes of colour pictures, told apart by the channel that is bright."""
    rng = np.random.default_rng(0)
    labels = np.tile(np.arange(3), 40)
    images = rng.integers(0, 60, (120, 12, 14, 3), dtype=np.uint8)
    images[np.arange(120), :, :, labels] += 150
    return Dataset(images, labels, ("red", "green", "blue"))


@pytest.fixture(scope="session")
def people(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders, arrays and series as people have them: data/ of the shared cases."""
    folder = tmp_path_factory.mktemp("people")
    program = corpus / "cases" / "make_data.py"
    subprocess.run([sys.executable, str(program)], cwd=folder, check=True)
    return folder / "data"


class Told:
    """Stages that keep what they are told."""

    seconds = 0.0

    def __init__(self) -> None:
        self.notes: list[str] = []

    @contextmanager
    def stage(self, title: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        yield lambda done: None

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture
def told() -> Told:
    return Told()
