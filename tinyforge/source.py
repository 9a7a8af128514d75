"""A quantized model and what the user's data says of it: examples, classes, range, accuracy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from tinyforge import tflite
from tinyforge.boards.possible import require_possible
from tinyforge.datasets.ranges import parse
from tinyforge.errors import ForgeError
from tinyforge.graph import DType, Graph, Tensor
from tinyforge.graph.channels import Narrowed, narrowed
from tinyforge.graph.passes import adapt
from tinyforge.hopping import as_sequence, in_hops
from tinyforge.project.model_files import GOLDEN_FILE, read_golden
from tinyforge.proof import examples as example_files
from tinyforge.proof import oracle
from tinyforge.proof.answers import named_head
from tinyforge.proof.channels import narrowed_trace
from tinyforge.proof.data import Named, Quantized, are_examples, named, of_samples, own
from tinyforge.proof.examples import Examples
from tinyforge.proof.measure import Measured
from tinyforge.spec import Spec
from tinyforge.stages import Stages
from tinyforge.tflite.about import about, with_about
from tinyforge.training import KERAS_SUFFIXES, Loading
from tinyforge.training.noise.record import Explained

_SYNTHETIC_INPUTS = 16


@dataclass(frozen=True, eq=False)
class Source:
    """A quantized model. model: the .tflite bytes of graph. labels: its classes' names, or none.

    takes_bytes: whether the file's own input is uint8. examples, measured: of the data that it was
    quantized with; None for a file that came quantized. explained: its layers beside those of the
    float model that it was made of, where that was asked for.
    """

    model: bytes
    graph: Graph
    labels: tuple[str, ...] = ()
    takes_bytes: bool = False
    examples: Examples | None = None
    measured: Measured | None = None
    explained: Explained | None = None

    @cached_property
    def narrowed(self) -> Narrowed:
        """The graph as the compiled engine runs it."""
        return narrowed(self.graph)

    def graph_of(self, engine: str) -> Graph:
        """The graph as an engine runs it: an interpreter runs the file's own."""
        return self.narrowed.graph if engine == "aot" else self.graph

    def expected(self, engine: str, inputs: npt.NDArray[np.int8]) -> oracle.Trace:
        """What the oracle makes of the file, for each layer of graph_of(engine).

        inputs: (n, bytes of all inputs). ForgeError when TensorFlow Lite Micro rejects the model.
        """
        whole = oracle.trace(self.model, self.graph, inputs)
        return narrowed_trace(self.narrowed, whole) if engine == "aot" else whole

    @property
    def input(self) -> Tensor:
        return self.graph.tensors[self.graph.inputs[0]]

    @property
    def output(self) -> Tensor:
        return self.graph.tensors[self.graph.outputs[0]]


def model_path(settings: Spec) -> Path:
    """The model that was named. ForgeError when there is none."""
    if settings.model is None:
        raise ForgeError(
            "no model was named",
            fix="give its path, or set model in tinyforge.toml",
        )
    return Path(settings.model)


def open_tflite(path: Path, stages: Stages) -> Source:
    """A .tflite file, read, verified and quantized inside. ForgeError for anything else.

    Conversions at its boundary are dropped, with a note: then model is not the file's bytes.
    """
    model, graph = tflite.read_file(path)
    written, adapted = _adapted(model, graph, stages)
    takes_bytes = graph.tensors[graph.inputs[0]].dtype is DType.UINT8
    return Source(written, adapted, class_names(adapted, stages), takes_bytes)


def open_model(
    settings: Spec,
    stages: Stages,
    how: Loading,
    *,
    accept: bool = False,
    explain: bool = False,
) -> Source:
    """A .tflite file, or a Keras model that is quantized first, calibrated with settings.data.

    accept: a drop of accuracy as well. explain: what int8 loses beside the Keras model.
    """
    path = model_path(settings)
    if path.suffix not in KERAS_SUFFIXES and not path.is_dir():
        return open_tflite(path, stages)
    from tinyforge.training.process import apart
    from tinyforge.training.quantize_file import quantized_file

    small = apart(
        quantized_file,
        path,
        settings.data,
        stages=stages,
        how=how,
        seed=settings.seed,
        range_text=settings.range,
        accept=accept,
        explain=explain,
    )
    source = of_converted(small.model, path.stem, small.classes, stages)
    examples = of_samples(source.graph, small.samples, small.inputs)
    return replace(source, examples=examples, measured=small.measured, explained=small.explained)


def open_for_costs(settings: Spec, stages: Stages, how: Loading) -> Source:
    """The same where costs alone count: however right it is, and a Keras model without data is
    calibrated on noise."""
    path = model_path(settings)
    is_keras = path.suffix in KERAS_SUFFIXES or path.is_dir()
    if not is_keras or settings.data is not None:
        return open_model(settings, stages, how, accept=True)
    from tinyforge.training.process import apart
    from tinyforge.training.quantize_file import sketched_file

    small = apart(sketched_file, path, stages=stages, how=how, seed=settings.seed)
    stages.note(
        "note: calibrated on noise: costs are right, answers are not, and which channels cannot "
        "vary is another matter with --data"
    )
    return of_converted(small, path.stem, (), stages)


def of_converted(model: bytes, name: str, classes: tuple[str, ...], stages: Stages) -> Source:
    """An int8 model that was made of a Keras model. classes: their names, or none. ForgeError where
    engines cannot run it."""
    return Source(*_adapted(model, tflite.read(model, name=name), stages), classes)


def _adapted(model: bytes, graph: Graph, stages: Stages) -> tuple[bytes, Graph]:
    """A model as engines run it. ForgeError where they cannot."""
    adapted, notes = adapt(graph)
    for note in notes:
        stages.note(note)
    tflite.require_quantized(adapted, graph)
    require_possible(adapted)
    return model if adapted is graph else tflite.write(adapted), adapted


def with_examples(
    source: Source,
    settings: Spec,
    stages: Stages,
    *,
    inputs: Path | None = None,
    data: str | None = None,
    update_of: Path | None = None,
) -> tuple[Source, Examples]:
    """What a proof is to run: the user's inputs, else the data, else extremes and random bytes, by
    seed. And the model with what the data says of it: classes, range, and how right it is.

    update_of: an older project, whose golden inputs are kept. With settings.hop it is the model
    that keeps what windows share, proved on these as a sequence. ForgeError where data does not
    fit the model, its range is not clear, nothing can be kept of windows, or the older project has
    other inputs.
    """
    source, examples = _with_data(source, settings, stages, inputs, data)
    if settings.hop is not None:
        in_new_rows, found = in_hops(source, settings.hop, settings.optimize, stages)
        examples = as_sequence(examples, source, found, in_new_rows, stages)
        source = in_new_rows
    return source, examples if update_of is None else _keeping(source, examples, update_of)


def _keeping(source: Source, examples: Examples, project: Path) -> Examples:
    """The examples, with the golden inputs of an older project."""
    kept = read_golden(project / GOLDEN_FILE).inputs
    if kept.shape[1] != source.narrowed.graph.input_bytes:
        raise ForgeError(
            f"the older project's inputs are of {kept.shape[1]} bytes, the model's of "
            f"{source.narrowed.graph.input_bytes}",
            where=f"--update-of {project}",
            fix="leave --update-of out: this is another model",
        )
    return replace(examples, kept=kept)


def _with_data(
    source: Source,
    settings: Spec,
    stages: Stages,
    inputs: Path | None,
    data: str | None,
) -> tuple[Source, Examples]:
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
        said,
        classes=said.classes or found.classes,
        range=said.range or found.range,
        resized=said.resized or found.resized,
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
