"""What the shared models may take of a board, measured on the firmware that runs them."""

from __future__ import annotations

from pathlib import Path
from statistics import geometric_mean

import pytest

from tests.bench.flash import flash_ratio
from tests.bench.instructions import CMSIS_NN, MODELS, baselines, proof_of
from tinyforge.proof.record import Proof
from tinyforge.spec import OptimizeChoice

pytest.importorskip("unicorn")


def proofs(corpus: Path, core: str, optimize: OptimizeChoice) -> dict[str, Proof]:
    return {model: proof_of(corpus, model, "zig", core=core, optimize=optimize) for model in MODELS}


def require_little_stack(found: dict[str, Proof]) -> None:
    for model, proof in found.items():
        assert proof.ram is not None
        assert proof.ram.stack is not None
        assert 0 < proof.ram.stack <= 768, model


@pytest.mark.parametrize("core", ["cortex-m0plus", "cortex-m4"])  # the first one spills most
def test_for_speed_they_take_little_stack(core: str, corpus: Path) -> None:
    require_little_stack(proofs(corpus, core, "speed"))


def test_for_size_they_take_less_than_half_of_the_interpreters_flash(corpus: Path) -> None:
    found, tflm = proofs(corpus, "cortex-m4", "size"), baselines(corpus)
    require_little_stack(found)
    ratios = [flash_ratio(proof, tflm[model, CMSIS_NN]) for model, proof in found.items()]
    assert geometric_mean(ratios) <= 0.48
