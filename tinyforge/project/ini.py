"""platformio.ini: what it says, as values, and its text.

An environment an engine: `<board>` runs aot, `<board>_tflm` the interpreter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from configparser import ConfigParser
from dataclasses import dataclass

from tinyforge.boards import Board
from tinyforge.names import c_comment, ini_value
from tinyforge.project.layout import source_patterns
from tinyforge.project.templates import render

# The user's own settings: read after platformio.ini, absent at first, never generated.
LOCAL = "local.ini"

# Settings that all environments of the board share, in a section of their own.
SHARED = "board"

_CODE_FLAGS = ("-O2", "-Wall", "-Wextra")
_ENGINE_FLAGS: Mapping[str, tuple[str, ...]] = {
    "aot": _CODE_FLAGS,
    "tflm": ("-std=gnu++17", "-fno-exceptions", "-fno-rtti", *_CODE_FLAGS),
}
_ENGINE_COMMENTS: Mapping[str, tuple[str, ...]] = {
    "aot": ("The model as compiled C.",),
    "tflm": (
        "The model in TensorFlow Lite Micro's interpreter. Needs lib/tflite-micro: see README.md.",
    ),
}


@dataclass(frozen=True)
class Option:
    """One key. values: more than one stand on lines of their own. comment: lines above it."""

    key: str
    values: tuple[str, ...]
    comment: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    name: str
    options: tuple[Option, ...]
    comment: tuple[str, ...] = ()


def environment(board: Board, engine: str) -> str:
    """The name of the environment that runs an engine on a board."""
    return board.id if engine == "aot" else f"{board.id}_{engine}"


def sections(board: Board, engines: Sequence[str]) -> tuple[Section, ...]:
    """What platformio.ini says for these engines; the first is built by default.

    ForgeError when a value cannot stand in the file.
    """
    project = Section(
        "platformio",
        (
            _option("default_envs", environment(board, engines[0])),
            _option(
                "extra_configs",
                LOCAL,
                comment=("Put settings of your own there: this file may be generated again.",),
            ),
            _option(
                "build_cache_dir",
                ".pio/cache",
                comment=(
                    "A changed line here or a new file empties the build folder;",
                    "with a cache, what has not changed is not compiled again.",
                ),
            ),
        ),
    )
    return (project, _shared(board), *(_environment(board, engine) for engine in engines))


def render_ini(content: Sequence[Section]) -> str:
    """The text of platformio.ini, which reads back as exactly this content."""
    text = render("project/platformio.ini.j2", sections=content)
    parser = ConfigParser(inline_comment_prefixes=("#", ";"), interpolation=None)  # PlatformIO's
    parser.read_string(text)
    read = {name: {k: v.split("\n") for k, v in parser.items(name)} for name in parser.sections()}
    for section in content:
        for option in section.options:
            values = [line for line in read[section.name].pop(option.key) if line]
            assert values == list(option.values), (section.name, option.key, values)
        assert not read.pop(section.name)
    assert not read
    return text


def _shared(board: Board) -> Section:
    pio = board.platformio
    options = [
        _option("platform", f"{pio.platform}@~{pio.version}"),
        _option("board", pio.board),
        _option("framework", board.framework),
        _option("upload_protocol", pio.upload_protocol),
        _option("monitor_speed", str(pio.monitor_speed)),
        _option("build_flags", f"-D FORGE_SERIAL_BAUD={pio.monitor_speed}"),
    ]
    if pio.packages:
        comment = ("A newer GCC than the platform's own: smaller and faster code.",)
        options.insert(3, _option("platform_packages", *pio.packages, comment=comment))
    return Section(
        SHARED,
        tuple(options),
        (
            c_comment(f"{board.name}: {board.mcu}, {board.core} at {board.mhz} MHz,"),
            f"{board.ram_limit} bytes of RAM and {board.flash_limit} of flash for a program.",
            *_floating_point(board),
        ),
    )


def _floating_point(board: Board) -> tuple[str, ...]:
    if not board.emulated or not board.fpu:
        return ()
    return (
        f"The {board.framework} framework sets the flags of its {board.fpu} floating point unit;",
        "others do not: there, give -mfpu and -mfloat-abi to the compiler and the linker.",
    )


def _environment(board: Board, engine: str) -> Section:
    patterns = source_patterns(engine, board.framework)
    options = [
        _option("extends", SHARED),
        _option("build_src_filter", "-<*>", *(f"+<{pattern}>" for pattern in patterns)),
        _option(
            "build_src_flags",
            *_ENGINE_FLAGS[engine],
            comment=("Speed for the project's own code; the framework stays small (-Os).",),
        ),
    ]
    if engine == "tflm":
        comment = ("The library and all that includes it must agree on this: see README.md.",)
        flags = (f"${{{SHARED}.build_flags}}", "-D TF_LITE_STATIC_MEMORY")
        options.append(Option("build_flags", flags, comment))
    return Section(f"env:{environment(board, engine)}", tuple(options), _ENGINE_COMMENTS[engine])


def _option(key: str, *values: str, comment: tuple[str, ...] = ()) -> Option:
    return Option(key, tuple(ini_value(value, what=key) for value in values), comment)
