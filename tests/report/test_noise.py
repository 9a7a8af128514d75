"""The table of what int8 adds fits a terminal, and names layers, findings and cures."""

import io

from rich.console import Console

from tests.report.samples import NOISE as LAYER
from tinyforge.report.noise import NoiseTable
from tinyforge.training.noise.record import (
    Explained,
    Finding,
    Finer,
)


def shown(said: Explained) -> str:
    stream = io.StringIO()
    Console(file=stream, width=80, highlight=False, markup=False).print(NoiseTable(said))
    return stream.getvalue()


def test_every_figure_of_a_layer_is_shown_whole() -> None:
    text = shown(Explained((LAYER,), 2, (), samples=8, calibrated=100))
    (row,) = [line for line in text.splitlines() if "a_layer" in line]
    figures = ["3", "21.0", "38.5", "41.2", "-12.3..1234", "88 %", "12.5 %", "127: -3.2"]
    assert all(figure in row for figure in figures)
    assert "on 8 samples" in text and "1 of 2 layers compared" in text
    assert "Nothing stands out" in text


def test_findings_come_with_cures() -> None:
    finding = Finding("outlier", "layer 3", "channel 7 reaches far", "bound it")
    text = shown(Explained((LAYER,), 1, (finding,), samples=1, calibrated=1))
    assert "outlier: layer 3: channel 7 reaches far.\n  cure: bound it" in text
    assert "Nothing" not in text and "compared: the" not in text


def test_a_layer_that_gains_by_16_bits_is_a_cure_with_figures() -> None:
    gain = Finer(3, LAYER.name, 12.34, 31.0)
    text = shown(Explained((LAYER,), 1, (), samples=1, calibrated=1, finer=(gain,)))
    assert "16 bits: layer 3 'a_layer_with_a_long_name/Relu6': with its" in text
    assert "31.0 dB" in text and "12.3" in text
    assert "cure: tinyforge quantize --int16 3" in text


def test_what_a_file_alone_tells_is_said_to_be_that() -> None:
    text = shown(Explained((LAYER,), 1, (), samples=8, calibrated=None))
    assert "the same weights in float against int8" in text and "about what int8 left" in text
    bare = shown(Explained((), 1, (), samples=0, calibrated=None, unmeasured="no data"))
    assert "Layers are not compared: no data." in bare and "dB" not in bare
