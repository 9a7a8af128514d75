"""The demo: every stage of the pipeline on doodles, from the first stroke to the report."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyforge import pipeline
from tinyforge.both_engines import engines
from tinyforge.compare.on_board import on_board
from tinyforge.datasets import Samples, real_drawings
from tinyforge.proof import oracle
from tinyforge.proof.answers import answers, balanced_accuracy
from tinyforge.proof.examples import of_pictures, quantized_inputs
from tinyforge.report.record import DemoReport, Drawing, RealDrawings
from tinyforge.source import Source
from tinyforge.spec import Spec
from tinyforge.stages import Stages
from tinyforge.training.compared import made_of_drawings
from tinyforge.training.process import apart
from tinyforge.training.recipe import Amounts, recipes
from tinyforge.training.variants import Variant

Classes = npt.NDArray[np.int64]

_VARIANTS = "float,pruned,int8,pruned+int8"
_SHIPPED = "pruned+int8"
_NAME = "doodles"
_DRAWINGS_SHOWN = 12


def demo(
    settings: Spec, stages: Stages, *, quick: bool, overwrite: bool = False
) -> tuple[DemoReport, Path]:
    """Trains, compiles, proves, reports, writes. The report, and the project's folder.

    overwrite: also over generated files that were edited. ForgeError, and nothing written,
    unless the firmware is exact and fits board and budget.
    """
    made = apart(
        made_of_drawings, settings.data, recipes(_VARIANTS), Amounts(),
        quick=quick, seed=settings.seed, stages=stages,
    )  # fmt: skip
    found = on_board(made, lambda _: settings, stages, model=_NAME, overwrite=overwrite)
    if _SHIPPED in found.refused:
        raise found.refused[_SHIPPED]
    shipped = next(v for v in made.variants if isinstance(v, Variant) and v.name == _SHIPPED)
    ran = found.proved[_SHIPPED]
    source, generated, proof = ran.source, ran.generated, ran.proof
    project = pipeline.target(generated, settings)
    inputs = quantized_inputs(found.inputs, source.graph)
    both = engines(generated, proof, settings, stages, project=project, inputs=inputs)
    right, wrong = _told_apart(made.held_out, shipped)
    report = DemoReport(
        board=settings.board,
        engine=proof.engine,
        proof=proof,
        seconds=stages.seconds,
        comparison=found.comparison,
        real_drawings=_on_real_drawings(source),
        samples=right,
        mistakes=wrong,
        engines=both,
        break_even=generated.break_even,
        facts=(("Seed", str(settings.seed)), ("Data", settings.data or _NAME)),
    )
    return report, pipeline.write(generated, settings, report, overwrite=overwrite)


def _told_apart(data: Samples, shipped: Variant) -> tuple[tuple[Drawing, ...], tuple[Drawing, ...]]:
    """Some drawings that the firmware is right about, and some that it is wrong about: the proof
    says that it gives the oracle's answers, byte for byte."""
    assert data.labels is not None and shipped.result is not None
    found = shipped.result.answers
    assert found is not None
    right, wrong = np.flatnonzero(found == data.labels), np.flatnonzero(found != data.labels)
    return _drawings(data, right, found), _drawings(data, wrong, found)


def _drawings(data: Samples, rows: Classes, found: Classes) -> tuple[Drawing, ...]:
    """Some of these rows of the data. found: the answer to each row of all."""
    assert data.labels is not None
    return tuple(
        Drawing(data.values[i], data.classes[data.labels[i]], data.classes[found[i]])
        for i in rows[:_DRAWINGS_SHOWN].tolist()
    )


def _on_real_drawings(source: Source) -> RealDrawings | None:
    """None unless TINYFORGE_CORPUS names a folder with drawings of the model's own classes."""
    corpus = os.environ.get("TINYFORGE_CORPUS")
    data = real_drawings(Path(corpus)) if corpus else None
    if data is None or data.classes != source.labels:
        return None
    inputs = of_pictures(data.images, source.input)
    found = answers(oracle.outputs(source.model, source.graph, inputs), source.output)
    return RealDrawings(len(data), balanced_accuracy(found, data.labels))
