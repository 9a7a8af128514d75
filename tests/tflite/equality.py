"""Equality of graphs, which compare by identity because they hold arrays."""

import numpy as np

from tinyforge.graph.types import Graph


def assert_same_graph(actual: Graph, expected: Graph) -> None:
    """Everything but the names of the two graphs is equal."""
    assert actual.inputs == expected.inputs
    assert actual.outputs == expected.outputs
    for a, e in zip(actual.tensors, expected.tensors, strict=True):
        for field in ("index", "name", "shape", "dtype", "quant", "variable"):
            assert getattr(a, field) == getattr(e, field)
        assert (a.data is None) == (e.data is None), a.name
        if a.data is not None and e.data is not None:
            assert (a.data.dtype, a.data.shape) == (e.data.dtype, e.data.shape)
            np.testing.assert_array_equal(a.data, e.data)
    for x, y in zip(actual.operators, expected.operators, strict=True):
        for field in ("index", "op", "inputs", "outputs"):
            assert getattr(x, field) == getattr(y, field)
        assert dict(x.options) == dict(y.options)
