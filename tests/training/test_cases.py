"""Keras files that people bring, as far as the .tflite file that quantize makes of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tinyforge import tflite
from tinyforge.cli.ui import Ui
from tinyforge.engines.choose import choose
from tinyforge.errors import ForgeError
from tinyforge.training import Loading
from tinyforge.training.load import load_keras
from tinyforge.training.workflow import quantized_file

OPEN = Loading(shape=(16, 16, 3))


def quantized(corpus: Path, name: str, folder: Path, how: Loading) -> tuple[list[str], str]:
    """The operators of the int8 model of a file, and what was said; calibrated on noise."""
    path = corpus / "cases" / name
    shape = tuple(load_keras(path, how).inputs[0].shape[1:])
    data = folder / "inputs.npy"
    np.save(data, np.random.default_rng(0).random((6, *shape), np.float32))
    said: list[str] = []

    class Told(Ui):
        def note(self, text: str) -> None:
            said.append(text)

    unit = "0..1" if len(shape) > 2 else None  # series are taken as they are
    small = quantized_file(path, str(data), Told(), how=how, range_text=unit).model
    graph = tflite.read(small)
    tflite.require_quantized(graph)
    assert list(choose(graph, "both").engines) == ["aot", "tflm"]
    return [op.op for op in graph.operators], "\n".join(said)


@pytest.mark.parametrize(
    ("name", "operator", "note"),
    [
        ("lstm.keras", "TANH", "unrolled over time: 'lstm'"),
        ("lstm_unroll.keras", "TANH", ""),
        ("mixed_f16.keras", "CONV_2D", "converted in float32"),
        ("upsample_nearest.keras", "BROADCAST_TO", ""),
        ("act_elu.keras", "ELU", ""),
        ("act_hard_swish.keras", "HARD_SWISH", ""),
        ("conv1d.keras", "CONV_2D", ""),
        ("har1d.keras", "CONV_2D", ""),
        ("plus.keras", "ADD", ""),
        ("k215_fun.keras", "LEAKY_RELU", ""),
        ("k215_fun.h5", "LEAKY_RELU", ""),
        ("t_tfk_notstripped.h5", "CONV_2D", "strip_pruning"),
        ("uint8_input.keras", "CONV_2D", "uint8"),
        ("dyn_spatial.keras", "CONV_2D", ""),
        ("multi_out.keras", "SOFTMAX", ""),
        ("p_nested.keras", "CONV_2D", ""),
    ],
)
def test_files_that_convert(
    corpus: Path, tmp_path: Path, name: str, operator: str, note: str
) -> None:
    how = OPEN if name == "dyn_spatial.keras" else Loading()
    operators, said = quantized(corpus, name, tmp_path, how)
    assert operator in operators
    assert note in said


@pytest.mark.parametrize(
    ("name", "what", "fix"),
    [
        ("act_exponential.keras", "no firmware can be made of EXP", "use relu"),
        ("customlayer.keras", "'Sq' is not known.*your own", "--custom"),
        ("dyn_spatial.keras", "not fixed", "--input-shape 32,32,3"),
    ],
)
def test_files_that_are_refused_once(
    corpus: Path, tmp_path: Path, name: str, what: str, fix: str
) -> None:
    with pytest.raises(ForgeError, match=what) as error:
        quantized(corpus, name, tmp_path, Loading())
    assert fix in error.value.fix and "--engine" not in error.value.fix
