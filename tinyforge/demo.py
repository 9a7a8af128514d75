"""The demo: every stage of the pipeline on doodles, from the first stroke to the report."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinyforge import pipeline, tflite
from tinyforge.comparison import engines
from tinyforge.datasets import Dataset, real_drawings
from tinyforge.proof import oracle
from tinyforge.proof.answers import answers, balanced_accuracy
from tinyforge.proof.examples import Examples, of_pictures
from tinyforge.report.record import DemoReport, Drawing, RealDrawings, Variant
from tinyforge.source import Source
from tinyforge.spec import Spec
from tinyforge.stages import Stages
from tinyforge.tflite.about import About, with_about

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
    from tinyforge.training.process import apart
    from tinyforge.training.workflow import demo_variants

    splits, variants = apart(
        demo_variants, settings.data, quick=quick, seed=settings.seed, stages=stages
    )
    model = next(v.model for v in variants if v.name == _SHIPPED)
    classes = splits.held_out.classes
    graph = with_about(tflite.read(model, name=_NAME), About(range="0..1", classes=classes))
    source = Source(tflite.write(graph), graph, classes)
    examples = _examples(source, splits.held_out)
    generated, proof = pipeline.proved(source, examples, settings, stages, overwrite=overwrite)
    project = pipeline.target(generated, settings)
    both = engines(generated, proof, settings, stages, project=project, inputs=examples.inputs)
    # The proof says that the firmware gives the oracle's answers, byte for byte.
    found = _answers(source, examples)
    wrong = np.flatnonzero(found != splits.held_out.labels)
    right = np.flatnonzero(found == splits.held_out.labels)
    report = DemoReport(
        board=settings.board,
        engine=proof.engine,
        proof=proof,
        seconds=stages.seconds,
        variants=tuple(
            Variant(v.name, v.tflite_bytes, v.gzip_bytes, v.nonzero, v.accuracy) for v in variants
        ),
        real_drawings=_on_real_drawings(source),
        samples=_drawings(splits.held_out, right[:_DRAWINGS_SHOWN].tolist(), found),
        mistakes=_drawings(splits.held_out, wrong[:_DRAWINGS_SHOWN].tolist(), found),
        engines=both,
        facts=(("Seed", str(settings.seed)), ("Data", settings.data or _NAME)),
    )
    return report, pipeline.write(generated, settings, report, overwrite=overwrite)


def _examples(source: Source, data: Dataset) -> Examples:
    return Examples(of_pictures(data.images, source.input), data.labels)


def _answers(source: Source, examples: Examples) -> npt.NDArray[np.int64]:
    return answers(oracle.outputs(source.model, source.graph, examples.inputs), source.output)


def _on_real_drawings(source: Source) -> RealDrawings | None:
    """None unless TINYFORGE_CORPUS names a folder with drawings of the model's own classes."""
    corpus = os.environ.get("TINYFORGE_CORPUS")
    data = real_drawings(Path(corpus)) if corpus else None
    if data is None or data.classes != source.labels:
        return None
    found = _answers(source, _examples(source, data))
    return RealDrawings(len(data), balanced_accuracy(found, data.labels))


def _drawings(
    data: Dataset, indices: Sequence[int], found: npt.NDArray[np.int64]
) -> tuple[Drawing, ...]:
    return tuple(
        Drawing(data.images[i], data.classes[data.labels[i]], data.classes[found[i]])
        for i in indices
    )
