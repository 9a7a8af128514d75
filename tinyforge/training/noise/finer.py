"""Which layer's values in 16 bits make the model's outputs better: tried, and measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt

from tinyforge import tflite
from tinyforge.datasets.ranges import Reals
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.graph.wide import with_int16
from tinyforge.proof import oracle
from tinyforge.training.noise.measure import computed
from tinyforge.training.noise.record import Finer, LayerNoise

_TRIED = 3  # layers
_GAIN = 3.0  # dB: half of the noise is gone


def finer(
    graph: Graph,
    layers: Sequence[LayerNoise],
    inputs: npt.NDArray[np.int8],
    values: Mapping[int, Reals],
) -> tuple[Finer, ...]:
    """The best first, of the layers whose own codes leave least; none where it helps little.

    layers: measured of the graph, on inputs (n, bytes), beside float values, by tensor (n, ...).
    """
    before = _outputs(graph, layers)
    if before is None:
        return ()
    names = {one.layer: one.name for one in layers}
    found = []
    for layer, wide, trace in islice(_tried(graph, layers, inputs), _TRIED):
        after = _outputs(wide, [*computed(wide, trace, values, {})])
        if after is not None and after - before >= _GAIN:
            found.append(Finer(layer, names[layer], before, after))
    return tuple(sorted(found, key=lambda one: -one.after))


def _tried(
    graph: Graph, layers: Sequence[LayerNoise], inputs: npt.NDArray[np.int8]
) -> Iterator[tuple[int, Graph, oracle.Trace]]:
    """Layers that can run on int16, by number, the graph in which they do, and what it computes."""
    for layer in sorted(layers, key=_left):
        if layer.layer is None:
            continue
        try:
            wide = with_int16(graph, [layer.layer])
            tflite.require_quantized(wide)
            trace = oracle.trace(tflite.write(wide), wide, inputs)
        except ForgeError:
            continue
        yield layer.layer, wide, trace


def _left(layer: LayerNoise) -> float:
    """What the layer's own codes leave of most of its channels."""
    known = [one for one in (layer.own, layer.median_own) if one is not None]
    return min(known, default=np.inf)


def _outputs(graph: Graph, layers: Sequence[LayerNoise]) -> float | None:
    """The worst signal to noise of the model's outputs; None where none is known."""
    made = {one.name: one.snr for one in layers if one.layer is not None}
    known = [made.get(t.name) for t in graph.output_tensors]
    return min((one for one in known if one is not None), default=None)
