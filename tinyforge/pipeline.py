"""The way of the data, as code. Every stage is a function elsewhere; here they only meet.

model bytes -> Graph -> plan -> engines' sources -> project -> ELF -> machine -> proof -> report
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tinyforge import boards, spec
from tinyforge.both_engines import engines
from tinyforge.errors import DoesNotFitError
from tinyforge.explaining import explained_source
from tinyforge.generation import Generated, Planned, choose_golden, generate, planned
from tinyforge.project import writer
from tinyforge.proof import budget
from tinyforge.proof.discriminate import Chosen
from tinyforge.proof.examples import Examples
from tinyforge.proof.golden import leading
from tinyforge.proof.record import Coverage, EngineCost, Proof
from tinyforge.report.html_report import to_html
from tinyforge.report.json_report import json_text, to_json
from tinyforge.report.record import Report
from tinyforge.source import Source
from tinyforge.spec import Spec
from tinyforge.stages import Stages
from tinyforge.verification import verify


def build(
    source: Source,
    examples: Examples,
    settings: Spec,
    stages: Stages,
    *,
    core: str | None = None,
    overwrite: bool = False,
    accept: bool = False,
) -> tuple[Report, Path]:
    """The whole way: generate, prove, refuse or write. The report, and the project's folder.

    core: another core than the board's to prove the same C on. overwrite: also over generated files
    that were edited. accept: also where accuracy dropped. ForgeError, and nothing written, unless
    the firmware is exact and fits board and budget.
    """
    if source.measured is not None:
        source.measured.require_kept(accept=accept)
    generated, proof = proved(source, examples, settings, stages, core=core, overwrite=overwrite)
    project = target(generated, settings)
    both = engines(generated, proof, settings, stages, project=project, inputs=examples.inputs)
    report = report_of(generated, proof, settings, stages, both)
    report = replace(report, explained=explained_source(source, examples, stages))
    folder = write(generated, settings, report, overwrite=overwrite)
    name_added(folder, stages)
    return report, folder


def proved(
    source: Source,
    examples: Examples,
    settings: Spec,
    stages: Stages,
    *,
    core: str | None = None,
    overwrite: bool = False,
    of: Planned | None = None,
) -> tuple[Generated, Proof]:
    """A project that may be handed over. of: its engines, where they are there already. ForgeError
    as of build(): also where write() would refuse, before anything is proved."""
    of = of or planned(source, settings, stages)
    golden = choose_golden(source, examples, settings, stages, of)
    examples = leading(golden, examples)
    generated = generate(source, examples, settings, stages, golden=golden, of=of)
    writer.check(generated.files, target(generated, settings), overwrite=overwrite)
    run = generated.on(generated.board.with_core(core))
    try:
        proof = verify(run, examples, settings, stages)
    except DoesNotFitError as error:
        stages.note(f"{error.what}: measuring what it takes")
        proof = verify(run.on(boards.roomy(run.board)), examples, settings, stages)
    budget.require(proof, generated.board, settings.budget, source.measured)
    return generated, replace(proof, golden=seen_by(golden, generated))


def seen_by(golden: Chosen, generated: Generated) -> Coverage | None:
    """What the golden vectors of a project see."""
    return golden.coverage and replace(golden.coverage, constants=generated.seen)


def report_of(
    generated: Generated,
    proof: Proof,
    settings: Spec,
    stages: Stages,
    both: tuple[EngineCost, ...] = (),
) -> Report:
    """What is shown of a proof. both: of engines(), where there are two."""
    return Report(
        board=settings.board,
        engine=proof.engine,
        proof=proof,
        seconds=stages.seconds,
        accuracy=generated.source.measured,
        choices=generated.choices,
        engines=both,
        break_even=generated.break_even,
    )


def write(
    generated: Generated,
    settings: Spec,
    report: Report | None = None,
    *,
    overwrite: bool = False,
) -> Path:
    """The project onto the disk, with the report where there is one; returns its folder.

    overwrite: also over generated files that were edited.
    """
    files = dict(generated.files)
    if report is not None:
        files |= report_files(report)
    return writer.write(files, target(generated, settings), overwrite=overwrite)


def report_files(report: Report) -> dict[str, str]:
    """The same report, the same text: how long it took is not in it."""
    report = replace(report, seconds=None)
    return {"report.json": json_text(to_json(report)), "report.html": to_html(report)}


def name_added(project: Path, stages: Stages) -> None:
    """Tells which sources in a project are its owner's own."""
    added = writer.added_sources(project)
    if added:
        stages.note(
            f"warning: compiled with the project, not proved: {', '.join(added)}; the proof is of "
            "the model, not of what these do"
        )


def target(generated: Generated, settings: Spec) -> Path:
    """The folder that the project is written to."""
    return spec.project_folder(settings, generated.source.graph.name, generated.board.id)
