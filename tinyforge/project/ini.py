"""platformio.ini: what it says, as values, and its text.

An environment an engine: `<board>` runs aot, `<board>_tflm` the interpreter; so do `sim` on an
emulator and `native` on this computer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from configparser import ConfigParser
from dataclasses import dataclass

from tinyforge.boards import Board
from tinyforge.boards.cores import Core
from tinyforge.names import c_comment, ini_value
from tinyforge.project import platforms
from tinyforge.project.layout import LAYER_TESTS, cmake_arguments, source_patterns
from tinyforge.project.templates import render
from tinyforge.project.tflm_library import by_component, library_for
from tinyforge.sim.toolchains.build import OPTIMIZE_FLAGS
from tinyforge.spec import OptimizeChoice

# The user's own settings: read after platformio.ini, absent at first, never generated.
LOCAL = "local.ini"

# Settings that all environments of the board share, in a section of their own.
SHARED = "board"

# How ESP-IDF is told which sources it compiles, and why.
CMAKE = "board_build.cmake_extra_args"
_NO_FILTER = ("ESP-IDF heeds no build_src_filter: src/CMakeLists.txt chooses the same.",)

# The environments on the emulator and on this computer, and the ports they run on.
SIM, NATIVE = "sim", "native"

# How `pio device monitor` shows what a board prints: control characters left out, each line
# with its time; and, where the platform knows how, addresses of a crash as functions.
_MONITOR_FILTERS = ("default", "time")
_DECODERS: Mapping[str, tuple[str, ...]] = {"espressif32": ("esp32_exception_decoder",)}

_WARNINGS = ("-Wall", "-Wextra")
_LANGUAGE_FLAGS: Mapping[str, tuple[str, ...]] = {
    "aot": (),
    "tflm": ("-fno-exceptions", "-fno-rtti"),
}
_OPTIMIZE_COMMENTS: Mapping[OptimizeChoice, str] = {
    "balanced": "Speed for the project's own code; the framework stays small (-Os).",
    "speed": "Speed for the project's own code; the framework stays small (-Os).",
    "size": "The project's own code as small as the framework's.",
}
# Where only our own sources are compiled, a warning is an error.
_STRICT = "-Werror"
_QUICK_RAM = (
    "What is quick to load from: the stack lies at its end. A program that needs more has it",
    "without this line, and a stack that costs a cycle more for each load.",
)
# What the interpreter needs of a C and a C++ library; the compiled model needs neither.
_TFLM_LIBRARIES = ("-lstdc++", "-lm", "-lc", "-lnosys")
# The interpreter is C++17. Frameworks ask for less.
_CPP = "-std=gnu++17"
_OLDER_CPP = ("-std=gnu++11", "-std=gnu++14")
_ENGINE_COMMENTS: Mapping[str, tuple[str, ...]] = {
    "aot": ("The model as compiled C.",),
    "tflm": ("The model in TensorFlow Lite Micro's interpreter.",),
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


@dataclass(frozen=True)
class _Target:
    """A board, SIM or NATIVE: its name, its sources' port, what its environments share."""

    name: str
    port: str
    shared: Section

    @property
    def on_board(self) -> bool:
        return self.name not in (SIM, NATIVE)


def environment(target: Board | str, engine: str) -> str:
    """The name of the environment that runs an engine on a target: a board, SIM or NATIVE."""
    name = target if isinstance(target, str) else target.id
    return name if engine == "aot" else f"{name}_{engine}"


def sections(
    board: Board,
    engines: Sequence[str],
    simulated: Core | None = None,
    optimize: OptimizeChoice = "balanced",
    tflm_library: str | None = None,
) -> tuple[Section, ...]:
    """What platformio.ini says for these engines; the first is built by default.

    simulated: the core that sim emulates; None: what stands for the board's when it is small.
    optimize: what the project's own code is compiled for, in every environment. tflm_library: in
    place of the libraries that have the interpreter, as lib_deps spells it.
    ForgeError when a value cannot stand in the file.
    """
    core = platforms.simulated_core(board) if simulated is None else simulated
    targets = (
        _Target(board.id, board.framework, _shared(board)),
        _Target(SIM, SIM, _simulation(board, core)),
        _Target(NATIVE, NATIVE, _native()),
    )
    found = [_project(environment(board, engines[0])), _every_environment()]
    for target in targets:
        found.append(target.shared)
        found += [_environment(target, engine, optimize, tflm_library) for engine in engines]
    return tuple(found)


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


def _project(default: str) -> Section:
    return Section(
        "platformio",
        (
            _option("default_envs", default),
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
            _option(
                "platforms_dir",
                platforms.FOLDER,
                comment=("The platforms of sim and native come with the project.",),
            ),
        ),
    )


def _every_environment() -> Section:
    return Section(
        "env",
        (
            _option("test_framework", "custom"),
            _option(
                "test_build_src",
                "yes",
                comment=("Tests run the project's own sources, but for the application.",),
            ),
        ),
        ("By test/test_custom_runner.py: else PlatformIO fetches Unity, for a mere build too.",),
    )


