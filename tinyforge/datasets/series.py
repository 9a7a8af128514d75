"""A CSV: each row an input, or the next moment of a recording; a column of labels perhaps."""

from __future__ import annotations

import csv
import math
import re
from pathlib import Path

import numpy as np

from tinyforge.datasets.labels import labelled
from tinyforge.datasets.npy import Array, require_file
from tinyforge.datasets.samples import Samples
from tinyforge.errors import ForgeError

_MAX_BYTES = 256 << 20
_DECIMAL_COMMA = re.compile(r"^\s*([-+]?\d*),(\d+(?:[eE][-+]?\d+)?)\s*$")
_LABELS = frozenset({"label", "labels", "class", "target", "y", "activity", "category"})
_NO_VALUES = frozenset({"time", "timestamp", "index", "id", "t", "datetime", ""})


def load_csv(path: Path, shape: tuple[int, ...] | None) -> Samples:
    """The rows of a CSV: values (rows, columns), with a label a row where a column holds some.

    shape: of the model's input; a row holds all of it, or one moment of it (its last dimension).
    Labels are the column with such a name in the header, the one that holds text, or the one that
    is too many. ForgeError for rows of unequal length, or text where numbers belong.
    """
    header, rows = _rows(path)
    wanted = _widths(shape)
    notes: list[str] = []
    dropped = [i for i, name in enumerate(header) if name.strip().lower() in _NO_VALUES]
    if dropped and len(header) - len(dropped) >= min(wanted, default=1):
        names = ", ".join(repr(header[i]) for i in dropped)
        notes.append(f"columns {names} are no values: left out")
    else:
        dropped = []
    count = len(rows[0]) - len(dropped)
    label, how = _label_column(header, rows, too_many=count not in wanted and count - 1 in wanted)
    if label is None and how:
        raise ForgeError(how, where=str(path), fix="name the labels' column `label` in a first row")
    notes += [how] if how else []
    columns = [i for i in range(len(rows[0])) if i != label and i not in dropped]
    if not columns:
        raise ForgeError("there is no column of values", where=str(path))
    values = np.stack([_numbers(rows, i, path, bool(header)) for i in columns], axis=1)
    samples = Samples(str(path), values, found=f"rows of {len(columns)} numbers").noting(*notes)
    if label is None:
        return samples
    text = np.array([row[label].strip() for row in rows])
    return labelled(samples, _plain(text), None, f"{path}, column {label + 1}")


def _widths(shape: tuple[int, ...] | None) -> tuple[int, ...]:
    """How many values a row can hold: those of a moment, or of the whole input."""
    if shape is None:
        return ()
    sides = [d for d in shape if d != 1]
    return tuple(sorted({math.prod(shape), sides[-1] if len(sides) > 1 else 1}))


def _rows(path: Path) -> tuple[list[str], list[list[str]]]:
    """The header, [] if there is none, and the rows below it."""
    require_file(path)
    if path.stat().st_size > _MAX_BYTES:
        raise ForgeError(f"more than {_MAX_BYTES >> 20} MiB", where=str(path), fix="give a .npz")
    try:
        text = path.read_text(encoding="utf-8-sig")
        delimiter = _delimiter(text)
        reader = csv.reader(text.splitlines(), delimiter=delimiter, skipinitialspace=True)
        rows = [row for row in reader if any(cell.strip() for cell in row)]
        if delimiter != ",":
            rows = [[_DECIMAL_COMMA.sub(r"\1.\2", cell) for cell in row] for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ForgeError(f"this is not a readable CSV: {error}", where=str(path)) from error
    if not rows:
        raise ForgeError("the file is empty", where=str(path))
    ragged = next((i for i, row in enumerate(rows) if len(row) != len(rows[0])), None)
    if ragged is not None:
        raise ForgeError(
            f"{len(rows[ragged])} columns, {len(rows[0])} in the first row",
            where=f"{path}, row {ragged + 1}",
            fix="give the same columns in every row",
        )
    text_first = sum(not _number(cell) for cell in rows[0])
    text_next = sum(not _number(cell) for cell in rows[1]) if len(rows) > 1 else 0
    if text_first > text_next:
        if len(rows) == 1:
            raise ForgeError("there is a header and no row", where=str(path))
        return rows[0], rows[1:]
    return [], rows


def _delimiter(text: str) -> str:
    """Semicolons or tabs, if all lines have them: commas are then of the numbers."""
    begin = text[:10_000]
    lines = [line for line in begin.splitlines()[:-1] or [begin] if line.strip()]
    for delimiter in ";\t,":
        if lines and all(delimiter in line for line in lines):
            return delimiter
    most = max(",;\t", key=begin.count)
    return most if most in begin else " "


def _label_column(
    header: list[str], rows: list[list[str]], *, too_many: bool
) -> tuple[int | None, str]:
    """The column of labels, and how it was found where that is to be told; None and what is wrong.

    too_many: whether there is one column more than the model takes.
    """
    named = [i for i, name in enumerate(header) if name.strip().lower() in _LABELS]
    if len(named) == 1:
        return named[0], ""
    worded = [i for i, cell in enumerate(rows[0]) if not _number(cell)]
    if header:
        worded = [i for i in worded if header[i].strip().lower() not in _NO_VALUES]
    if len(worded) == 1:
        return worded[0], f"labels are column {worded[0] + 1}, which holds text"
    if not too_many:
        return None, ""
    ends = [i for i in (len(rows[0]) - 1, 0) if _few_whole(rows, i)]
    if not ends:
        return None, "there is one column more than the model takes, and none that holds labels"
    return ends[0], f"labels are column {ends[0] + 1}, one more than the model takes"


def _few_whole(rows: list[list[str]], column: int) -> bool:
    """Whether the column's numbers can be classes: whole, from 0, of more than one kind."""
    numbers = {row[column].strip() for row in rows}
    whole = all(n.removesuffix(".0").isdigit() for n in numbers)
    return whole and len(numbers) > 1 and max(float(n) for n in numbers) < 1000


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _numbers(rows: list[list[str]], column: int, path: Path, header: bool) -> Array:
    try:
        return np.array([float(row[column]) for row in rows], np.float32)
    except ValueError as error:
        row = next(i for i, row in enumerate(rows) if not _number(row[column]))
        raise ForgeError(
            f"{rows[row][column]!r:.80} is no number",
            where=f"{path}, row {row + 1 + header}, column {column + 1}",
            fix="give numbers; only one column may hold text: the labels",
        ) from error


def _plain(text: Array) -> Array:
    """Numbers where all cells are numbers, else the text."""
    try:
        return text.astype(np.float64)
    except ValueError:
        return text
