"""What a proof says, in sentences: shared by the terminal and the HTML report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from tinyforge.boards.timing import Timing
from tinyforge.proof.record import (
    Arena,
    Coverage,
    Difference,
    EngineCost,
    Flash,
    LayerProof,
    Proof,
    Ram,
)
from tinyforge.report import wording
from tinyforge.report.record import Comparison, Variant


@dataclass(frozen=True)
class Verdict:
    """state: "proved" where firmware ran and every byte is equal, "carried" where no firmware ran
    and the model that it would carry is whole, else "differs". word: the one to print large.
    claim: what it means, in few words. lines: what it rests on."""

    state: Literal["proved", "carried", "differs"]
    word: str
    claim: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Usage:
    """One memory of the board. parts: (what, bytes), summing to total."""

    name: str
    parts: tuple[tuple[str, int], ...]
    total: int
    limit: int

    @property
    def fits(self) -> bool:
        return self.total <= self.limit

    @property
    def share(self) -> float:
        return self.total / self.limit if self.limit else 1.0

    def __str__(self) -> str:
        text = f"{wording.nbytes(self.total)} of {wording.capacity(self.limit)}"
        return f"{text} ({wording.percent(self.share)})"


@dataclass(frozen=True)
class LayerShare:
    """A layer, with its part of all instructions, and the instructions a multiply-accumulate."""

    layer: LayerProof
    share: float | None
    per_mac: str


def verdict(proof: Proof) -> Verdict:
    """Bit-exact or not, on what evidence, and whether it fits the board."""
    misfits = [f"Does not fit: {use.name} needs {use}." for use in memories(proof) if not use.fits]
    lines = [*_evidence(proof), *misfits]
    if not proof.bit_exact:
        return Verdict("differs", "DIFFERS", "not bit-exact", tuple(lines))
    if not proof.firmware_ran:
        return Verdict("carried", "CARRIED, NOT RUN", "no firmware ran", tuple(lines))
    exact = "every tensor" if every_layer(proof) else "every answer"
    return Verdict("proved", "PROVED", f"{exact} bit-exact", tuple(lines))


def _evidence(proof: Proof) -> Iterator[str]:
    inputs = wording.plural(proof.inputs, "input")
    oracle = wording.printable(proof.oracle)
    compared = _compared(proof) if every_layer(proof) else "the answer of each"
    runner = "the firmware" if proof.firmware_ran else "the model in the generated C array"
    done = f"{inputs} through {runner}, {compared}"
    if proof.bit_exact:
        yield f"{done}: every byte equals {oracle}."
    else:
        yield f"{done}, against {oracle}."
        if proof.first_difference is not None:
            yield difference(proof.first_difference)
    if proof.constants:
        yield f"{wording.count(proof.constants)} constants, read back: each is what the model says."
    if proof.without_influence:
        layers = ", ".join(map(str, proof.without_influence))
        yield (
            f"Without influence are constants of layers {layers}: one value comes out, whatever "
            "they are. The compiler left them out; in the sources they are what the model says."
        )
    if proof.channels:
        yield f"{wording.removed(**asdict(proof.channels))}."
    if proof.boundary:
        yield f"{wording.count(proof.boundary)} real values, in and out: each converted exactly."
    yield from _accesses(proof)
    if not proof.firmware_ran:
        yield (
            "Shown: the generated C array holds your model's bytes, and they run in TensorFlow "
            "Lite Micro on this computer. Not shown: the interpreter on the core, its memory and "
            "its speed, because no firmware was built."
        )


def _accesses(proof: Proof) -> Iterator[str]:
    """Of firmware with a plan that ran: whether it kept to it."""
    if proof.accesses is not None:
        seen = wording.count(proof.accesses)
        yield f"{seen} reads and writes watched: each layer touched only the bytes planned for it."
    elif proof.firmware_ran and proof.engine == "aot":
        yield (
            f"Reads and writes are not seen on {wording.printable(proof.machine)}: not shown is "
            "that each layer touches only the bytes planned for it."
        )


def _compared(proof: Proof) -> str:
    """How many layers' outputs: those that run within others have none."""
    within = sum(layer.within is not None for layer in proof.instructions_by_layer)
    layers = wording.plural(proof.layers, "layer")
    if not within:
        return f"{layers} each"
    return f"{proof.layers - within} outputs of {layers} each ({within} run within others)"


def every_layer(proof: Proof) -> bool:
    """Whether layers were compared, not the answers alone."""
    return len(proof.instructions_by_layer) == proof.layers


def difference(first: Difference) -> str:
    """Where the first differing byte is, and both its values."""
    index = ", ".join(str(i) for i in first.index)
    return (
        f"First difference: input {first.input}, layer {first.layer} {wording.printable(first.op)} "
        f"'{wording.short_name(first.name)}', element [{index}]: "
        f"expected {first.expected}, got {first.actual}."
    )


