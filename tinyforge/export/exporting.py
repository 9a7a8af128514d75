"""From a model to a library: proved as any firmware is, then written under its own names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tinyforge import pipeline
from tinyforge.export.arena import ArenaPlace, ArenaWish, require_sharing
from tinyforge.export.checked import require_proved
from tinyforge.export.forms import library_files
from tinyforge.export.sources import Library, library
from tinyforge.generation import Generated, planned
from tinyforge.project import writer
from tinyforge.proof.examples import Examples
from tinyforge.report.record import Report
from tinyforge.source import Source
from tinyforge.spec import FormChoice, Spec
from tinyforge.stages import Stages


@dataclass(frozen=True)
class Export:
    """form: of the library. prefix: checked. arena: where it may lie."""

    form: FormChoice
    prefix: str
    arena: ArenaWish


@dataclass(frozen=True)
class Exported:
    """folder: what was written. files: in it, by path. place: of the arena."""

    report: Report
    place: ArenaPlace
    folder: Path
    files: tuple[str, ...]


def export(
    source: Source,
    examples: Examples,
    settings: Spec,
    stages: Stages,
    how: Export,
    *,
    core: str | None = None,
    overwrite: bool = False,
    accept: bool = False,
) -> Exported:
    """settings: engine aot; output: the library's folder. The others as pipeline.build has them.

    ForgeError, and nothing written, unless the project of the same model is exact and fits board
    and budget, and the library is the same code.
    """
    if how.arena.shared:
        require_sharing(source.graph)
    if source.measured is not None:
        source.measured.require_kept(accept=accept)
    of = planned(source, settings, stages, fast=how.arena.fast)
    assert of.plan is not None
    place = how.arena.place(of.plan)
    generated, proof = pipeline.proved(
        source, examples, settings, stages, core=core, overwrite=overwrite, of=of
    )
    made = exported_library(generated, how.prefix, place)
    run = generated.on(generated.board.with_core(core))
    require_proved(made, run, settings, stages)
    report = pipeline.report_of(generated, proof, settings, stages)
    files = library_files(made, how.form, run, settings)
    files |= pipeline.report_files(report)
    assert settings.output is not None
    folder = writer.write(files, Path(settings.output), overwrite=overwrite)
    return Exported(report, place, folder, tuple(sorted(files)))


def exported_library(generated: Generated, prefix: str, place: ArenaPlace) -> Library:
    """The sources of a project's compiled model as a library's."""
    texts = {path: text for path, text in generated.files.items() if isinstance(text, str)}
    arena_bytes = generated.lowered["aot"].arena_bytes
    return library(texts, generated.source.graph, prefix, place, arena_bytes)
