"""One job of hostile models in a process of its own, whose time and memory are capped.

    python -m tests.fuzz.child JOB [tflm]

prints a JSON object: the caps in force, how many models were accepted and refused, and exceptions
that are not ForgeErrors. With "tflm", TensorFlow Lite Micro runs every accepted model of supported
operators, as we write it. A crash or a hang is the parent's to notice.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # a thread reserves address space, which the cap counts

import numpy as np

from tests.corpus import models, tflm
from tests.fuzz.craft import assign, numbers, tree
from tinyforge.errors import ForgeError
from tinyforge.graph.types import Graph
from tinyforge.ops import OPS
from tinyforge.tflite import read, require_quantized, write
from tinyforge.tflite.encoder import Node, encode

CPU_SECONDS = 10
MEMORY_BYTES = 512 << 20

SEED = 20240131


def cap() -> None:
    """From here on, more memory is a MemoryError and more time kills the process."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def truncated() -> Iterable[bytes]:
    """A good model cut off at every byte."""
    good = write(models.classifier(0))
    return (good[:length] for length in range(len(good)))


def flipped() -> Iterable[bytes]:
    """A good model with each byte in turn set to something else."""
    good = write(models.classifier(0))
    rng = np.random.default_rng(SEED)
    for position, difference in enumerate(rng.integers(1, 256, len(good)).tolist()):
        bad = bytearray(good)
        bad[position] ^= difference
        yield bytes(bad)


def offsets() -> Iterable[bytes]:
    """Each aligned word in turn made an extreme or a small offset."""
    good = write(models.classifier(0))
    for position in range(0, len(good) - 3, 4):
        for value in (0, 4, 2**31 - 1, 2**32 - 1):
            yield good[:position] + value.to_bytes(4, "little") + good[position + 4 :]


def spliced() -> Iterable[bytes]:
    """Pieces of two good models copied, moved and repeated at random."""
    sources = [write(models.classifier(0)), write(models.separable(0))]
    rng = np.random.default_rng(SEED)
    for _ in range(4000):
        bad = bytearray(sources[0])
        for _ in range(rng.integers(1, 4)):
            source = sources[rng.integers(2)]
            start, to = rng.integers(len(source)), rng.integers(len(bad))
            piece = source[start : start + rng.integers(1, 65)]
            overwritten = len(piece) * rng.integers(2)
            bad[to : to + overwritten] = piece
        yield bytes(bad)


_EXTREMES: Mapping[type, tuple[int | float | bool, ...]] = {
    bool: (True, False),
    int: (-1, 0, 2, 7, 9999, 2**31 - 1, -(2**31)),
    float: (0.0, -1.0, 1e-45, 1e-30, 1e30, 3e38, float("inf"), float("nan")),
}


def fields() -> Iterable[bytes]:
    """Every number in the tables of a model in turn made an extreme one."""
    return _with_extremes(models.classifier(0), every=1)


def operators() -> Iterable[bytes]:
    """The same for each operator alone, with every third extreme."""
    for op in models.SINGLE:
        yield from _with_extremes(models.single(op, 0), every=3)


def _with_extremes(graph: Graph, *, every: int) -> Iterable[bytes]:
    root = tree(graph)
    for path, before in list(numbers(root)):
        for value in _EXTREMES[type(before)][::every]:
            assign(root, path, value)
            yield from _encoded(root)
        assign(root, path, before)


def _encoded(root: Node) -> Iterable[bytes]:
    try:
        yield encode(root)
    except TypeError:  # the value does not fit the field's type, so no file can hold it
        return


def greedy() -> Iterable[bytes]:
    """Not a model: asks for more memory than the cap allows."""
    yield bytes(MEMORY_BYTES)


def endless() -> Iterable[bytes]:
    """Not a model: never ends."""
    while True:
        pass


JOBS: Mapping[str, Callable[[], Iterable[bytes]]] = {
    job.__name__: job
    for job in (truncated, flipped, offsets, spliced, fields, operators, greedy, endless)
}


def run_in_tflm(graph: Graph) -> None:
    """Runs the model on zeros. It may ask for more arena than there is, which TFLM notices."""
    if all(op.op in OPS for op in graph.operators):
        shapes = (graph.tensors[index].shape for index in graph.inputs)
        with contextlib.suppress(RuntimeError):
            tflm.run(graph, [np.zeros(shape, np.int8) for shape in shapes])


def main(job: str, *, with_tflm: bool) -> None:
    cap()
    verdicts: Counter[str] = Counter()
    unexpected: list[str] = []
    try:
        for data in JOBS[job]():
            try:
                graph = read(data)
                require_quantized(graph)
                read(write(graph))
                verdicts["accepted"] += 1
                if with_tflm:
                    run_in_tflm(graph)
            except ForgeError as error:
                assert error.what
                verdicts["refused"] += 1
            except Exception:
                unexpected.append(traceback.format_exc(limit=-4))
    except MemoryError:
        unexpected.append("MemoryError")
    caps = {
        "cpu": resource.getrlimit(resource.RLIMIT_CPU)[0],
        "memory": resource.getrlimit(resource.RLIMIT_AS)[0],
    }
    report = {"caps": caps, "verdicts": verdicts, "unexpected": unexpected[:5]}
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    main(sys.argv[1], with_tflm="tflm" in sys.argv[2:])
