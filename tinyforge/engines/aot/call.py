"""How a layer's kernel is called: the body of its function in C, for any form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tinyforge.names import c_float
from tinyforge.ops import Kernel, Table
from tinyforge.ops.forms import (
    Accumulated,
    Between,
    Blocks,
    Picked,
    RowByRow,
    Spread,
    Whole,
    Windowed,
)


@dataclass(frozen=True)
class Operand:
    """A tensor or a constant: a C expression for its first byte, and its rows as Place has them."""

    base: str
    row_bytes: int = 0
    room: int = 1
    rows: int = 1

    def row(self, number: str) -> str:
        """A C expression for the beginning of a row."""
        if self.room == 1:
            return self.base
        if self.room >= self.rows:
            return f"{self.base} + {number} * {self.row_bytes}"
        return f"{self.base} + {number} % {self.room} * {self.row_bytes}"


def literal(value: int | float) -> str:
    """In C; of a float exactly its bits in float32."""
    return c_float(value) if isinstance(value, float) else str(value)


def constant(symbol: str, table: Table, rows: int) -> Operand:
    """An operand that is a table, divided into so many rows. Kernels take it as bytes."""
    base = symbol if table.ctype == "int8_t" else f"(const int8_t *){symbol}"
    return Operand(base, table.nbytes // rows, rows, rows)


def body(
    kernel: Kernel, fields: str, inputs: Sequence[Operand], outputs: Sequence[Operand], scratch: str
) -> list[str]:
    """The lines of a function whose argument `row` is the number of the step.

    fields: the name of the kernel's constants. scratch: a C expression for bytes, where the form
    needs any.
    """
    form = kernel.form
    arguments = [f"&{fields}"]
    lines: list[str] = []
    if isinstance(form, Whole):
        arguments += [operand.base for operand in (*inputs, *outputs)]
        arguments += [f"(void *)({scratch})"] if form.scratch_bytes else []
    elif isinstance(form, RowByRow):
        arguments += [operand.row("row") for operand in (*inputs, *outputs)]
    else:
        (source,), (result,) = inputs, outputs
        lines += _declarations(form, fields, source, result)
        arguments += [*_sources(form, source, scratch), _results(form, result)]
    lines.append(f"{kernel.function}({', '.join(arguments)});")
    used = any(re.search(r"\brow\b", line) for line in lines)
    return lines if used else ["(void)row;", *lines]


def _declarations(form: object, fields: str, source: Operand, result: Operand) -> Iterator[str]:
    if isinstance(form, Windowed | Blocks | Spread | Between):
        rows = f"{source.base}, {source.row_bytes}, {source.room}"
        yield f"const forge_rows input = {{{rows}}};"
    if isinstance(form, Windowed | Blocks):
        yield f"const int8_t *rows[{form.window.kernel[0]}];"
        yield f"forge_window_rows(&{fields}.window, row, &input, rows);"
    if isinstance(form, Blocks):
        yield f"int8_t *const outputs[] = {{{', '.join(_block(form, result))}}};"
    if isinstance(form, Picked):
        rows = ", ".join(map(str, form.source))
        ctype = "int16_t" if form.input_rows <= 1 << 15 else "int32_t"
        yield f"static const {ctype} source[] = {{{rows}}};"


def _sources(form: object, source: Operand, scratch: str) -> list[str]:
    if isinstance(form, Windowed):
        tile = [f"(void *)({scratch})"] if form.tile_bytes else []
        return ["rows", "0", str(form.window.output[1]), *tile]
    if isinstance(form, Blocks):
        return ["rows", f"(void *)({scratch})"]
    if isinstance(form, Spread | Between):
        return ["row", "&input"]
    if isinstance(form, Picked):
        return [f"source[row] < 0 ? NULL : {source.row('source[row]')}"]
    assert isinstance(form, Accumulated)
    return ["row", source.row("row"), f"(void *)({scratch})"]


def _block(form: Blocks, result: Operand) -> Iterator[str]:
    """Where each row of the step's block goes."""
    for below in range(form.rows):
        number = f"{form.rows} * row + {below}"
        row = result.row(f"({number})")
        always = below < (form.height - 1) % form.rows + 1
        yield row if always else f"{number} < {form.height} ? {row} : NULL"


def _results(form: object, result: Operand) -> str:
    """Where the step's row of the output goes, or all of its rows."""
    return "outputs" if isinstance(form, Blocks) else result.row("row")
