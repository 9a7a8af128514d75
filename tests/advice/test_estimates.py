"""What is estimated of the shared models without building them is near what is counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.figures import MODELS
from tinyforge import boards
from tinyforge.advice.figures import counted
from tinyforge.cli.ui import Ui
from tinyforge.sim.toolchains import gcc
from tinyforge.source import open_tflite
from tinyforge.spec import OptimizeChoice, Spec, ToolchainChoice

pytest.importorskip("unicorn")
pytest.importorskip("tflite_micro")

M4, M0_PLUS = "nrf52840_dk", "pico"
# Of size, one estimate stands for two compilers, which differ by up to a third.
SIZE, OTHERS = 0.2, 0.05


@pytest.mark.parametrize(
    ("board", "compiler", "optimize", "tolerance"),
    [
        (M4, "zig", "size", SIZE),
        (M4, "gcc", "size", SIZE),
        (M4, "gcc", "balanced", OTHERS),
        (M0_PLUS, "gcc", "size", SIZE),
    ],
)
@pytest.mark.parametrize("model", MODELS)
def test_cycles_are_about_as_estimated(
    model: str,
    board: str,
    compiler: ToolchainChoice,
    optimize: OptimizeChoice,
    tolerance: float,
    corpus: Path,
) -> None:
    if compiler == "gcc" and not gcc.installed():
        pytest.skip("needs arm-none-eabi-gcc")
    source = open_tflite(corpus / "models" / f"{model}.tflite", Ui())
    settings = Spec(optimize=optimize, toolchain=compiler, board=board)
    tried = counted(source, settings, boards.load(board))
    assert tried.planned.unit == tried.figures.unit
    assert tried.planned.cost == pytest.approx(tried.figures.cost, rel=tolerance)
