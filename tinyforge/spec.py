"""What the user asked for: tinyforge.toml, overridden by the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from tinyforge.errors import ForgeError

FILE_NAME = "tinyforge.toml"
DEFAULT_BOARD = "nrf52840_dk"
MOST_SEED = 2**32 - 1  # TensorFlow's

EngineChoice = Literal["both", "aot", "tflm"]
AppChoice = Literal["classify", "watch", "drone", "listen", "motion"]
ToolchainChoice = Literal["zig", "gcc"]
OptimizeChoice = Literal["size", "balanced", "speed"]
FeedChoice = Literal["frame", "rows"]
MachineChoice = Literal["unicorn", "qemu", "native"]
StructureChoice = Literal["unstructured", "blocks"]
PruneChoice = Literal["unstructured", "blocks", "channels"]
ImportanceChoice = Literal["l1", "taylor", "activation"]
ScheduleChoice = Literal["polynomial", "constant"]
ExecutorChoice = Literal["local", "dask", "ray"]
FormChoice = Literal[
    "c", "cmake", "platformio-library", "arduino", "zephyr", "idf-component", "cmsis-pack"
]

_Limit = Annotated[int, msgspec.Meta(ge=1)]
_Bytes = Annotated[int, msgspec.Meta(ge=0)]
WeightsInRam = Literal["auto", "none"] | _Bytes


class Budget(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """Limits below the board's own: bytes of all RAM and of all flash, instructions an inference;
    and the least accuracy, from 0 to 1, on labelled data.

    A build that exceeds one is refused, so that a CI job says no in time.
    """

    ram: _Limit | None = None
    flash: _Limit | None = None
    instructions: _Limit | None = None
    accuracy: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None


class Spec(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """The settings of one run; every field is a key of tinyforge.toml.

    model: a .keras or .tflite file. data: doodles, quickdraw, a folder of pictures, a .npz, .npy or
    .csv file, or FILE.py:FUNCTION. range: what the model takes pixels as, where that is not found
    out. app: the application around the model, a file of firmware/apps.
    toolchain: None takes zig where it is installed, else gcc. machine: None takes an installed
    emulator that runs the core. optimize: what the compiled engine chooses its kernels for, and the
    project's own code is compiled for. weights_in_ram: how many bytes of them may lie there, to be
    read quicker than from slow flash; auto: for speed a share of what is left. feed: whether the
    input is there as a whole, or a camera hands it in row by row. hop: by how many rows a window
    moves on, where the model is to take these alone and keep what it needs of the rest.
    layer_tests: whether the project has a unit test for each layer of the compiled model.
    tflm_library: what the interpreter comes from: a folder, or as PlatformIO's lib_deps spells it;
    None: what the framework's users take. microphone: of tinyforge.features.LogMel, what the
    application listen has otherwise. output: the project's folder.
    Relative paths are relative to the file that names them, or to the current folder.
    """

    model: str | None = None
    data: str | None = None
    range: str | None = None
    board: str = DEFAULT_BOARD
    engine: EngineChoice = "both"
    app: AppChoice = "classify"
    microphone: dict[str, int | float] = {}
    toolchain: ToolchainChoice | None = None
    optimize: OptimizeChoice = "balanced"
    weights_in_ram: WeightsInRam = "auto"
    feed: FeedChoice = "frame"
    hop: Annotated[int, msgspec.Meta(ge=1)] | None = None
    layer_tests: bool = False
    tflm_library: str | None = None
    machine: MachineChoice | None = None
    seed: Annotated[int, msgspec.Meta(ge=0, le=MOST_SEED)] = 0
    output: str | None = None
    budget: Budget = Budget()


_PATHS = ("model", "output")


def _weights_in_ram(text: str | None) -> WeightsInRam | None:
    """From the command line: auto, none or bytes; None where it says nothing. ForgeError for other
    words."""
    words: dict[str | None, WeightsInRam | None] = {None: None, "auto": "auto", "none": "none"}
    if text in words:
        return words[text]
    if not text or not text.isascii() or not text.isdigit():
        raise ForgeError(
            f"--weights-in-ram {text!r} is neither auto, none nor a number of bytes",
            fix="for example --weights-in-ram 65536",
        )
    return int(text)


def load(path: Path) -> Spec:
    """The settings of a tinyforge.toml. ForgeError for anything it should not hold."""
    try:
        found = msgspec.toml.decode(path.read_bytes(), type=Spec)
    except (OSError, UnicodeDecodeError, msgspec.DecodeError) as error:
        raise ForgeError(
            f"not usable settings: {error}",
            where=str(path),
            fix="tinyforge build --help lists them",
        ) from error
    given = {name: getattr(found, name) for name in _PATHS}
    resolved = {name: str(path.parent / value) for name, value in given.items() if value}
    for name in ("data", "tflm_library"):  # else a name, like doodles
        value = getattr(found, name) or ""
        file = value.rpartition(":")[0] or value  # of FILE.py:FUNCTION
        if value and any((path.parent / there).exists() for there in (value, file)):
            resolved[name] = str(path.parent / value)
    return msgspec.structs.replace(found, **resolved)


def settle(
    config: Path | None,
    *,
    model: Path | None = None,
    weights_in_ram: str | None = None,
    **given: Any,
) -> Spec:
    """The settings file, if there is one, with what the command line gives (None: not given).

    config: a file that must exist, or None for tinyforge.toml in the current folder if it is there.
    weights_in_ram: ForgeError for other words than auto, none, or a number of bytes.
    """
    given["model"] = None if model is None else str(model)
    given["weights_in_ram"] = _weights_in_ram(weights_in_ram)
    default = Path(FILE_NAME)
    path = config or (default if default.is_file() else None)
    spec = load(path) if path else Spec()
    return msgspec.structs.replace(spec, **{k: v for k, v in given.items() if v is not None})


def project_folder(spec: Spec, model: str, board: str) -> Path:
    """Where the project is written: what was asked for, else <model's name>-<board's id> here."""
    return Path(spec.output or f"{model}-{board}")


def comparison_folder(spec: Spec) -> Path:
    """Where a model's variants are written: what was asked for, else <its name>-compared here."""
    return Path(spec.output or f"{Path(spec.model or '').stem}-compared")


def to_toml(spec: Spec) -> str:
    """The settings as a tinyforge.toml that load() reads back; board and engine always stated."""
    stated = {"board": spec.board, "engine": spec.engine}
    return msgspec.toml.encode(stated | msgspec.to_builtins(spec)).decode()
