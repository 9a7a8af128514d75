"""What can be known to fail is said in the first second, before anything is drawn or trained."""

from __future__ import annotations

from pathlib import Path

from tinyforge import boards
from tinyforge.errors import ForgeError
from tinyforge.project import tflm_library, writer
from tinyforge.project.model_files import GOLDEN_FILE
from tinyforge.sim.firmware import compiler_for
from tinyforge.sim.machines import machine_for
from tinyforge.spec import Spec, comparison_folder, project_folder
from tinyforge.training import KERAS_SUFFIXES


def require_build(settings: Spec, *, core: str | None = None) -> None:
    """ForgeError unless model, board, core and output can be what settings say, and the tools that
    prove the firmware are there."""
    require_project(settings)
    require_tools(settings, core=core)


def require_update_of(project: Path | None) -> None:
    """ForgeError unless it is a project, whose self-test's inputs an update can keep; None: none is
    asked for."""
    if project is not None and not (project / GOLDEN_FILE).is_file():
        raise ForgeError(
            f"this is no project of tinyforge: {GOLDEN_FILE} is not there",
            where=f"--update-of {project}",
            fix="give the folder that tinyforge build wrote for the firmware in use",
        )


def require_tools(settings: Spec, *, core: str | None = None) -> None:
    """ForgeError unless what builds and runs firmware for the board is there."""
    if settings.engine != "tflm":
        board = boards.load(settings.board).with_core(core)
        runner = machine_for(settings.machine, board.core_model())
        compiler_for(settings.toolchain, runner)


def require_comparison(settings: Spec) -> None:
    """ForgeError unless a model's variants can be made and proved as settings say."""
    if settings.model is None or settings.data is None:
        raise ForgeError(
            "variants are made of a Keras model, and of data to tune and to measure them on",
            fix="tinyforge compare model.keras --data D",
        )
    require_model(Path(settings.model))
    writer.require_ours(comparison_folder(settings))
    require_tools(settings)


def require_tuning(settings: Spec, project: str | None) -> None:
    """ForgeError unless candidates can be made and proved as settings say, and the chosen one
    written as a project to that folder."""
    if settings.model is None or settings.data is None:
        raise ForgeError(
            "candidates are made of a Keras model, and of data to tune and to measure them on",
            fix="tinyforge tune model.keras --data D",
        )
    require_model(Path(settings.model))
    if Path(settings.model).suffix not in KERAS_SUFFIXES:
        raise ForgeError(
            "candidates are made of a Keras model: what is quantized already is not trained",
            where=settings.model,
            fix="give a .keras or .h5 file",
        )
    if project is not None:
        writer.require_ours(Path(project))
    require_tools(settings)


def require_project(settings: Spec) -> None:
    """The same for a project that is written and not proved."""
    board = boards.load(settings.board)
    tflm_library.require(settings.tflm_library)
    if settings.model is not None:
        require_model(Path(settings.model))
        name = Path(settings.model).stem
        writer.require_ours(project_folder(settings, name, board.id))
    elif settings.output is not None:
        writer.require_ours(Path(settings.output))


def require_model(path: Path) -> None:
    """ForgeError unless there is such a file, or folder of a saved model."""
    if not path.exists():
        raise ForgeError("no such model", where=str(path), fix="check the path to the model")
