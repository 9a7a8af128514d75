"""Data from a function of the user's: what it may give, and what is said of one that fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tinyforge import spec
from tinyforge.datasets import Samples, load, read
from tinyforge.datasets.function import is_function
from tinyforge.datasets.samples import TEST, TRAINING
from tinyforge.datasets.several import read_several
from tinyforge.errors import ForgeError

HEAD = """
import sys
import numpy as np
X = np.arange(5 * 4 * 3, dtype=np.float32).reshape(5, 4, 3)
Y = np.array([0, 1, 2, 1, 0])

class Dataset:
    '''What tf.data has of what is used here.'''
    class_names = ["low", "mid", "high"]
    def __init__(self, *steps, cardinality=5):
        self.steps, self.count = steps, cardinality
    def cardinality(self):
        return self.count
    def as_numpy_iterator(self):
        return iter(self.steps)

def data():
    return """

Written = Callable[[str], str]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(body: str) -> str:
        (tmp_path / "mine.py").write_text(HEAD + body)
        return f"{tmp_path / 'mine.py'}:data"

    return write


X = np.arange(60, dtype=np.float32).reshape(5, 4, 3)
Y = [0, 1, 2, 1, 0]


def same(samples: Samples) -> bool:
    assert samples.labels is not None
    return np.array_equal(samples.values, X) and samples.labels.tolist() == Y


@pytest.mark.parametrize(
    "body",
    [
        "X, Y",
        "[X, list(Y)]",
        "X.tolist(), Y.tolist()",
        "list(zip(X.tolist(), Y.tolist()))",
        "{'inputs': X, 'labels': Y}",
        "{'x': X, 'y': Y}",
        "Dataset(*zip(X, Y))",
        "Dataset((X[:3], Y[:3]), (X[3:], Y[3:]))",
        "((x, y) for x, y in zip(X, Y))",
        "X, np.eye(3)[Y]",
        "Dataset(*zip(X, np.eye(3)[Y]))",
    ],
)
def test_what_it_gives_is_the_data(written: Written, body: str) -> None:
    assert same(read(written(body), (4, 3)))


def test_a_dataset_names_its_classes(written: Written) -> None:
    assert read(written("Dataset((X, Y))"), (4, 3)).classes == ("low", "mid", "high")


def test_inputs_without_labels(written: Written) -> None:
    for body in ("X", "Dataset(*X)", "Dataset(X)"):
        found = read(written(body), (4, 3))
        assert np.array_equal(found.values, X) and found.labels is None


@pytest.mark.parametrize(
    "body",
    ["(X[:3], Y[:3]), (X[3:], Y[3:])", "Dataset(*zip(X[:3], Y[:3])), Dataset((X[3:], Y[3:]))"],
)
def test_training_and_test_parts(written: Written, body: str) -> None:
    found = read(written(body), (4, 3))
    assert same(found) and found.parts is not None
    assert found.parts.tolist() == [TRAINING] * 3 + [TEST] * 2


def test_several_inputs_by_their_names(written: Written) -> None:
    for body in ("{'a': X, 'b': X[:, 0]}, Y", "Dataset(({'a': X, 'b': X[:, 0]}, Y))"):
        found = read_several(written(body), {"a": (4, 3), "b": (3,)}, None)
        assert found.values.shape == (5, 15) and found.labels is not None


def test_pictures_to_train_on(written: Written) -> None:
    found = load(written("X.astype(np.uint8), np.array([0, 1, 0, 1, 0])"), count_per_class=1)
    assert found.shape == (4, 3) and len(found) == 5


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("7", "the function gives int"),
        ("X, Y, Y", "the function gives 3 values"),
        ("sys.exit(3)", "running it ended with SystemExit: 3"),
        ("'data.npz'", "the function gives str"),
        ("Dataset()", "the dataset is empty"),
        ("Dataset((X, Y), cardinality=-1)", "the dataset never ends"),
        ("X, Y[:3]", "5 inputs, but 3 labels"),
        ("X[:, :2], Y", "the model takes"),
    ],
)
def test_what_is_no_data_is_refused(written: Written, body: str, what: str) -> None:
    with pytest.raises(ForgeError, match=what):
        read(written(body), (4, 3))


def test_the_line_that_failed_is_named(written: Written) -> None:
    source = written("1 / 0")
    line = (HEAD + "1 / 0").count("\n") + 1
    with pytest.raises(ForgeError) as error:
        read(source, (4, 3))
    assert error.value.where.endswith(f"mine.py, line {line}")
    with pytest.raises(ForgeError, match="no function 'other'"):
        read(source.replace(":data", ":other"), (4, 3))
    with pytest.raises(ForgeError, match="no such file"):
        read("nowhere.py:data", (4, 3))


def test_settings_name_it_relative_to_their_file(written: Written, tmp_path: Path) -> None:
    source = written("X, Y")
    (tmp_path / "tinyforge.toml").write_text('data = "mine.py:data"')
    assert spec.load(tmp_path / "tinyforge.toml").data == source
    (tmp_path / "tinyforge.toml").write_text('data = "quickdraw:cat,dog"')
    assert spec.load(tmp_path / "tinyforge.toml").data == "quickdraw:cat,dog"


def test_a_module_s_name_is_that_of_its_file(
    written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies beside it can be imported; a file of that very name is what is meant."""
    written("X + neighbour.ONE, Y")
    (tmp_path / "neighbour.py").write_text("ONE = 1")
    file = tmp_path / "mine.py"
    file.write_text("import neighbour\n" + file.read_text())
    monkeypatch.chdir(tmp_path)
    assert np.array_equal(read("mine:data", (4, 3)).values, X + 1)
    assert not is_function("quickdraw:cat") and not is_function("mine:da-ta")
    (tmp_path / "mine:data").touch()
    assert not is_function("mine:data")
