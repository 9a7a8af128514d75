"""CSV files and folders of series: rows, windows, and whichever column holds the labels."""

from pathlib import Path

import numpy as np
import pytest

from tinyforge.datasets import Samples, read
from tinyforge.errors import ForgeError

X = np.round(np.random.default_rng(1).normal(size=(12, 8, 2)), 3).astype(np.float32)
Y = np.repeat([0, 2, 1], 4)


def csv(folder: Path, text: str) -> str:
    (folder / "data.csv").write_text(text)
    return str(folder / "data.csv")


def moments(*, label: str = "{y}", header: str = "", delimiter: str = ",") -> str:
    rows = [
        delimiter.join([*(f"{v:.3f}" for v in row), *([label.format(y=y)] if label else [])])
        for x, y in zip(X, Y, strict=True)
        for row in x
    ]
    return "\n".join([*([header] if header else []), *rows]) + "\n"


def same(found: Samples, labelled: bool = True) -> bool:
    assert np.allclose(found.values, X)
    assert (found.labels is not None) == labelled
    return found.labels is None or found.labels.tolist() == Y.tolist()


def test_moments_with_labels_in_the_last_column(tmp_path: Path) -> None:
    found = read(csv(tmp_path, moments()), (8, 2))
    assert same(found)
    assert "labels are column 3, one more than the model takes" in found.notes


def test_a_header_names_the_column(tmp_path: Path) -> None:
    assert same(read(csv(tmp_path, moments(header="ax,ay,Label")), (8, 2)))
    assert same(read(csv(tmp_path, moments(header="ax;ay;class", delimiter=";")), (8, 2)))
    assert same(read(csv(tmp_path, moments(label="", header="ax,ay")), (8, 2)), labelled=False)


def test_labels_that_are_text(tmp_path: Path) -> None:
    found = read(csv(tmp_path, moments(label="c{y}")), (8, 2))
    assert same(found) and found.classes == ("c0", "c1", "c2")


def test_columns_of_time_are_left_out(tmp_path: Path) -> None:
    lines = moments(header="ax,ay,label").splitlines()
    text = "\n".join(
        ["time," + lines[0], *(f"{i / 50},{line}" for i, line in enumerate(lines[1:]))]
    )
    found = read(csv(tmp_path, text), (8, 2))
    assert same(found) and "columns 'time' are no values: left out" in found.notes


def test_whole_samples_in_rows(tmp_path: Path) -> None:
    flat = X.reshape(12, -1)
    rows = [",".join([str(y), *map(str, x)]) for x, y in zip(flat.tolist(), Y, strict=True)]
    head = "label," + ",".join(f"p{i}" for i in range(16))
    assert same(read(csv(tmp_path, "\n".join([head, *rows])), (8, 2)))
    found = read(csv(tmp_path, "\n".join(rows)), (8, 2))
    assert same(found) and "labels are column 1, one more than the model takes" in found.notes


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "empty"),
        ("a,b\n", "no row"),
        ("1,2\n3\n", "1 columns, 2 in the first row"),
        ("1,2\n3,nan\n" * 4, "NaN"),
        ("1,2,3,4,5\n" * 8, "the model takes"),
        ("1.5,2,0.5\n2,3,0.5\n" * 4, "none that holds labels"),
        ("a,b\n1,2\n" + "1,x\n" * 8, "'x' is no number"),
        ("\x00\x01", "no row"),
    ],
)
def test_what_is_no_table_of_inputs_is_refused(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(ForgeError, match=what):
        read(csv(tmp_path, text), (8, 2))


def test_a_folder_of_series_a_class_each(tmp_path: Path) -> None:
    for name, label in (("idle", 0), ("run", 1), ("walk", 2)):
        (tmp_path / name).mkdir()
        for i, x in enumerate(X[label == Y]):
            np.save(tmp_path / name / f"{i}.npy", x)
    found = read(str(tmp_path), (8, 2))
    assert found.classes == ("idle", "run", "walk")
    assert found.labels is not None and found.labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert np.array_equal(found.values, X[np.argsort(Y, kind="stable")])


def test_files_of_a_class_each(tmp_path: Path) -> None:
    for name, label in (("idle", 0), ("run", 1)):
        np.save(tmp_path / f"{name}.npy", X[label == Y])
    for source in (str(tmp_path), f"{tmp_path / 'idle.npy'},{tmp_path / 'run.npy'}"):
        found = read(source, (8, 2))
        assert found.classes == ("idle", "run")
        assert found.labels is not None and found.labels.tolist() == [0] * 4 + [1] * 4


@pytest.mark.parametrize("header", ["", "ax;ay;class"])
def test_decimal_commas_between_semicolons(tmp_path: Path, header: str) -> None:
    """As spreadsheets write them in many languages: there are as many commas as semicolons."""
    text = moments(header=header, delimiter=";")
    assert same(read(csv(tmp_path, text.replace(".", ",")), (8, 2)))
    assert same(read(csv(tmp_path, text.replace(".", ",").replace(";", "\t")), (8, 2)))
