"""Before anything is uploaded: whether a project's sources hold the model's constants."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tinyforge.boards.cores import CORES, Core
from tinyforge.device.subject import Subject
from tinyforge.engines.tflm.engine import MODEL_DATA, MODEL_SYMBOL, embedded_model
from tinyforge.errors import ForgeError
from tinyforge.proof.readback import require_sources
from tinyforge.sim.base import Toolchain
from tinyforge.sim.toolchains import toolchain
from tinyforge.spec import Spec
from tinyforge.stages import Stages

# The same C, where a board's core is none that the compilers here know.
_STAND_IN = "cortex-m4"


def require_model(project: Path, subject: Subject, settings: Spec, stages: Stages) -> None:
    """ForgeError with the first constant in a project's folder that is another than the model says.

    Those of the compiled engine are read from objects that a compiler of this computer makes;
    where there is none, it is told that nobody looked.
    """
    if subject.engine == "tflm":
        _require_carried(project, subject.model)
        return
    compiler = _compiler(settings, stages)
    if compiler is None:
        return
    with (
        stages.stage("Read every constant back from the sources"),
        tempfile.TemporaryDirectory(prefix="tinyforge-") as name,
    ):
        require_sources(
            project, subject.lowered, subject.graph,
            compiler=compiler, core=_core(subject), output=Path(name) / "firmware.elf",
            tables=subject.lowered.tables,
        )  # fmt: skip


def _require_carried(project: Path, model: bytes) -> None:
    path = project / MODEL_DATA
    if embedded_model({MODEL_DATA: path.read_text(encoding="utf-8")}) != model:
        raise ForgeError(
            f"{MODEL_SYMBOL} holds another model than the project's",
            where=str(path),
            fix="write the project's sources anew: tinyforge generate --overwrite",
        )


def _compiler(settings: Spec, stages: Stages) -> Toolchain | None:
    try:
        return toolchain(settings.toolchain)
    except ForgeError as error:
        stages.note(f"warning: constants are not read back: {error.what}; {error.fix}")
        return None


def _core(subject: Subject) -> Core:
    return CORES.get(subject.board.core, CORES[_STAND_IN])
