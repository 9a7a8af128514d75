"""Small reports, made by hand, that the tests of this folder share."""

from dataclasses import replace

import numpy as np

from tinyforge.boards.timing import Milliseconds, Timing
from tinyforge.proof.record import (
    Arena,
    ArenaSlot,
    Difference,
    EngineCost,
    Flash,
    LayerProof,
    Proof,
    Ram,
)
from tinyforge.report.record import (
    Comparison,
    DemoReport,
    Device,
    Drawing,
    Kernel,
    RealDrawings,
    Report,
    Training,
    Unmade,
    Variant,
)
from tinyforge.sim.cycles.count import Cycles
from tinyforge.training.noise.record import (
    Channel,
    Explained,
    Finding,
    Finer,
    LayerNoise,
    Weights,
)

_CONV = LayerProof(0, "CONV_2D", "net/conv/Relu;net/conv/bias", (1, 4, 4, 8), 1152, 128, True, 3000)
_DENSE = LayerProof(1, "FULLY_CONNECTED", "net/dense", (1, 2), 256, 2, True, 1000)

PROOF = Proof(
    model="tiny",
    engine="aot",
    board="nrf52840_dk",
    core="cortex-m4",
    machine="unicorn 2.1.4",
    toolchain="zig 0.15.1",
    oracle="tflite-micro 0.dev20260101",
    inputs=1000,
    layers=2,
    bit_exact=True,
    first_difference=None,
    accuracy=0.9875,
    arena=Arena(
        144, 144, 144, (ArenaSlot("net/conv/Relu", 0, 128, 0, 1), ArenaSlot("input", 128, 16, 0, 0))
    ),
    ram=Ram(arena=144, weights=0, data_bss=100, stack=300, total=544, limit=262144),
    flash=Flash(code=5000, weights=400, test_vectors=64, total=5500, limit=1048576),
    instructions=4100,
    instructions_min=4090,
    instructions_max=4110,
    cycles=Cycles(low=5100, mid=5300, high=5600),
    time=Timing("nrf52840_dk", 64, None, Milliseconds(0.08, 0.16), None, "not simulated: a range"),
    instructions_by_layer=(_CONV, _DENSE),
    accesses=2345,
)

DIFFERING = replace(
    PROOF,
    bit_exact=False,
    first_difference=Difference(17, 0, "CONV_2D", "net/conv/Relu", (0, 1, 2, 3), -12, -11),
    instructions_by_layer=(replace(_CONV, bit_exact=False), _DENSE),
)

# What a machine shows that can neither count nor look into memory.
BARE = replace(
    PROOF,
    machine="native",
    accuracy=None,
    arena=Arena(144, None, 128, ()),
    ram=None,
    flash=None,
    instructions=None,
    instructions_min=None,
    instructions_max=None,
    cycles=None,
    time=None,
    instructions_by_layer=(),
    accesses=None,
)

# Both engines, the interpreter's firmware not built; and built.
COMPILED = EngineCost("aot", 144, 544, 5500, 4100)
ARENA_ALONE = (COMPILED, EngineCost("tflm", 1600))
MEASURED = (COMPILED, EngineCost("tflm", 1600, 2720, 66000, 9430))

_CONFUSION = ((480, 20), (5, 495))
_TRAINING = (Training("prune", (0.5, 0.25)), Training("recover 1", (0.125,)))


def _kernels(zeros: float, snr: float | None) -> tuple[Kernel, ...]:
    return (Kernel("CONV_2D", "net/conv/Relu", 8, zeros, snr),)


VARIANTS = (
    Variant(
        "float", 40000, 36000, 9000, 0.9968, None, "the engines run int8",
        _CONFUSION, _kernels(0, None),
    ),
    Variant(
        "pruned", 40000, 15000, 2250, 0.9951, None, "the engines run int8",
        None, _kernels(0.75, None), _TRAINING,
    ),
    Variant(
        "int8", 13000, 10000, 8990, 0.9966,
        Device(22000, 3544, 8200, 10600, Milliseconds(0.16, 0.32), None, 1000, "unicorn 2.1.4"),
        "", _CONFUSION, _kernels(0, 40.25),
    ),
    Variant(
        "pruned+int8", 13000, 5000, 2249, 0.9766,
        Device(5500, 544, 4100, 5300, Milliseconds(0.08, 0.16), None, 1000, "unicorn 2.1.4"),
        "", None, _kernels(0.75, 38), _TRAINING,
    ),
)  # fmt: skip
COMPARISON = Comparison(
    model="tiny",
    board="nrf52840_dk",
    core="cortex-m4",
    measure="accuracy",
    held_out=1000,
    data="doodles",
    range="0..1",
    classes=("Eiffel Tower", "Mona Lisa"),
    variants=VARIANTS,
    unmade=(Unmade("smallest", "it cannot be made"),),
)

NOISE = LayerNoise(
    layer=3,
    op="DEPTHWISE_CONV_2D",
    name="model/a_layer_with_a_long_name/Relu6;more",
    snr=21.04,
    own=38.5,
    held=(-12.345, 1234.4),
    seen=(-3.0, 12.0),
    unused=0.875,
    saturated=0.125,
    worst=(Channel(127, -3.2), Channel(4, None)),
    widest=7,
    times_median=33.0,
    median_own=12.0,
    weights=Weights(41.2, Channel(5, 12.0), poor=1, per_channel=True),
)
EXPLAINED = Explained(
    (replace(NOISE, layer=None, op="INPUT", name="seen"), NOISE),
    2,
    (Finding("outlier", "layer 3", "channel 7 reaches far", "bring it nearer"),),
    samples=8,
    calibrated=100,
    finer=(Finer(3, NOISE.name, -1.25, 36.5),),
)

_RAMP = np.arange(28 * 28, dtype=np.uint8).reshape(28, 28)


def build(proof: Proof = PROOF) -> Report:
    return Report(board=proof.board, engine=proof.engine, proof=proof, seconds=4.126)


def demo(proof: Proof = PROOF) -> DemoReport:
    return DemoReport(
        board=proof.board,
        engine="both",
        proof=proof,
        seconds=93.416,
        facts=(("seed", "0"),),
        comparison=COMPARISON,
        real_drawings=RealDrawings(1014, 0.984),
        samples=(Drawing(_RAMP, "Mona Lisa", "Mona Lisa"),),
        mistakes=(Drawing(_RAMP, "Mona Lisa", "Eiffel Tower"),),
    )


def named(text: str) -> DemoReport:
    """A demo in which every name from outside is this text."""
    proof = replace(
        DIFFERING,
        model=text,
        machine=text,
        toolchain=text,
        oracle=text,
        first_difference=Difference(0, 0, text, text, (0,), 1, 2),
        arena=replace(PROOF.arena, slots=(ArenaSlot(text, 0, 128, 0, 1),)),
        instructions_by_layer=tuple(
            replace(layer, op=text, name=text) for layer in PROOF.instructions_by_layer
        ),
    )
    return replace(
        demo(proof),
        board=text,
        facts=((text, text),),
        comparison=replace(
            COMPARISON,
            variants=(Variant(text, 10, 5, 1, 0.5, None, text),),
            unmade=(Unmade(text, text),),
        ),
        samples=(Drawing(_RAMP, text, text),),
        mistakes=(Drawing(_RAMP, text, text + "!"),),
    )
