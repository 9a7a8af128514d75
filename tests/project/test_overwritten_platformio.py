"""`pio test -e sim` fails for every layer whose weights were overwritten, and for every table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.corpus import models
from tests.proof.test_overwritten import WEIGHTS, overwritten, weighted, written
from tinyforge.errors import ForgeError
from tinyforge.project.pio import run_pio
from tinyforge.tflite import write


def test_no_layer_s_weights_can_be_overwritten(core_dir: None, tmp_path: Path) -> None:
    model = tmp_path / "model.tflite"
    model.write_bytes(write(models.residual(1)))
    made, _, project = written(model, tmp_path)
    right = (project / WEIGHTS).read_text()

    def tested() -> str:
        return run_pio(project, "test", "-f", "test_golden", environment="sim").output

    said = tested()
    assert "golden_0" in said
    assert "layers" in said
    tables = re.findall(r"(\w+)\[\d+\] = {", right)
    assert all(table in said for table in tables)
    assert len(weighted(made)) >= 3
    for layer in weighted(made):
        (project / WEIGHTS).write_text(overwritten(right, layer))
        with pytest.raises(ForgeError) as caught:
            tested()
        assert "FAIL" in caught.value.what, layer


def test_one_element_of_a_table_that_is_one_more_is_found(core_dir: None, tmp_path: Path) -> None:
    """Whatever the golden vectors see of it: its table's own test fails."""
    model = tmp_path / "model.tflite"
    model.write_bytes(write(models.residual(1)))
    _, _, project = written(model, tmp_path)
    right = (project / WEIGHTS).read_text()
    tables = re.findall(r"(\w+)\[\d+\] = {", right)
    for table in (tables[0], tables[-1]):
        wrong = re.sub(rf"({table}\[\d+\] = {{\s*)(-?\d+)", one_more, right, count=1)
        (project / WEIGHTS).write_text(wrong)
        with pytest.raises(ForgeError) as caught:
            run_pio(project, "test", "-f", "test_golden", environment="sim")
        assert table in caught.value.what, table


def one_more(found: re.Match[str]) -> str:
    value = int(found[2])
    return f"{found[1]}{value - 1 if value > 0 else value + 1}"
