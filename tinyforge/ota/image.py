"""What lies in flash, whole and by name: of a project, a linked ELF or a .tflite file."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from tinyforge import boards, spec, tflite
from tinyforge.errors import ForgeError
from tinyforge.sim.elf import symbols_of
from tinyforge.sim.firmware import build_firmware, compiler_for
from tinyforge.sim.machines import machine_for
from tinyforge.stages import Stages

_FIX = "give a project's folder, a linked firmware.elf, or a .tflite file; both of one kind"


@dataclass(frozen=True)
class Image:
    """whole: the bytes, as they lie one behind the other. parts: those that have a name; names of
    functions end in "()". kind: "firmware" or "model"."""

    kind: str
    whole: bytes = field(repr=False)
    parts: Mapping[str, bytes] = field(repr=False)


def image_of(path: Path, toolchain: spec.ToolchainChoice | None, stages: Stages) -> Image:
    """A project is built here, for the emulator, with that compiler. ForgeError for what is none of
    the three, or does not build."""
    if path.is_dir():
        return _of_project(path, toolchain, stages)
    try:
        with path.open("rb") as stream:
            start = stream.read(8)
    except OSError as error:
        raise ForgeError(f"cannot read it: {error}", where=str(path), fix=_FIX) from error
    if start.startswith(b"\x7fELF"):
        return _of_elf(path)
    if start[4:] == b"TFL3":
        return _of_model(path)
    raise ForgeError("it is neither firmware nor a model", where=str(path), fix=_FIX)


def _of_model(path: Path) -> Image:
    """Its parts are the constants of its layers, whose numbers last where names change."""
    content, graph = tflite.read_file(path)
    parts: dict[str, bytes] = {}
    for op in graph.operators:
        for position, index in enumerate(op.inputs):
            data = graph.tensors[index].data if index >= 0 else None
            if data is not None:
                parts[f"layer {op.index} {op.op}, constant {position}"] = data.tobytes()
    return Image("model", content, parts)


def _of_project(folder: Path, toolchain: spec.ToolchainChoice | None, stages: Stages) -> Image:
    settings = folder / spec.FILE_NAME
    if not settings.is_file():
        raise ForgeError(f"the folder holds no {spec.FILE_NAME}", where=str(folder), fix=_FIX)
    board = boards.load(spec.load(settings).board)
    if not board.emulated or not (folder / "src" / "aot").is_dir():
        raise ForgeError(
            "the project's firmware cannot be built without PlatformIO",
            where=str(folder),
            fix=f"build it (pio run), and give {folder}/.pio/build/{board.id}/firmware.elf",
        )
    machine = machine_for(None, board.core_model())
    compiler = compiler_for(toolchain, machine)
    with (
        stages.stage(f"Build {folder} with {compiler.name}"),
        tempfile.TemporaryDirectory(prefix="tinyforge-") as name,
    ):
        copy = Path(name).resolve() / "project"
        shutil.copytree(folder, copy)
        return _of_elf(build_firmware(copy, "aot", board, compiler=compiler, machine=machine).path)


def _of_elf(path: Path) -> Image:
    try:
        with path.open("rb") as stream:
            elf = ELFFile(stream)
            loaded = [s for s in elf.iter_segments("PT_LOAD") if s["p_filesz"]]
            loaded.sort(key=lambda segment: int(segment["p_paddr"]))
            places = [(int(segment["p_vaddr"]), segment.data()) for segment in loaded]
            parts = dict(_named(elf, places))
    except (OSError, ELFError) as error:
        raise ForgeError(
            f"not a readable ELF file: {error}", where=str(path), fix="build the firmware again"
        ) from error
    return Image("firmware", b"".join(data for _, data in places), parts)


def _named(elf: ELFFile, places: list[tuple[int, bytes]]) -> Iterator[tuple[str, bytes]]:
    """What has a name and a size, and is loaded from flash."""
    for name, symbol in symbols_of(elf).items():
        for begin, data in places:
            offset = symbol.address - begin
            if symbol.size and offset >= 0 and offset + symbol.size <= len(data):
                shown = f"{name}()" if symbol.kind == "function" else name
                yield shown, data[offset : offset + symbol.size]
