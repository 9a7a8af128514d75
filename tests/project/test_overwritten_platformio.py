"""`pio test -e sim` fails for every layer whose weights were overwritten."""

from __future__ import annotations

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
    assert len(weighted(made)) >= 3
    for layer in weighted(made):
        (project / WEIGHTS).write_text(overwritten(right, layer))
        with pytest.raises(ForgeError) as caught:
            tested()
        assert "FAIL" in caught.value.what, layer
