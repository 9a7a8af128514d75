"""A quantized model, as it comes from a file, explained: what int8 loses in it, and why."""

from __future__ import annotations

from tinyforge.errors import ForgeError
from tinyforge.proof.examples import Examples
from tinyforge.source import Source, with_examples
from tinyforge.spec import Spec
from tinyforge.stages import Stages
from tinyforge.training.noise.alone import explained_alone
from tinyforge.training.noise.record import Explained


def explained_file(source: Source, settings: Spec, stages: Stages) -> Explained:
    """With settings.data layer by layer, on these; without, as far as the file alone tells.
    ForgeError where the data does not fit the model, or its range is not clear."""
    if settings.data is None:
        return explained_alone(source.model, source.graph, None)
    source, examples = with_examples(source, settings, stages, data=settings.data)
    return _alone(source, examples, stages)


def explained_source(source: Source, examples: Examples, stages: Stages) -> Explained | None:
    """Beside the float model where the source was made of one, else of the file alone; None where
    the examples are nobody's data."""
    if source.explained is not None:
        return source.explained
    return None if examples.drawn else _alone(source, examples, stages)


def _alone(source: Source, examples: Examples, stages: Stages) -> Explained:
    dropped = source.measured is not None and source.measured.dropped
    with stages.stage("Compare int8 and float layer by layer"):
        return explained_alone(source.model, source.graph, examples, dropped=dropped)


def require_explain(settings: Spec, *, explain: bool) -> None:
    """ForgeError for data that nothing is to be explained on."""
    if not explain and (settings.data is not None or settings.range is not None):
        raise ForgeError(
            "data is what --explain measures layers on; without it nothing reads them",
            fix="add --explain, or leave --data and --range out",
        )
