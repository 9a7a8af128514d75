"""Inputs that people have, and what becomes of each: the table in the shared folder's cases/.

A case is one or two commands, as a user types them, and what they must end in. Every file that
the table names has one.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest


@dataclass(frozen=True)
class Proved:
    """build ends in a proof. data: what a Keras model is calibrated on. accuracy: at least.
    operator: one that the model becomes. alone: of the compiled engine alone."""

    data: str = ""
    options: tuple[str, ...] = ()
    accuracy: float | None = None
    says: str = ""
    operator: str = ""
    alone: bool = False


@dataclass(frozen=True)
class Refused:
    """The command ends with status 2. says: a pattern in what is said; fix: one in the remedy."""

    says: str
    fix: str = ""
    command: str = "build"
    data: str = ""
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pruned:
    """prune ends well; what it prints matches says, and the share of zeros is at least zeros."""

    data: str
    says: str = ""
    zeros: float = 0.7
    options: tuple[str, ...] = ()


Case = Proved | Refused | Pruned

PICTURES = "data/rgb32"
GRAY = "data/gray28"
SMALL = "mixed_f16.npy"  # 16x16x3, 0..1

CASES: dict[str, Case] = {
    "k3_flatten.tflite": Proved(),
    "k3_conv1d.tflite": Proved(),
    "k3_timedist.tflite": Proved(),
    "stream.tflite": Proved(alone=True),
    "multi_out.keras": Proved(data=SMALL, options=("--range", "0..1"), operator="SOFTMAX"),
    "t_int16x8.tflite": Proved(),
    "t_dynrange.tflite": Refused("dynamic-range", "tinyforge quantize"),
    "rescale_in.keras": Proved(data=PICTURES, accuracy=0.99),
    "minus1.keras": Proved(data=PICTURES, accuracy=0.99),
    "minus1_cal01.tflite": Proved(data="in_c_chw.npz", accuracy=0.9, says="channels"),
    "gray_chan.keras": Proved(data="gray4d_lab.npz"),
    "p_bn_drop.keras": Pruned(data=GRAY, says=r"100\.0"),
    "p_nested.keras": Pruned(data=GRAY),
    "p_regress.keras": Pruned(data=GRAY, says="loss"),
    "p_2out.keras": Refused("classes", command="prune", data="gray4d_lab.npz"),
    "lstm.keras": Proved(
        data="lstm.npy", operator="UNIDIRECTIONAL_SEQUENCE_LSTM", says="one operator"
    ),
    "lstm_unroll.keras": Proved(data="data/short.npy", operator="TANH"),
    "mixed_f16.keras": Proved(data=SMALL, operator="CONV_2D", says="converted in float32"),
    "upsample_nearest.keras": Proved(data=SMALL, operator="BROADCAST_TO"),
    "act_elu.keras": Proved(data=SMALL, operator="ELU"),
    "act_exponential.keras": Refused(
        "no firmware can be made of EXP", "use relu", command="quantize", data=SMALL
    ),
    "act_hard_swish.keras": Proved(data=SMALL, operator="HARD_SWISH"),
    "conv1d.keras": Proved(data="conv1d.npy", operator="CONV_2D"),
    "har1d.keras": Proved(data="har.npz", operator="CONV_2D"),
    "plus.keras": Proved(data=SMALL, operator="ADD"),
    "k215_fun.keras": Proved(data=GRAY, operator="LEAKY_RELU"),
    "k215_fun.h5": Proved(data=GRAY, operator="LEAKY_RELU"),
    "t_tfk_notstripped.h5": Proved(data=GRAY, says="strip_pruning"),
    "uint8_input.keras": Proved(data=SMALL, says="uint8"),
    "customlayer.keras": Refused("'Sq' is not known.*your own", "--custom", data=SMALL),
    "dyn_spatial.keras": Refused("not fixed", "--input-shape 32,32,3", data=SMALL),
}
# What else becomes of some.
MORE: list[tuple[str, Case]] = [
    ("dyn_spatial.keras", Proved(data=SMALL, options=("--input-shape", "16,16,3"))),
    ("p_nested.keras", Proved(data=GRAY, options=("--range", "0..1"))),
]
# Data of other cases, named in the table beside them.
BESIDE = {"in_c_chw.npz", "gray4d_lab.npz", "lstm.npy", "mixed_f16.npy", "conv1d.npy", "har.npz"}


def test_every_file_of_the_table_has_a_case(corpus: Path) -> None:
    text = (corpus / "cases" / "README.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| ") and "---" not in line][1:]
    named = {
        name for row in rows for name in re.findall(r"\b[\w.]+\.(?:tflite|keras|h5|np[yz])", row)
    }
    assert named - BESIDE == set(CASES)
    assert all((corpus / "cases" / name).is_file() for name in named)


@pytest.fixture(scope="module")
def folder(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands run: the drawings that make_data.py draws."""
    path = tmp_path_factory.mktemp("cases")
    script = corpus / "cases" / "make_data.py"
    subprocess.run([sys.executable, str(script)], cwd=path, check=True)
    np.save(path / "data" / "short.npy", np.load(corpus / "cases" / "lstm.npy")[:, :8])
    return path


def run(
    arguments: Sequence[str], data: str, corpus: Path, folder: Path, status: int
) -> tuple[dict[str, Any], str]:
    """The command's document, and what it said besides."""
    if data:
        found = folder / data if data.startswith("data/") else corpus / "cases" / data
        arguments = [*arguments, "--data", str(found)]
    shown = subprocess.run(
        [sys.executable, "-m", "tinyforge", *arguments, "--json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == status, shown.stdout + shown.stderr
    assert "Traceback" not in shown.stderr
    return json.loads(shown.stdout), shown.stderr


@pytest.mark.parametrize(("name", "case"), [*CASES.items(), *MORE])
def test_what_becomes_of_it(name: str, case: Case, corpus: Path, folder: Path) -> None:
    model, target = str(corpus / "cases" / name), f"{name}.{type(case).__name__}"
    if isinstance(case, Refused):
        arguments = [case.command, model, "-o", target, *case.options]
        document, _ = run(arguments, case.data, corpus, folder, 2)
        error = document["error"]
        assert re.search(case.says, f"{error['what']} {error['where']}"), error
        assert re.search(case.fix, error["fix"]), error
        assert "--engine" not in error["fix"], error
        assert not (folder / target).exists()
    elif isinstance(case, Pruned):
        arguments = ["prune", model, "-o", f"{target}.keras", *case.options]
        document, said = run(arguments, case.data, corpus, folder, 0)
        assert document["zeros"] >= case.zeros
        assert re.search(case.says, said + json.dumps(document))
    else:
        arguments = ["build", model, "-o", target, *case.options]
        document, said = run(arguments, case.data, corpus, folder, 0)
        proof = document["proof"]
        assert proof["bit_exact"] is True
        assert proof["engine"] == "aot"
        assert ("no tflm engine" in said) == case.alone
        assert case.operator in {"", *(layer["op"] for layer in proof["instructions_by_layer"])}
        assert case.says in said
        if case.accuracy is not None:
            assert proof["accuracy"] >= case.accuracy
