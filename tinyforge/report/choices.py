"""Which kernels were chosen, and why, in the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from tinyforge.memory.choices import Candidate, KernelChoice
from tinyforge.report.wording import count


@dataclass(frozen=True)
class Choices:
    """Renders on a Rich console: a row a layer, what was taken and the runner-up below each other.
    objective: what the plan was made for."""

    objective: str
    rows: Sequence[KernelChoice]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        del console, options
        yield Text(f"Kernels, chosen for {self.objective}", style="bold")
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("#", justify="right", no_wrap=True)
        table.add_column("layer", no_wrap=True)
        table.add_column("kernel", no_wrap=True)
        for name in ("cycles", "tables", "own"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("why")
        for row in self.rows:
            where = "" if row.within is None else f"in {row.within}: "
            table.add_row(str(row.layer), row.op, *_cells(row.taken), where + row.why)
            if row.runner_up is not None:
                table.add_row("", "", *_cells(row.runner_up), "", style="dim")
        yield table
        taken = sum(row.taken.cycles for row in self.rows)
        least = sum(_least(row) for row in self.rows)
        yield Text(
            f"About {count(taken)} cycles in all; with the quickest kernel of every layer "
            f"{count(least)}. Dim: the runner-up."
        )
        yield Text(
            "Cycles to choose by: of a Cortex-M4, and what it waits for tables in slow flash; on a "
            "Cortex-M0+ or M55 instructions."
        )
        yield Text("Tables lie in flash, a kernel's own bytes in the arena.")
        yield from _in_ram(self.rows)
        yield from _skipping(self.rows)


def _in_ram(rows: Sequence[KernelChoice]) -> Iterator[Text]:
    there = [row for row in rows if row.taken.in_ram]
    if there:
        nbytes = sum(row.taken.tables for row in there)
        layers = ", ".join(str(row.layer) for row in there)
        yield Text(f"Copied to RAM at boot: {nbytes:,} B of tables, of layers {layers}.")


def _skipping(rows: Sequence[KernelChoice]) -> Iterator[Text]:
    """What layers save by skipping zeros, over the quickest kernels that do not."""
    saving = [(row, row.with_zeros) for row in rows if row.with_zeros is not None]
    if saving:
        layers = ", ".join(str(row.layer) for row, _ in saving)
        tables = sum(other.tables - row.taken.tables for row, other in saving)
        cycles = sum(other.cycles - row.taken.cycles for row, other in saving)
        yield Text(
            f"Zeros are skipped in layers {layers}: {tables:,} B of tables and {cycles:,} cycles"
        )
        yield Text("saved, over the quickest kernels that multiply by them.")


def _cells(candidate: Candidate) -> tuple[str, ...]:
    return (
        candidate.way,
        count(candidate.cycles),
        f"{candidate.tables:,}",
        f"{candidate.memory:,}",
    )


def _least(row: KernelChoice) -> int:
    other = row.runner_up
    return row.taken.cycles if other is None else min(row.taken.cycles, other.cycles)
