"""The options that commands share and that belong together, spelled once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyforge import spec
from tinyforge.cli.flat import Group
from tinyforge.cli.options import (
    App,
    Board,
    Custom,
    Data,
    Engine,
    Feed,
    InputShape,
    LayerTests,
    Machine,
    Optimize,
    Output,
    Range,
    Seed,
    TflmLibrary,
    Toolchain,
    Trust,
    WeightsInRam,
)

if TYPE_CHECKING:
    from tinyforge.training.settings import Loading


class Settings(Group):
    """Options that are settings of the same names; None: not given."""


@dataclass(frozen=True)
class Target(Settings):
    """Where what is made goes, and the board that it is for."""

    output: Output = None
    board: Board = None


@dataclass(frozen=True)
class Firmware(Settings):
    """What of a model's firmware there is."""

    engine: Engine = None
    app: App = None


@dataclass(frozen=True)
class Dataset(Settings):
    """What the model is for, and how it takes that."""

    data: Data = None
    range: Range = None


@dataclass(frozen=True)
class Kernels(Settings):
    """What the compiled engine chooses its kernels for."""

    optimize: Optimize = None
    feed: Feed = None


@dataclass(frozen=True)
class BoardKernels(Kernels):
    """Of a board, whose RAM may hold their tables."""

    weights_in_ram: WeightsInRam = None


@dataclass(frozen=True)
class Extras(Settings):
    """What a project may be made with."""

    layer_tests: LayerTests = None
    tflm_library: TflmLibrary = None


@dataclass(frozen=True)
class Proving(Settings):
    """What firmware is compiled and run with."""

    toolchain: Toolchain = None
    machine: Machine = None
    seed: Seed = None


def settle(config: Path | None, *groups: Settings, **given: Any) -> spec.Spec:
    """The settings file, with what groups of options give, and settings that are in none."""
    grouped = {name: value for group in groups for name, value in vars(group).items()}
    return spec.settle(config, **grouped, **given)


@dataclass(frozen=True)
class Keras(Group):
    """How a Keras model is loaded."""

    trust_model: Trust = False
    input_shape: InputShape = None
    custom: Custom = None

    def loading(self) -> Loading:
        """ForgeError for a shape that is none."""
        from tinyforge.training.settings import Loading, shape_of

        return Loading(self.trust_model, shape_of(self.input_shape), self.custom)
