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
    """build ends in a proof. data: what a Keras model is calibrated on. accuracy: at least."""

    data: str = ""
    options: tuple[str, ...] = ()
    accuracy: float | None = None
    says: str = ""


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
    "stream.tflite": Proved(),
    "multi_out.keras": Proved(data=SMALL, options=("--range", "0..1")),
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
    "lstm.keras": Proved(data="lstm.npy"),
    "lstm_unroll.keras": Proved(data="data/short.npy"),
    "mixed_f16.keras": Proved(data=SMALL),
    "upsample_nearest.keras": Proved(data=SMALL),
    "act_elu.keras": Proved(data=SMALL),
    "act_exponential.keras": Refused("EXP", command="quantize", data=SMALL),
    "act_hard_swish.keras": Proved(data=SMALL),
    "conv1d.keras": Proved(data="conv1d.npy"),
    "har1d.keras": Proved(data="har.npz"),
    "plus.keras": Proved(data=SMALL),
    "k215_fun.keras": Proved(data=GRAY),
    "k215_fun.h5": Proved(data=GRAY),
    "t_tfk_notstripped.h5": Proved(data=GRAY, says="strip_pruning"),
    "uint8_input.keras": Proved(data=SMALL),
    "customlayer.keras": Refused("Sq", "--custom", data=SMALL),
    "dyn_spatial.keras": Refused("size", "--input-shape", data=SMALL),
}
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


@pytest.mark.parametrize("name", CASES)
def test_what_becomes_of_it(name: str, corpus: Path, folder: Path) -> None:
    case, model = CASES[name], str(corpus / "cases" / name)
    if isinstance(case, Refused):
        arguments = [case.command, model, "-o", f"{name}.out", *case.options]
        document, _ = run(arguments, case.data, corpus, folder, 2)
        error = document["error"]
        assert re.search(case.says, f"{error['what']} {error['where']}"), error
        assert re.search(case.fix, error["fix"]), error
        assert not (folder / f"{name}.out").exists()
    elif isinstance(case, Pruned):
        arguments = ["prune", model, "-o", f"{name}.out.keras", *case.options]
        document, said = run(arguments, case.data, corpus, folder, 0)
        assert document["zeros"] >= case.zeros
        assert re.search(case.says, said + json.dumps(document))
    else:
        arguments = ["build", model, "-o", f"{name}.out", *case.options]
        document, said = run(arguments, case.data, corpus, folder, 0)
        assert document["proof"]["bit_exact"] is True
        assert document["proof"]["engine"] == "aot"
        assert case.says in said
        if case.accuracy is not None:
            assert document["proof"]["accuracy"] >= case.accuracy
