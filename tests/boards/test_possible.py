"""What could not fit the largest board is refused at once, whatever a small file claims."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from tests.corpus import layers, models
from tests.corpus.builder import GraphBuilder
from tinyforge.boards import all_boards
from tinyforge.boards.possible import require_possible
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.graph.passes import adapt
from tinyforge.tflite import read, read_file, require_quantized, write

RAM = max(b.ram_limit for b in all_boards())
FLASH = max(b.flash_limit for b in all_boards())


def chain(*shapes: tuple[int, ...]) -> Graph:
    """RELUs, with a RESHAPE to each new shape."""
    b = GraphBuilder()
    x = b.op("RELU", [b.input(shapes[0], 0.1)], shapes[0], 0.1)
    for shape in shapes[1:]:
        x = b.op("RELU", [layers.reshape(b, x, shape)], shape, 0.1)
    return b.build([x])


def ending_small(shape: tuple[int, ...]) -> Graph:
    b = GraphBuilder()
    y = b.op("RELU", [b.input(shape, 0.1)], shape, 0.1)
    pooled = layers.pool_2d(
        b, y, "MAX_POOL_2D", kernel=(1, 1), stride=(shape[1], shape[2]), padding=layers.VALID
    )
    return b.build([pooled])


def shared_weights(count: int, size: int) -> Graph:
    """Many layers that share weights in the file; each has its own in flash."""
    b, rng = GraphBuilder(), np.random.default_rng(1)
    x = b.input((1, size), 0.1)
    first = layers.fully_connected(b, rng, x, units=size)
    (op,) = b._operators
    for _ in range(count - 1):
        first = b.op("FULLY_CONNECTED", [first, op.inputs[1], -1], (1, size), 0.1)
    return b.build([first])


@pytest.mark.parametrize(
    ("make", "where"),
    [
        (lambda: chain((1, 16_000_000, 1, 1)), "outputs and states"),
        (lambda: chain((1, 50_000_000)), "outputs and states"),
        (lambda: ending_small((1, 16_000_000, 1, 1)), "16,000,000 rows|rows of"),
        (lambda: ending_small((1, 1, 50_000_000, 1)), "rows of"),
        (lambda: ending_small((1, 4, 1000, 1000)), "a row of tensor"),
        (lambda: shared_weights(40, 512), "the weights of"),
    ],
    ids=["rows", "vector", "fed rows", "columns", "wide rows", "weights"],
)
def test_what_is_too_large_for_all_is_refused_at_once(make: object, where: str) -> None:
    assert callable(make)
    data = write(make())
    begin = time.process_time()
    tracemalloc.start()
    with pytest.raises(ForgeError) as caught:
        graph = read(data)
        after, _ = adapt(graph)
        require_quantized(after, graph)
        require_possible(after)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "are needed at the least; the largest board has" in caught.value.what
    assert any(words in caught.value.where for words in where.split("|"))
    assert time.process_time() - begin < 1
    assert most < 20_000_000 + 20 * len(data)


def test_an_input_that_must_be_whole_is_counted_so() -> None:
    graph = ending_small((1, RAM // 100 + 1, 10, 10))
    require_possible(graph)
    with pytest.raises(ForgeError, match="are needed at the least"):
        require_possible(graph, inputs_whole=True)


@pytest.mark.parametrize("name", models.NETWORKS)
def test_what_fits_is_let_through(name: str) -> None:
    require_possible(models.NETWORKS[name](1), inputs_whole=True)


def test_deployed_models_are_let_through(corpus: Path) -> None:
    for path in sorted((corpus / "real").glob("*.tflite")):
        require_possible(adapt(read_file(path)[1])[0], inputs_whole=True)
