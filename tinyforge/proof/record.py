"""The record of one verification. Everything a report shows comes from here.

Field names are the keys of `--json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tinyforge.boards.timing import BoardCycles, Timing
from tinyforge.sim.cycles.count import Cycles


@dataclass(frozen=True)
class LayerProof:
    """One layer: what it is, what it cost, whether every byte of it equals the oracle's.

    instructions: mean over the inputs, rounded; None where the machine cannot count. cycles: as
    those of the Proof. simulated: clock cycles on the board of the Proof's time, where simulated.
    within: the layer in which it runs, pixel by pixel, and which has its costs; its output is never
    there, so bit_exact is None. removed: channels that its output lost.
    """

    index: int
    op: str
    name: str
    output_shape: tuple[int, ...]
    macs: int
    output_bytes: int
    bit_exact: bool | None
    instructions: int | None
    cycles: Cycles | None = None
    simulated: int | None = None
    within: int | None = None
    removed: int = 0


@dataclass(frozen=True)
class ArenaSlot:
    """One stretch of the arena, for the memory timeline: alive from step first to last."""

    name: str
    offset: int
    nbytes: int
    first: int
    last: int


@dataclass(frozen=True)
class Arena:
    """planned: bytes the planner decided on. touched: bytes the run wrote (None: not seen).

    own: the most that a layer has for itself; it may need less than that, for some inputs.
    lower_bound: no placement can need less. least: nor, whichever rows are handed on; None where
    not every choice was tried. steps: the layers (operator indices) in the order in which they
    take their steps. None, no slots and no steps where the interpreter plans.
    """

    planned: int
    touched: int | None
    lower_bound: int | None
    slots: tuple[ArenaSlot, ...]
    steps: tuple[int, ...] = ()
    least: int | None = None
    own: int = 0

    @property
    def as_planned(self) -> bool:
        """Whether the run touched what was planned, as far as that was seen."""
        return self.touched is None or self.planned - self.own <= self.touched <= self.planned


@dataclass(frozen=True)
class Ram:
    """All RAM in bytes: arena, the model's tables that lie there, other .data and .bss, stack
    high-water mark; the board's limit."""

    arena: int
    weights: int
    data_bss: int
    stack: int | None
    total: int
    limit: int


@dataclass(frozen=True)
class Flash:
    """All flash in bytes: code, the model's weights, self-test vectors; the board's limit."""

    code: int
    weights: int
    test_vectors: int
    total: int
    limit: int


@dataclass(frozen=True)
class Difference:
    """The first element that differs from the oracle."""

    input: int
    layer: int
    op: str
    name: str
    index: tuple[int, ...]
    expected: int | float
    actual: int | float


@dataclass(frozen=True)
class LayerCoverage:
    """Single changes of a layer that were tried, and how many of them the self-test sees.

    unseen: kinds of changes of which one is not seen. answers: how many show in answers alone.
    """

    layer: int
    op: str
    name: str
    mutants: int
    seen: int
    unseen: tuple[str, ...]
    answers: int


@dataclass(frozen=True)
class ConstantCoverage:
    """A table of the firmware, a structure, or the pairs of a table's rows: how many elements,
    members or pairs there are, and of how many the self-test sees whatever else stands in the place
    of that one alone (of a pair: each in the other's place). Of a table that packs constants of the
    model into words these are looked at, "forge_layer_3_stream (weights)", in the model's order.

    missed: the others, "0-3, 17", members' names, or "2/5-7"; it may miss those, or was not asked.
    pairs: whether these are pairs.
    """

    layer: int
    constant: str
    count: int
    seen: int
    missed: str
    pairs: bool = False


@dataclass(frozen=True)
class Coverage:
    """What the golden vectors that a project carries see: so many vectors, of so many input bytes
    each; of all mutants of the model so many. layers: those that have code. constants: all of the
    compiled model; none where only an interpreter runs it."""

    vectors: int
    vector_bytes: int
    mutants: int
    seen: int
    layers: tuple[LayerCoverage, ...]
    constants: tuple[ConstantCoverage, ...] = ()


@dataclass(frozen=True)
class Channels:
    """Channels that the compiled model is without, of so many that layers with weights make.

    constant: those that cannot vary; unread: others that nobody reads. weight_bytes, macs: what
    went with them, of constants and of multiply-accumulates.
    """

    constant: int
    unread: int
    of: int
    weight_bytes: int
    macs: int


@dataclass(frozen=True)
class EngineCost:
    """What the model takes with one engine: bytes of its arena, of all RAM and of all flash;
    instructions of one inference, on average. None: not measured, where no firmware with the engine
    is there, or the machine cannot."""

    engine: str
    arena: int
    ram: int | None = None
    flash: int | None = None
    instructions: int | None = None


@dataclass(frozen=True, kw_only=True)
class Proof:
    """One engine on one machine, over all inputs.

    layers: of the model. instructions_by_layer: a row for each layer that was compared, in the
    order they run; fewer than layers where only answers can be seen.

    instructions: of one inference, mean over the inputs, rounded (input-dependent branches make
    them differ by a little; min and max are beside it). accuracy: None where there are no labels.
    cycles: of the core alone, estimated, of the first input's inference; None where there is no
    model of the core, or the machine does not see which code runs. time: on the board; None where
    instructions are not counted, or the core is not the board's. on_boards: of one inference on
    boards of the core, by their ids. firmware_ran: False where no firmware was built: only the
    model that it would carry was looked at. golden: of the golden vectors, where they were chosen
    for this model; None where they were given, or an operator has no NumPy model. constants:
    elements of tables and parameters of kernels that were read back from the firmware and compared
    with the graph. without_influence: layers that give one value whatever their constants are, of
    whose tables the compiler left some out; these were compared in the sources.
    boundary: values that forge_quantize_input and
    forge_dequantize_output were given on the core, and gave as the graph's quantization does.
    accesses: reads and writes of one inference, each of bytes that the plan gives its layer at that
    step; None where there is no plan, or the machine does not see them.
    channels: that were removed, each proved to be what it was removed for; None where none was.
    """

    model: str
    engine: str
    board: str
    core: str
    machine: str
    toolchain: str
    oracle: str
    inputs: int
    layers: int
    bit_exact: bool
    first_difference: Difference | None
    accuracy: float | None = None
    arena: Arena
    ram: Ram | None = None
    flash: Flash | None = None
    instructions: int | None = None
    instructions_min: int | None = None
    instructions_max: int | None = None
    cycles: Cycles | None = None
    time: Timing | None = None
    instructions_by_layer: tuple[LayerProof, ...]
    firmware_ran: bool = True
    golden: Coverage | None = None
    constants: int = 0
    without_influence: tuple[int, ...] = ()
    boundary: int = 0
    accesses: int | None = None
    on_boards: Mapping[str, BoardCycles] = field(default_factory=dict)
    channels: Channels | None = None
