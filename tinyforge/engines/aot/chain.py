"""How a chain's kernels are called: the body of its function in C, a few pixels at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tinyforge.engines.aot.call import Operand
from tinyforge.graph import Graph
from tinyforge.ops import Kernel, Table
from tinyforge.ops.chains import Chain, Stage, pixel_bytes
from tinyforge.ops.forms import Windowed


@dataclass(frozen=True)
class ChainBody:
    """operand: a tensor in the arena, whose rows are `rows`, or a constant. fields: the name of an
    operator's constants, by its index. tile: a C expression for the chain's memory.
    """

    graph: Graph
    chain: Chain
    operand: Callable[[int | Table], Operand]
    fields: Callable[[int], str]
    tile: str

    def lines(self) -> list[str]:
        """The lines of a function whose argument `row` is the number of the step."""
        count = self.graph.tensors[self.chain.output].shape[2] // self.chain.columns
        return [
            *self._declarations(),
            *self._rows(),
            f"for (int x = 0; x < {count}; ++x) {{",
            *(f"  {line}" for line in self._pixels()),
            "}",
        ]

    def _declarations(self) -> Iterator[str]:
        source = self.operand(self.chain.first.inputs[0])
        form = self.chain.kernel.form
        assert isinstance(form, Windowed)
        rows = f"[{self.tile_rows}]" if self.tile_rows > 1 else ""
        yield f"const forge_rows input = {{{source.base}, {source.row_bytes}, {source.room}}};"
        yield f"const int8_t *rows{rows}[{form.window.kernel[0]}];"
        yield f"int8_t *const tile = {self.tile};"
        for i, stage in enumerate(self.chain.stages):
            if isinstance(stage.kernel.form, Windowed):
                begins = ", ".join(
                    _at(stage.offset + row * self._row_bytes(stage)) for row in range(stage.tile[0])
                )
                yield f"const int8_t *const tile_{i}[] = {{{begins}}};"

    @property
    def tile_rows(self) -> int:
        return self.chain.stages[0].tile[0]

    def _row_bytes(self, stage: Stage) -> int:
        """Of a row of the stage's tile."""
        return stage.tile[1] * pixel_bytes(self.graph.tensors[stage.tensor])

    def _rows(self) -> Iterator[str]:
        """The input rows for each row of the first tile."""
        window = f"&{self.fields(self.chain.first.index)}.window"
        if self.tile_rows == 1:
            yield f"forge_window_rows({window}, row, &input, rows);"
        else:
            yield f"for (int y = 0; y < {self.tile_rows}; ++y) {{"
            yield f"  forge_window_rows({window}, row * {self.tile_rows} + y, &input, rows[y]);"
            yield "}"

    def _pixels(self) -> Iterator[str]:
        """As many pixels of the output as are made at once."""
        first = self.chain.stages[0]
        columns = first.tile[1]
        span = "x, x + 1" if columns == 1 else f"x * {columns}, x * {columns} + {columns}"
        call = f"{self.chain.kernel.function}(&{self.fields(self.chain.first.index)}, "
        span += self._own(self.chain.kernel)
        if self.tile_rows == 1:
            yield f"{call}rows, {span}, tile);"
        else:
            yield f"for (int y = 0; y < {self.tile_rows}; ++y) {{"
            yield f"  {call}rows[y], {span}, tile + y * {self._row_bytes(first)});"
            yield "}"
        results = [_at(stage.offset) for stage in self.chain.stages[1:]]
        for i, result in enumerate([*results, self._part_of(self.chain.output)]):
            yield f"{self._call(i)}, {result});"

    def _call(self, i: int) -> str:
        """A stage's call, but for where its result goes."""
        stage = self.chain.stages[i]
        arguments = [f"&{self.fields(stage.operator.index)}"]
        if isinstance(stage.kernel.form, Windowed):
            arguments.append(f"tile_{i}, 0, {self.chain.columns}{self._own(stage.kernel)}")
        else:
            arguments += [
                _at(stage.offset) if value == stage.tensor else self._part_of(value)
                for value in stage.kernel.inputs
            ]
        return f"{stage.kernel.function}({', '.join(arguments)}"

    def _own(self, kernel: Kernel) -> str:
        """The argument that is memory for a kernel itself, where it needs any."""
        return f", (void *)({_at(self.chain.own)})" if kernel.form.tile_bytes else ""

    def _part_of(self, value: int | Table) -> str:
        operand = self.operand(value)
        if isinstance(value, Table):
            return operand.base
        part = self.chain.columns * pixel_bytes(self.graph.tensors[value])
        return f"{operand.row('row')} + x * {part}"


def _at(offset: int) -> str:
    return f"tile + {offset}" if offset else "tile"
