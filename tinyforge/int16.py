"""Layers of an int8 model whose values have 16 bits, by the names that a user gives."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tinyforge import tflite
from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.graph.wide import layer_named, with_int16
from tinyforge.source import open_tflite
from tinyforge.stages import Stages


def in_int16(graph: Graph, layers: Sequence[str]) -> Graph:
    """The graph with the outputs of these layers in int16. layers: numbers, or parts of names; none
    gives the very same. ForgeError where one of them cannot be."""
    if not layers:
        return graph
    made = with_int16(graph, [layer_named(graph, text) for text in layers])
    tflite.require_quantized(made)
    return made


def int16_file(path: Path, layers: Sequence[str], stages: Stages, *, others: bool) -> bytes:
    """The same of a .tflite file. others: whether more is asked for, which needs a Keras model."""
    if others or not layers:
        raise ForgeError(
            "this is a .tflite file, quantized already: --int16 is all that can be done with it",
            where=str(path),
            fix=f"tinyforge inspect {path} --explain says what its layers lose; tinyforge build "
            f"{path} makes firmware of it",
        )
    return tflite.write(in_int16(open_tflite(path, stages).graph, layers))
