"""What models cost in TensorFlow Lite Micro: measured figures, in a folder of csv files.

tflm.csv has a row a model and core, tflm_layers.csv a row a layer; tflm_cycles.csv and
tflm_layer_cycles.csv have estimated cycles of a Cortex-M4. All but the first are of CMSIS-NN alone.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tinyforge.errors import ForgeError
from tinyforge.memory.interpreter import Kernels

_CYCLES_CORE = "cortex-m4"
_NUMBERS = 10  # columns of tflm.csv behind model and core


@dataclass(frozen=True)
class LayerCost:
    """instructions: within 40 of the exact number. cycles: estimated, None for other cores."""

    instructions: int
    cycles: int | None

    def __add__(self, other: LayerCost) -> LayerCost:
        known = self.cycles is not None and other.cycles is not None
        cycles = (self.cycles or 0) + (other.cycles or 0) if known else None
        return LayerCost(self.instructions + other.instructions, cycles)


@dataclass(frozen=True)
class Baseline:
    """One model on one core; instructions and cycles of one inference, the rest in bytes.

    kernels: the interpreter's. cycles: estimated (mid), or None. arena: in use; head: of it, for
    tensors. static_ram: outside of the arena. code: with the registrations that int8 needs.
    layers: by index; none where they were not measured.
    """

    model: str
    core: str
    kernels: Kernels
    instructions: int
    cycles: int | None
    arena: int
    head: int
    static_ram: int
    stack: int
    model_bytes: int
    code: int
    layers: Mapping[int, LayerCost]

    @property
    def ram(self) -> int:
        """All of it."""
        return self.arena + self.static_ram + self.stack

    @property
    def flash(self) -> int:
        """Code and model."""
        return self.model_bytes + self.code


def load(folder: Path) -> tuple[Baseline, ...]:
    """Every row of tflm.csv. ForgeError where a file is missing or holds something else."""
    try:
        cycles = {row["model"]: int(row["cycles_mid"]) for row in _rows(folder / "tflm_cycles.csv")}
        layers = _layers(folder)
        return tuple(_baseline(row, cycles, layers) for row in _models(folder / "tflm.csv"))
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, TypeError, ValueError) as error:
        raise ForgeError(
            f"not usable baselines: {error}",
            where=str(folder),
            fix="give the folder that holds tflm.csv and the three files beside it",
        ) from error


def load_default(folder: Path | None) -> tuple[Baseline, ...]:
    """Those of the folder; none given: of $TINYFORGE_CORPUS/baselines, or none without it."""
    corpus = os.environ.get("TINYFORGE_CORPUS")
    if folder is None and corpus:
        folder = Path(corpus) / "baselines"
    return () if folder is None else load(folder)


def find(baselines: Sequence[Baseline], model: str, core: str) -> Baseline | None:
    """The one with CMSIS-NN; None where the model has none on that core."""
    return next(
        (b for b in baselines if (b.model, b.core, b.kernels) == (model, core, Kernels.CMSIS_NN)),
        None,
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _models(path: Path) -> Iterator[dict[str, str]]:
    """Rows of tflm.csv. A core's name, such as "cortex-m55 (CMSIS-NN, MVE)", may hold a comma, and
    is not quoted."""
    header, *lines = path.read_text(encoding="utf-8").splitlines()
    for line in lines:
        model, rest = line.split(",", 1)
        yield dict(zip(header.split(","), (model, *rest.rsplit(",", _NUMBERS)), strict=True))


# By model and core.
_Layers = Mapping[tuple[str, str], Mapping[int, LayerCost]]


def _layers(folder: Path) -> _Layers:
    cycles = {
        (row["model"], row["layer"]): int(row["cycles_mid"])
        for row in _rows(folder / "tflm_layer_cycles.csv")
    }
    found: dict[tuple[str, str], dict[int, LayerCost]] = {}
    for row in _rows(folder / "tflm_layers.csv"):
        model, layer = row["model"], row["layer"]
        for core in ("cortex-m4", "cortex-m55"):
            estimated = cycles.get((model, layer)) if core == _CYCLES_CORE else None
            instructions = int(row[f"instructions_{core.replace('-', '_')}"])
            of_core = found.setdefault((model, core), {})
            of_core[int(layer)] = LayerCost(instructions, estimated)
    return found


def _baseline(row: Mapping[str, str], cycles: Mapping[str, int], layers: _Layers) -> Baseline:
    model, (core, _, kernels) = row["model"], row["core"].partition(" ")
    reference = "reference" in kernels
    return Baseline(
        model=model,
        core=core,
        kernels=Kernels.REFERENCE if reference else Kernels.CMSIS_NN,
        instructions=round(float(row["instructions_per_inference"])),
        cycles=None if reference or core != _CYCLES_CORE else cycles.get(model),
        arena=int(row["arena_used"]),
        head=int(row["arena_head"]),
        static_ram=int(row["static_ram"]),
        stack=int(row["stack"]),
        model_bytes=int(row["model_bytes"]),
        code=int(row["code_bytes_int8_only"]),
        layers={} if reference else layers.get((model, core), {}),
    )
