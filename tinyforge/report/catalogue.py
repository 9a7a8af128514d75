"""Boards and tools in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from tinyforge.boards import Board
from tinyforge.boards.flash_reads import FlashReads
from tinyforge.report.wording import printable
from tinyforge.tools import Tool


def board_table(boards: Sequence[Board]) -> Table:
    """One row a board: 80 columns."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("board", "core", "for"):
        table.add_column(name, no_wrap=True)
    for name in ("MHz", "RAM KiB", "flash KiB"):
        table.add_column(name, justify="right")
    for b in boards:
        core = b.core.partition("-")[2] + ("" if b.emulated else " (*)")
        sizes = (str(b.mhz), _kib(b.ram_limit), _kib(b.flash_limit))
        table.add_row(b.id, core, ", ".join(b.classes), *sizes)
    if any(not b.emulated for b in boards):
        table.caption = "(*) no emulator for this core: prove the same C on a Cortex-M board"
    return table


def board_facts(board: Board) -> Table:
    """All that is known of one board."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="cyan", no_wrap=True)
    table.add_column()
    pio, waits = board.platformio, board.flash_wait_states
    memories = [f"{m.name}: {m.limit:,} bytes at 0x{m.base:08X}" for m in (board.flash, *board.ram)]
    for name, value in (
        ("board", f"{board.name} ({board.id})"),
        ("microcontroller", f"{board.mcu}, {board.core} at {board.mhz} MHz"),
        ("floating point", board.fpu or "none"),
        ("for", ", ".join(board.classes)),
        ("memories", "\n".join(memories)),
        ("PlatformIO", f"{pio.platform} {pio.version}, board {pio.board}"),
        ("frameworks", ", ".join(pio.frameworks)),
        ("flash wait states", "no single figure" if waits is None else f"{waits}"),
        ("flash is read", _reads(board.flash.reads)),
        ("draws", "an amount not known here" if board.power is None else str(board.power)),
        ("upload", pio.upload_protocol),
        ("debugger", pio.debug_tool or "none"),
    ):
        table.add_row(name, value)
    return table


def _reads(reads: FlashReads | None) -> str:
    if reads is None:
        return "in a way not known here: cycles are not simulated"
    caches = (reads.instruction_cache, reads.data_cache)
    sizes = (0 if cache is None else cache.lines * cache.line_bytes for cache in caches)
    prefetch = ", prefetch" if reads.prefetch else ""
    return (
        f"{reads.read_bytes} bytes at a time, caches of {' and '.join(f'{s:,}' for s in sizes)} "
        f"bytes for code and data{prefetch} ({reads.source})"
    )


def _kib(nbytes: int) -> str:
    return f"{nbytes / 1024:,.0f}"


def tools_table(tools: Sequence[Tool]) -> Table:
    """One row a tool: its version, or what its absence costs and the remedy."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("tool", no_wrap=True)
    table.add_column("found", max_width=26)
    table.add_column("what for")
    for tool in tools:
        if tool.version is not None:
            table.add_row(tool.name, Text(printable(tool.version), "green"), tool.purpose)
        else:
            cost = f"{tool.purpose}. Without it: no {tool.without}.\n{tool.install}"
            table.add_row(tool.name, Text("missing", "bold yellow"), cost)
    return table
