"""The environments of platformio.ini whose firmware answers a computer, in place of main.c."""

from __future__ import annotations

from collections.abc import Sequence

from tinyforge.boards import Board
from tinyforge.project.ini import CMAKE, Option, Section, environment
from tinyforge.project.layout import SELFTEST, cmake_arguments
from tinyforge.project.tflm_library import by_component


def selftest_environment(board: Board, engine: str) -> str:
    """The name of the one that runs an engine on a board."""
    return f"{environment(board, engine)}_{SELFTEST}"


def selftest_sections(board: Board, engines: Sequence[str]) -> tuple[Section, ...]:
    """One an engine: what the engine's own environment builds, but for the application."""
    return tuple(_section(board, engine) for engine in engines)


def _section(board: Board, engine: str) -> Section:
    name = f"env:{environment(board, engine)}"
    # Values of our own making; ${} is how one section takes over what another says.
    sources = (f"${{{name}.build_src_filter}}", "-<main.c>", f"+<{SELFTEST}/>")
    options = [Option("extends", (name,)), Option("build_src_filter", sources)]
    if by_component(board.framework):
        options.append(Option(CMAKE, (cmake_arguments(engine, selftest=True),)))
    return Section(
        f"env:{selftest_environment(board, engine)}",
        tuple(options),
        ("Answers `tinyforge flash`, which proves it on the board.",),
    )
