"""Layers over several pictures at once, on the machines."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus.pictures import KINDS, pictures
from tests.proof.test_stateful import proved
from tinyforge.graph.passes import adapt
from tinyforge.tflite import read_file

pytest.importorskip("tflite_micro")
pytest.importorskip("unicorn")


@pytest.mark.parametrize("kind", KINDS)
def test_layers_over_several_pictures_are_proved(kind: str) -> None:
    assert proved("native", pictures(kind, 3)).bit_exact


@pytest.mark.parametrize("kind", ["larger", "several"])
def test_several_pictures_are_proved_on_cores(kind: str) -> None:
    for machine, core in (("unicorn", "cortex-m4"), ("qemu", "cortex-m55")):
        assert proved(machine, pictures(kind, 3), core=core).bit_exact


def test_time_distributed_layers_are_proved(corpus: Path) -> None:
    """The first layers' pictures of 784 bytes, eight of them, are never all there."""
    found = proved("unicorn", adapt(read_file(corpus / "cases/k3_timedist.tflite")[1])[0])
    assert found.bit_exact
    assert found.arena.planned <= 4200  # 2,048 of them the input
