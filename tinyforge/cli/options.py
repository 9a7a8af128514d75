"""The options that commands share, spelled once."""

from pathlib import Path
from typing import Annotated

import typer

from tinyforge.spec import (
    MOST_SEED,
    AppChoice,
    EngineChoice,
    FeedChoice,
    MachineChoice,
    OptimizeChoice,
    ToolchainChoice,
)

Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout, and nothing else there.")
]
Debug = Annotated[
    bool, typer.Option("--debug", help="Show tracebacks, and what TensorFlow and tools print.")
]
Config = Annotated[
    Path | None,
    typer.Option("--config", help="A settings file; tinyforge.toml here is read by itself."),
]
Output = Annotated[
    str | None, typer.Option("--output", "-o", help="The folder or file to write.", metavar="PATH")
]
Board = Annotated[
    str | None,
    typer.Option("--board", help="A board's id, or a board's .toml. [default: nrf52840_dk]"),
]
Engine = Annotated[
    EngineChoice | None, typer.Option("--engine", help="How the model runs. [default: both]")
]
App = Annotated[
    AppChoice | None,
    typer.Option("--app", help="The application around the model. [default: classify]"),
]
Toolchain = Annotated[
    ToolchainChoice | None,
    typer.Option("--toolchain", help="The cross compiler. [default: zig, else gcc]"),
]
Optimize = Annotated[
    OptimizeChoice | None,
    typer.Option(
        "--optimize", help="What kernels are chosen and compiled for. [default: balanced]"
    ),
]
WeightsInRam = Annotated[
    str | None,
    typer.Option(
        "--weights-in-ram",
        help="Copy weights to RAM at boot where flash is slow: auto, none, or at most so many "
        "bytes. [default: auto: for speed, half of what is left]",
        metavar="BYTES",
    ),
]
Explain = Annotated[
    bool, typer.Option("--explain", help="Show which kernel each layer got, and why.")
]
Feed = Annotated[
    FeedChoice | None,
    typer.Option("--feed", help="How the input comes: whole, or row by row. [default: frame]"),
]
Hop = Annotated[
    int | None,
    typer.Option(
        "--hop",
        help="By how many rows a window moves on: the model takes these alone and keeps what it "
        "needs of the others. [default: whole windows]",
        metavar="ROWS",
        min=1,
    ),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace generated files that were edited by hand.")
]
UpdateOf = Annotated[
    Path | None,
    typer.Option(
        "--update-of",
        help="An older project whose self-test's inputs are kept, so that an update is small.",
        metavar="PROJECT",
    ),
]
LayerTests = Annotated[
    bool | None,
    typer.Option(
        "--layer-tests/--no-layer-tests",
        help="Unit tests of each layer in the project. [default: none]",
    ),
]
TflmLibrary = Annotated[
    str | None,
    typer.Option(
        "--tflm-library",
        help="Where the interpreter comes from: a folder with a PlatformIO library, or "
        "owner/name@version. [default: what the board's framework has]",
        metavar="LIBRARY",
    ),
]
Machine = Annotated[
    MachineChoice | None,
    typer.Option(
        "--machine",
        help="What runs the firmware. [default: unicorn, else qemu, as the core needs]",
    ),
]
Core = Annotated[
    str | None,
    typer.Option(
        "--core",
        help="Another core than the board's to prove the C on, e.g. cortex-m55.",
        metavar="CORE",
    ),
]
Seed = Annotated[
    int | None,
    typer.Option("--seed", help="Same seed, same result. [default: 0]", min=0, max=MOST_SEED),
]
Data = Annotated[
    str | None,
    typer.Option(
        "--data",
        help="doodles, quickdraw, a folder of pictures, a .npz, .npy or .csv file, or "
        "FILE.py:FUNCTION, which is run.",
    ),
]
Range = Annotated[
    str | None,
    typer.Option(
        "--range",
        help="What the model takes pixels as: 0..1, 0..255, -1..1, or mean,std; or values, for "
        "numbers as they are. [default: found out, and told]",
        metavar="RANGE",
    ),
]
AcceptAccuracy = Annotated[
    bool,
    typer.Option("--accept-accuracy", help="Go on where accuracy drops by more than 5 points."),
]
Inputs = Annotated[
    Path | None,
    typer.Option(
        "--inputs",
        help="What to prove on: a .npz with inputs (the model's integers or real values), perhaps "
        "labels and outputs; or any data that --data takes.",
    ),
]
Quick = Annotated[
    bool, typer.Option("--quick", help="Fewer drawings and epochs; everything else the same.")
]
Trust = Annotated[
    bool,
    typer.Option("--trust-model", help="Load a Keras model that may run code hidden in it."),
]
InputShape = Annotated[
    str | None,
    typer.Option(
        "--input-shape", help="The size of an input that the model leaves open.", metavar="H,W,C"
    ),
]
Custom = Annotated[
    Path | None,
    typer.Option("--custom", help="A .py file, which is run, with Keras layers of your own."),
]
