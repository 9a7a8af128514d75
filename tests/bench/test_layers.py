"""No layer of the shared models is slower on a Cortex-M4 than TensorFlow Lite Micro's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.figures import MODELS, Case, result
from tests.bench.layers import CORE, rows
from tinyforge.bench import baselines

pytest.importorskip("unicorn")


@pytest.mark.parametrize("model", MODELS)
def test_no_layer_is_slower(model: str, corpus: Path) -> None:
    known = baselines.load(corpus / "baselines")
    found = list(rows(result(corpus, Case(model, CORE, "speed"), baselines=known)))
    assert found
    slower = [row for row in found if row.ratio > 1]
    assert not slower
