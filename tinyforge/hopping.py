"""A quantized model of windows that overlap, as the one that keeps what they share."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from tinyforge import tflite
from tinyforge.graph.hop import Hopped, hopped
from tinyforge.proof import oracle
from tinyforge.proof.examples import Examples
from tinyforge.proof.windows import hops, require_same, windows_of
from tinyforge.spec import OptimizeChoice
from tinyforge.stages import Stages
from tinyforge.tflite.about import about, with_about

if TYPE_CHECKING:
    from tinyforge.source import Source


def in_hops(
    source: Source, hop: int, optimize: OptimizeChoice, stages: Stages
) -> tuple[Source, Hopped]:
    """The model that takes so many new rows of each window, and how it came to be; the user is told
    what is saved. For speed more is kept. ForgeError where nothing is saved.

    Channels that cannot vary are left out before: of what is kept nothing else is known.
    """
    found = hopped(source.narrowed.graph, hop, quick=optimize == "speed")
    part, whole = found.macs
    stages.note(
        f"note: {hop} of a window's {found.rows} rows are new: of {len(found.shared)} layers only "
        f"what these change is computed, {part:,} multiply-accumulates in place of {whole:,}, and "
        f"{found.kept_bytes:,} B are kept; it ends at {found.stops or 'the outputs'}"
    )
    said = msgspec.structs.replace(about(found.graph), window=found.rows)
    graph = with_about(found.graph, said)
    return replace(source, model=tflite.write(graph), graph=graph, examples=None), found


def as_sequence(
    examples: Examples, window: Source, found: Hopped, source: Source, stages: Stages
) -> Examples:
    """Whole windows as a sequence of hops, of which there are neither labels nor outputs.

    window: the model of these; source: of in_hops. ForgeError where outputs that came with them are
    wrong, and unless each hop gives what its window gives.
    """
    if examples.outputs is not None:
        answers = oracle.outputs(window.model, window.graph, examples.inputs)
        oracle.require_agreement(examples.outputs, answers)
    inputs = hops(found, examples.inputs)
    with stages.stage("Compare hops with whole windows in TensorFlow Lite Micro"):
        whole = window.expected("aot", windows_of(found, inputs))
        require_same(found, oracle.trace(source.model, source.graph, inputs), whole)
    return replace(examples, inputs=inputs, labels=None, outputs=None, head=0)
