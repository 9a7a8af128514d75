"""What the shared models may take of a board, measured on the firmware that runs them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.bench.figures import MODELS, Case, result
from tinyforge.bench import baselines
from tinyforge.bench.measure import Result, means
from tinyforge.spec import OptimizeChoice

pytest.importorskip("unicorn")


def results(corpus: Path, core: str, optimize: OptimizeChoice) -> list[Result]:
    known = baselines.load(corpus / "baselines")
    return [result(corpus, Case(m, core, optimize), baselines=known) for m in MODELS]


def require_little_stack(found: Sequence[Result]) -> None:
    for one in found:
        assert 0 < one.stack <= 768, one.model


@pytest.mark.parametrize("core", ["cortex-m0plus", "cortex-m4"])  # the first one spills most
def test_for_speed_they_take_little_stack(core: str, corpus: Path) -> None:
    require_little_stack(results(corpus, core, "speed"))


def test_for_size_they_take_less_than_half_of_the_interpreters_flash(corpus: Path) -> None:
    found = results(corpus, "cortex-m4", "size")
    require_little_stack(found)
    assert means(found)["flash"] <= 0.48
