"""A classifier's answers in words; models that are none say nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.corpus import models
from tests.firmware import sanitized
from tests.firmware.spoken import spoken
from tests.firmware.test_application import answers, frames
from tinyforge.engines.aot import compiled
from tinyforge.graph import Graph, Quant
from tinyforge.memory.search import plan
from tinyforge.project.model_files import Golden, model_files

GRAPH = models.classifier(7)


def said(graph: Graph, labels: tuple[str, ...], tmp_path: Path) -> tuple[list[str], list[str]]:
    """What the application printed after the self-test, and what it should have."""
    inputs = frames(graph, 6)
    outputs = answers(graph, inputs)
    files = {
        **compiled(plan(graph)).files,
        **model_files(graph, labels, Golden(inputs[:1], outputs[:1])),
    }
    done = sanitized.run(sanitized.build_application(files, tmp_path), inputs.tobytes())
    assert done.returncode == 0, done.stderr
    assert done.stdout == outputs.tobytes()
    lines = done.stderr.decode().splitlines()[1:]
    return lines, spoken(outputs, graph.output_tensors[0], labels)


@pytest.mark.parametrize("labels", [(), ("circle", "cross 2", "squ\u00e9", "d")])
def test_the_class_and_its_score(labels: tuple[str, ...], tmp_path: Path) -> None:
    scores = GRAPH.output_tensors[0].size
    lines, expected = said(GRAPH, labels[:scores], tmp_path)
    assert lines == expected
    assert len({line.rpartition(" ")[0] for line in lines}) > 1


def test_scores_that_are_no_probabilities_have_signs(tmp_path: Path) -> None:
    last = GRAPH.operators[-1]
    graph = replace(GRAPH, operators=GRAPH.operators[:-1], outputs=(last.inputs[0],))
    labels = tuple("abcdefghij"[: graph.output_tensors[0].size])
    lines, expected = said(graph, labels, tmp_path)
    assert lines == expected
    assert any(" -" in line for line in lines)
    nothing, _ = said(graph, (), tmp_path / "unnamed")
    assert nothing == [], "no classifier, as far as one can tell"


def test_one_score_tells_two_classes_apart() -> None:
    quant = Quant((1 / 256,), (-128,))
    output = replace(GRAPH.output_tensors[0], shape=(1, 1), quant=quant)
    assert spoken(np.array([[-128], [-1], [0], [127]]), output, ("no", "yes")) == [
        "no 1.000",
        "no 0.504",
        "yes 0.500",
        "yes 0.996",
    ]
