"""A quantized model and what the user's data says of it: examples, classes, range, accuracy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from tinyforge import tflite
from tinyforge.datasets.ranges import parse
from tinyforge.graph import Graph, Tensor
from tinyforge.proof import examples as example_files
from tinyforge.proof.answers import named_head
from tinyforge.proof.data import Named, Quantized, are_examples, named, own
from tinyforge.proof.examples import Examples
from tinyforge.proof.measure import Measured
from tinyforge.spec import Spec
from tinyforge.stages import Stages
from tinyforge.tflite.about import about, with_about

_SYNTHETIC_INPUTS = 16


@dataclass(frozen=True, eq=False)
class Source:
    """A quantized model. model: the .tflite bytes of graph. labels: its classes' names, or none.

    takes_bytes: whether the file's own input is uint8. examples, measured: of the data that it was
    quantized with; None for a file that came quantized.
    """

    model: bytes
    graph: Graph
    labels: tuple[str, ...] = ()
    takes_bytes: bool = False
    examples: Examples | None = None
    measured: Measured | None = None

    @property
    def input(self) -> Tensor:
        return self.graph.tensors[self.graph.inputs[0]]

    @property
    def output(self) -> Tensor:
        return self.graph.tensors[self.graph.outputs[0]]


def with_examples(
    source: Source,
    settings: Spec,
    stages: Stages,
    *,
    inputs: Path | None = None,
    data: str | None = None,
) -> tuple[Source, Examples]:
    """What a proof is to run: the user's inputs, else the data, else extremes and random bytes, by
    seed. And the model with what the data says of it: classes, range, and how right it is.

    ForgeError where data does not fit the model, or its range is not clear.
    """
    if inputs is not None:
        found = _named(source, str(inputs), settings, stages, real=True)
        if data is not None and source.measured is None:
            measured = _named(source, data, settings, stages, real=False)
            found = replace(measured, examples=found.examples)
    elif source.examples is not None:
        return source, source.examples
    elif data is not None:
        found = _named(source, data, settings, stages, real=False)
    else:
        found = Named(example_files.synthetic(source.graph, _SYNTHETIC_INPUTS, settings.seed))
    return _told(source, found), found.examples


def _named(source: Source, name: str, settings: Spec, stages: Stages, *, real: bool) -> Named:
    """Data by its name; real: floats are the model's own real values."""
    subject = Quantized(source.model, source.graph, source.takes_bytes)
    if are_examples(Path(name), source.graph, real=real):
        return own(subject, Path(name), stages)
    given = parse(settings.range) if settings.range else None
    return named(subject, name, given, seed=settings.seed, stages=stages)


def _told(source: Source, found: Named) -> Source:
    """The model, and in its file what it did not say before of its classes and its range."""
    measured = source.measured or found.measured
    said = about(source.graph)
    more = msgspec.structs.replace(
        said, classes=said.classes or found.classes, range=said.range or found.range
    )
    if more == said:
        return replace(source, measured=measured)
    graph = with_about(source.graph, more)
    fitting = found.classes and named_head(graph, len(found.classes)) is not None
    labels = source.labels or (found.classes if fitting else ())
    return replace(source, model=tflite.write(graph), graph=graph, labels=labels, measured=measured)


def class_names(graph: Graph, stages: Stages) -> tuple[str, ...]:
    """The classes' names that a model's file says, where they are as many as its outputs."""
    names = about(graph).classes
    if names and named_head(graph, len(names)) is None:
        stages.note(f"warning: the file names {len(names)} classes, but has other outputs")
        return ()
    return names