def _shared(board: Board) -> Section:
    pio = board.platformio
    options = [
        _option("platform", f"{pio.platform}@~{pio.version}"),
        _option("board", pio.board),
        _option("framework", board.framework),
        _option("upload_protocol", pio.upload_protocol),
        *([_option("debug_tool", pio.debug_tool)] if pio.debug_tool else []),
        _option("monitor_speed", str(pio.monitor_speed)),
        _option("monitor_filters", *_MONITOR_FILTERS, *_DECODERS.get(pio.platform, ())),
        _option("build_flags", f"-D FORGE_SERIAL_BAUD={pio.monitor_speed}"),
        _option("test_ignore", "*", comment=("Tests run in sim and native.",)),
    ]
    if board.slow_ram == board.ram_limit < board.ram[0].size:
        options.append(
            _option("board_upload.maximum_ram_size", str(board.ram_limit), comment=_QUICK_RAM)
        )
    if pio.packages:
        comment = ("A newer GCC than the platform's own: smaller and faster code.",)
        options.insert(3, _option("platform_packages", *pio.packages, comment=comment))
    if board.fpu_flags:
        comment = (f"The {board.framework} framework sets no flags of the floating point unit.",)
        flags = " ".join(board.fpu_flags)
        options.append(_option("custom_fpu_flags", flags, comment=comment))
        options.append(_option("extra_scripts", f"pre:src/ports/{board.framework}/fpu.py"))
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
    if not board.emulated or not board.fpu or board.fpu_flags:
        return ()
    return (
        f"The {board.framework} framework sets the flags of its {board.fpu} floating point unit;",
        "others do not: there, give -mfpu and -mfloat-abi to the compiler and the linker.",
    )


def _simulation(board: Board, core: Core) -> Section:
    own = "" if core.name == board.core else f" (in place of the {board.core})"
    return Section(
        "simulation",
        (
            _option("platform", platforms.SIM),
            _option("board", core.name),
            _option(
                "board_upload.maximum_ram_size",
                str(board.ram_limit),
                comment=(
                    "The real board's: PlatformIO compares with them, the emulated one has more.",
                ),
            ),
            _option("board_upload.maximum_size", str(board.flash_limit)),
        ),
        (
            f"An emulated {core.name}{own}: no board is needed.",
            "custom_toolchain = gcc | zig and custom_machine = qemu | unicorn choose the tools.",
        ),
    )


def _native() -> Section:
    return Section(
        "computer",
        (_option("platform", platforms.NATIVE),),
        ("This computer, under the address and undefined-behaviour sanitizers.",),
    )


def _environment(
    target: _Target, engine: str, optimize: OptimizeChoice, given: str | None
) -> Section:
    patterns = source_patterns(engine, target.port)
    options = [
        _option("extends", target.shared.name),
        _option("build_src_filter", "-<*>", *(f"+<{pattern}>" for pattern in patterns)),
        _source_flags(engine, optimize, on_board=target.on_board),
    ]
    if by_component(target.port):
        options.append(_option(CMAKE, cmake_arguments(engine), comment=_NO_FILTER))
    if engine == "tflm":
        options += _interpreter(target, given)
        if not target.on_board:
            comment = ("Tests of layers, where there are any, are of the compiled model.",)
            options.append(_option("test_ignore", LAYER_TESTS, comment=comment))
    name = environment(target.name, engine)
    return Section(f"env:{name}", tuple(options), _ENGINE_COMMENTS[engine])


def _interpreter(target: _Target, given: str | None) -> Iterator[Option]:
    """Where the interpreter comes from, and what it is compiled with. given: as tflm_library."""
    library = library_for(target.port, given)
    declared = not by_component(target.port)
    if declared:
        comment = ("Another one, or a folder as symlink:///its/path: README.md says how.",)
        yield _option("lib_deps", library.dependency, comment=comment)
        comment = ("Its manifest names fewer platforms than it is used on.",)
        yield _option("lib_compat_mode", "off", comment=comment)
    flags = ["-w", *library.flags, *(_TFLM_LIBRARIES if target.name == SIM else ())]
    if target.on_board and declared:
        comment = ("The interpreter is C++17.",)
        yield _option("build_unflags", *_OLDER_CPP, comment=comment)
        flags.insert(0, _CPP)
    if target.on_board:
        # A value of our own making; ${} is how one section takes over what another says.
        flags.insert(0, f"${{{target.shared.name}.build_flags}}")
    comment = ("For the library and all that includes it alike; it is not free of warnings.",)
    yield Option("build_flags", tuple(flags), comment)


def _source_flags(engine: str, optimize: OptimizeChoice, *, on_board: bool) -> Option:
    """Flags of the project's own sources. Our platforms know which of them C does not have."""
    flags = (OPTIMIZE_FLAGS[optimize], *_WARNINGS)
    if not on_board:
        return _option("build_src_flags", *flags, _STRICT)
    comment = (_OPTIMIZE_COMMENTS[optimize],)
    return _option("build_src_flags", *_LANGUAGE_FLAGS[engine], *flags, comment=comment)


def _option(key: str, *values: str, comment: tuple[str, ...] = ()) -> Option:
    return Option(key, tuple(ini_value(value, what=key) for value in values), comment)