def engines(costs: Sequence[EngineCost]) -> Iterator[str]:
    """The interpreter beside the compiled model, as sentences. costs: of both, in this order."""
    compiled, interpreter = costs
    if interpreter.flash is None:
        yield (
            "The interpreter's arena is computed; the rest is measured where PlatformIO has built "
            "sim_tflm in the project: pio run -e sim_tflm, then tinyforge simulate."
        )
        return
    pairs = (
        ("the flash", interpreter.flash, compiled.flash),
        ("the RAM", interpreter.ram, compiled.ram),
        ("the instructions", interpreter.instructions, compiled.instructions),
    )
    ratios = [
        f"{theirs / ours:.1f} times {what}" for what, theirs, ours in pairs if theirs and ours
    ]
    if ratios:
        yield (
            f"The interpreter takes {', '.join(ratios)}, as PlatformIO built it for sim_tflm: with "
            "that environment's library, whose kernels need not be the board's."
        )


def golden(coverage: Coverage) -> Iterator[str]:
    """What the golden vectors of a project see of wrong layers, and what they do not."""
    vectors = (
        f"{wording.plural(coverage.vectors, 'input')} of {wording.nbytes(coverage.vector_bytes)}"
    )
    share = coverage.seen / coverage.mutants if coverage.mutants else 1.0
    yield (
        f"{vectors}, chosen to see wrong layers: {wording.count(coverage.seen)} of "
        f"{wording.count(coverage.mutants)} single changes seen ({wording.percent(share)}), "
        f"{wording.count(sum(layer.answers for layer in coverage.layers))} of them in answers"
    )
    blind = [layer for layer in coverage.layers if not layer.seen]
    if blind:
        names = (f"{layer.layer} {wording.printable(layer.op)}" for layer in blind)
        yield f"they see no change of layer {', '.join(names)}"
    some = [layer for layer in coverage.layers if layer.unseen and layer.seen]
    if some:
        shares = (f"{layer.layer} {layer.seen}/{layer.mutants}" for layer in some)
        whole = (
            "; all of every other layer" if len(blind) + len(some) < len(coverage.layers) else ""
        )
        yield f"by layer: {', '.join(shares)}{whole}"
    kinds = Counter(kind for layer in coverage.layers for kind in layer.unseen)
    if kinds:
        missed = (f"{kind} ({wording.plural(n, 'layer')})" for kind, n in kinds.most_common())
        yield f"not seen everywhere: {', '.join(missed)}"
    yield from _constants(coverage)


def _constants(coverage: Coverage) -> Iterator[str]:
    """Of the compiled model's constants, how many are seen whatever becomes of one."""
    single = [one for one in coverage.constants if not one.pairs]
    if not single:
        return
    seen, count = sum(one.seen for one in single), sum(one.count for one in single)
    yield (
        f"{wording.count(seen)} of {wording.count(count)} constants are known to be seen whatever "
        "else stands in the place of one; of the others, which report.json and --json name, some "
        "change may be missed, or none was looked at. The arena's size and places, and scales and "
        "zero points at the model's boundary, are compared in proving, not by vectors"
    )


def memories(proof: Proof) -> Iterator[Usage]:
    """RAM and flash, where they were measured."""
    if proof.ram is not None:
        yield _ram(proof.ram)
    if proof.flash is not None:
        yield _flash(proof.flash)


def arena(memory: Arena) -> tuple[bool, str]:
    """Whether the plan is what the run touched, and the sentence that says so."""
    planned = f"{wording.nbytes(memory.planned)} planned"
    if memory.touched is None:
        return True, f"{planned}; this machine cannot see what is touched"
    if memory.touched == memory.planned:
        return True, f"{planned} = {wording.nbytes(memory.touched)} touched"
    but = "" if memory.as_planned else "but "
    return memory.as_planned, f"{planned}, {but}{wording.nbytes(memory.touched)} touched"


def bound(memory: Arena) -> str:
    """How far the placement is from the least that the plan's steps need, however placed."""
    if memory.lower_bound is None:
        return "the interpreter arranges it on the device"
    if memory.planned == memory.least:
        return "no placement, and no other choice of rows, can need less"
    if memory.planned <= memory.lower_bound:
        return "no placement can need less"
    return f"no placement can need less than {wording.nbytes(memory.lower_bound)}"


def instructions(proof: Proof) -> str:
    """Instructions of one inference, with their range where it is one."""
    if proof.instructions is None:
        return "this machine cannot count them"
    text = f"{wording.count(proof.instructions)} an inference"
    low, high = proof.instructions_min, proof.instructions_max
    if low is None or high is None or low == high:
        return text
    return f"{text} ({wording.count(low)} to {wording.count(high)})"


def cycles(proof: Proof) -> str:
    """Cycles of one inference, of the core alone, with their range; "" without an estimate."""
    found = proof.cycles
    if found is None:
        return ""
    low, mid, high = map(wording.about, (found.low, found.mid, found.high))
    return f"{mid} an inference, estimated ({low} to {high})"


