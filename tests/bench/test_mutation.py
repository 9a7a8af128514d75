"""The bench of single changes, on a small model: no change is unseen and unnamed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.mutation import Verdict, elements, judge
from tests.corpus import models
from tinyforge.proof.record import ConstantCoverage
from tinyforge.tflite import write


def test_what_is_missed_is_found_by_name() -> None:
    known = ConstantCoverage(2, "forge_layer_2_weights", 9, 5, "0-2, 7")
    assert elements(known) == {"0", "1", "2", "7"}
    assert elements(ConstantCoverage(2, "w", 9, 5, "1/3-4, 2/8", pairs=True)) == {
        "1/3",
        "1/4",
        "2/8",
    }
    assert elements(ConstantCoverage(2, "layer_2", 9, 5, "window.pad_top, groups")) == {
        "window.pad_top",
        "groups",
    }


def test_no_change_is_unseen_and_unnamed(tmp_path: Path) -> None:
    pytest.importorskip("unicorn")
    model = tmp_path / "residual.tflite"
    model.write_bytes(write(models.residual(1)))
    found = judge(model, 16, seed=1)
    assert len(found) == 16
    assert not [one for one in found if one.hole]
    assert sum(one.verdict is Verdict.GOLDEN for one in found) >= 4
    assert any(one.listed for one in found if one.verdict is not Verdict.GOLDEN)
