"""A library before it is written: its code is the project's that was proved, and it runs."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from tinyforge.errors import ForgeError
from tinyforge.export import selftest
from tinyforge.export.same_code import Pair, require_same
from tinyforge.export.sources import Library
from tinyforge.generation import Generated
from tinyforge.project import writer
from tinyforge.project.layout import sources_for
from tinyforge.sim.firmware import build_firmware, compiler_for
from tinyforge.sim.machines import machine_for
from tinyforge.sim.toolchains.build import object_file
from tinyforge.spec import FILE_NAME, Spec
from tinyforge.stages import Stages


def require_library(settings: Spec) -> None:
    """ForgeError, before any work, for settings that no library comes of: this computer as the
    machine, for which nothing is linked as firmware is; and a project's folder as the output."""
    if settings.output is not None and (Path(settings.output) / FILE_NAME).exists():
        raise ForgeError(
            "there lies a project, which a library would take the place of",
            where=settings.output,
            fix="choose another folder with --output",
        )
    if settings.machine == "native":
        raise ForgeError(
            "a library is proved as firmware, which the machine native does not run",
            fix="give --machine unicorn or --machine qemu, or leave it out",
        )


def require_proved(library: Library, generated: Generated, settings: Spec, stages: Stages) -> None:
    """ForgeError unless the library's code is that of the project, for the core and by the compiler
    that it was proved with, and its self-test passes on the emulator."""
    machine = machine_for(settings.machine, generated.board.core_model())
    compiler = compiler_for(settings.toolchain, machine, settings.optimize)
    with (
        tempfile.TemporaryDirectory(prefix="tinyforge-") as name,
        stages.stage("Hold the library's code to what was proved, and run its self-test"),
    ):
        work = Path(name).resolve()
        project = writer.write(generated.files, work / "project")
        copy = writer.write(_on_emulator(library), work / "library")
        proved = build_firmware(project, "aot", generated.board, compiler=compiler, machine=machine)
        firmware, sources = selftest.link(
            {library.prefix: copy}, work / "selftest",
            board=generated.board, compiler=compiler, machine=machine,
        )  # fmt: skip
        of_project = _objects(proved.path, sources_for(project, "aot", "sim")[0])
        of_library = _objects(firmware.path, sources)
        pairs = [
            Pair(path, of_project[project / origin], of_library[copy / path])
            for path, origin in library.origins.items()
        ]
        require_same(pairs, library.naming)
        selftest.run(firmware, machine)


def _on_emulator(library: Library) -> dict[str, str]:
    """The library's files, built as any firmware may build them: with the arena where zeroed data
    lies. Emulators have no section of a user's linker script."""
    if library.place.shared:
        return dict(library.files)
    own = "".join(f"#define {library.naming.name(name)}\n" for name in library.place.attributes)
    return {**library.files, library.model: own + library.files[library.model]}


def _objects(output: Path, sources: Sequence[Path]) -> dict[Path, Path]:
    """The object that the firmware was linked of, by its source."""
    return {source: object_file(output, i, source) for i, source in enumerate(sources)}