def time(timing: Timing) -> str:
    """What an inference takes on the board: cycles where they were simulated, milliseconds."""
    said = f"{timing.milliseconds} at {timing.mhz} MHz"
    if timing.cycles is None:
        return said
    return f"{wording.about(timing.cycles)} cycles, {said}"


def all_macs(proof: Proof) -> int:
    """Multiply-accumulates of one inference."""
    return sum(layer.macs for layer in proof.instructions_by_layer)


def layer_shares(proof: Proof) -> tuple[LayerShare, ...]:
    """Every layer with its share of the instructions that all layers take."""
    layers = proof.instructions_by_layer
    total = sum(layer.instructions or 0 for layer in layers)
    macs: Counter[int] = Counter()  # by the layer that runs them
    for layer in layers:
        macs[layer.index if layer.within is None else layer.within] += layer.macs
    return tuple(
        LayerShare(
            layer,
            layer.instructions / total if layer.instructions is not None and total else None,
            wording.per(layer.instructions, macs[layer.index]),
        )
        for layer in layers
    )


def lessons(found: Comparison) -> Iterator[str]:
    """What the variants teach, with this model's numbers. Only what the numbers bear out."""
    plain, pruned, int8 = (found.variant(name) for name in ("float", "pruned", "int8"))
    both = found.variant("pruned+int8")
    if plain and pruned and pruned.gzip_bytes < plain.gzip_bytes:
        yield (
            f"Pruning alone shrinks only what is compressed (gzip, as sent over the air): "
            f"{wording.count(plain.gzip_bytes)} to {wording.nbytes(pruned.gzip_bytes)}. "
            f"In the file a zero takes as much room as any other weight: "
            f"{wording.nbytes(pruned.tflite_bytes)}."
        )
    if plain and int8 and int8.tflite_bytes < plain.tflite_bytes:
        yield (
            f"int8 shrinks what is on the device: {wording.count(plain.tflite_bytes)} to "
            f"{wording.nbytes(int8.tflite_bytes)}, "
            f"{wording.times(plain.tflite_bytes / int8.tflite_bytes)} smaller."
        )
    if plain and both and both.gzip_bytes < plain.gzip_bytes:
        yield (
            f"Both together: {wording.nbytes(both.tflite_bytes)} on the device, "
            f"{wording.nbytes(both.gzip_bytes)} over the air, "
            f"{wording.times(plain.gzip_bytes / both.gzip_bytes)} smaller."
        )
    yield from _saved_on_board(int8, both)


def _saved_on_board(int8: Variant | None, both: Variant | None) -> Iterator[str]:
    """What pruning saves of the compiled model: channels that it empties go, zeros cost less."""
    before, after = int8 and int8.device, both and both.device
    if not before or not after:
        return
    flash = ("flash", before.flash, after.flash, wording.nbytes)
    cycles = ("cycles", before.cycles, after.cycles, wording.about)
    saved = [
        f"{what} from {show(a)} to {show(b)}"
        for what, a, b, show in (flash, cycles)
        if a and b and b < a and show(b) != show(a)
    ]
    if saved:
        yield f"On the board pruning brings {' and '.join(saved)}."


def compared(found: Comparison) -> str:
    """What the figures of the board rest on; some variant has some."""
    devices = [v.device for v in found.variants if v.device is not None]
    first = devices[0]
    ran = "all" if first.inputs == found.held_out else "the first"
    inputs = f"{ran} {wording.plural(first.inputs, 'input')}"
    if found.held_out == 1:
        inputs = "the only input"
    rest = "" if first.inputs == found.held_out else "; the others' answers are the oracle's"
    return (
        f"On the board: proved on {wording.printable(first.machine)}, {inputs} "
        f"held out, every layer bit-exact with TensorFlow "
        f"Lite Micro{rest}."
    )


def not_on_board(found: Comparison) -> Iterator[tuple[str, str]]:
    """Which variants have no figures of the board, and why: those of one reason together."""
    names: dict[str, list[str]] = {}
    for v in found.variants:
        if v.refused:
            names.setdefault(v.refused, []).append(v.name)
    for why, those in names.items():
        yield ", ".join(those), f"not on the board: {why}"


def _ram(ram: Ram) -> Usage:
    parts = (
        ("arena", ram.arena),
        ("weights", ram.weights),
        ("data and bss", ram.data_bss),
        ("stack", ram.stack or 0),
    )
    return _usage("RAM", parts, ram.total, ram.limit)


def _flash(flash: Flash) -> Usage:
    parts = (
        ("code", flash.code),
        ("weights", flash.weights),
        ("self-test", flash.test_vectors),
    )
    return _usage("flash", parts, flash.total, flash.limit)


def _usage(name: str, parts: tuple[tuple[str, int], ...], total: int, limit: int) -> Usage:
    # Alignment, vector table, initial values: in the total, and in none of the parts.
    rest = total - sum(size for _, size in parts)
    shown = tuple(part for part in (*parts, ("other", rest)) if part[1] > 0)
    return Usage(name, shown, total, limit)
