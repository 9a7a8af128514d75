"""Files with one thing wrong: a valid model's tables, edited before they become bytes."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from tinyforge.graph.types import Graph
from tinyforge.tflite.encoder import Node, encode
from tinyforge.tflite.writer import model_node

# Shortcuts to the one subgraph.
TENSOR = "subgraphs/0/tensors"
OPERATOR = "subgraphs/0/operators"


def edited(graph: Graph, *edits: tuple[str, Any]) -> bytes:
    """The file of the graph after the edits: ("subgraphs/0/tensors/2/buffer", 9999)."""
    root = tree(graph)
    for path, value in edits:
        assign(root, path, value)
    return encode(root)


def tree(graph: Graph) -> Node:
    """The tables of the graph's file, to be edited: a copy in which sequences are lists."""
    root: Node = _thaw(model_node(graph))
    return root


def _thaw(value: Any) -> Any:
    if isinstance(value, Node):
        return Node(value.kind, {name: _thaw(field) for name, field in value.fields.items()})
    if isinstance(value, list | tuple):
        return [_thaw(element) for element in value]
    return copy.copy(value)


def assign(root: Node, path: str, value: Any) -> None:
    """Sets the field or element at the path."""
    *parents, last = path.split("/")
    owner: Any = root
    for step in parents:
        owner = owner.fields[step] if isinstance(owner, Node) else owner[int(step)]
    if isinstance(owner, Node):
        owner = owner.fields
    owner[int(last) if isinstance(owner, list) else last] = value


def numbers(value: Any, path: str = "") -> Iterator[tuple[str, int | float]]:
    """Every number in the tables, with its path; bytes of buffers left out."""
    if isinstance(value, Node):
        for name, field in value.fields.items():
            yield from numbers(field, f"{path}/{name}".lstrip("/"))
    elif isinstance(value, list):
        for position, element in enumerate(value):
            yield from numbers(element, f"{path}/{position}")
    elif isinstance(value, int | float):
        yield path, value
