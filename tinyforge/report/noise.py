"""What int8 adds to a model's values, layer by layer, in words and in the terminal."""

from __future__ import annotations

from dataclasses import astuple, dataclass

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from tinyforge.report.wording import percent, plural, printable, short_name
from tinyforge.training.noise.record import Explained, Finding, Finer, LayerNoise

_NAME = 20  # characters: all columns fit a terminal of 80
_LITTLE = 0.005  # share of codes


@dataclass(frozen=True)
class Cells:
    """What a table says of a layer."""

    snr: str
    own: str
    kernel: str
    held: str
    unused: str
    cut_off: str
    worst: str


@dataclass(frozen=True)
class NoiseTable:
    """Renders on a Rich console: a row a layer that is compared, and what is wrong below, the
    likeliest first."""

    explained: Explained

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        del console, options
        said = self.explained
        if said.layers:
            yield from _measured(said)
        if said.unmeasured:
            yield Text(printable(not_compared(said)), style="dim")
        if not said.findings:
            yield Text("Nothing stands out.", style="green")
        for finding in causes(said):
            yield Text.assemble(
                (f"{finding.cause}: ", "bold yellow"),
                printable(f"{finding.where}: {finding.what}."),
                ("\n  cure: ", "cyan"),
                finding.cure,
            )


def causes(said: Explained) -> list[Finding]:
    """What was found, then the layers that gain by 16 bits."""
    return [*said.findings, *map(_finer, said.finer)]


def _finer(one: Finer) -> Finding:
    return Finding(
        "16 bits",
        f"layer {one.layer} '{short_name(one.name)}'",
        f"with its values in int16 the outputs have {one.after:.1f} dB, measured; in int8 "
        f"{one.before:.1f}",
        f"tinyforge quantize --int16 {one.layer}",
    )


def against(said: Explained) -> str:
    """What int8 is compared with."""
    return "the same weights in float" if said.calibrated is None else "float"


def of_kernels(said: Explained) -> str:
    """What is said of a kernel."""
    return "about what int8 left of its weights" if said.calibrated is None else "of its weights"


def not_compared(said: Explained) -> str:
    """Which layers have no row, and why; "" where all have one."""
    compared = sum(one.layer is not None for one in said.layers)
    if said.unmeasured:
        return f"Layers are not compared: {said.unmeasured}."
    if compared == said.of:
        return ""
    return (
        f"{compared} of {plural(said.of, 'layer')} compared: the float model has no values of the "
        "others."
    )


def _measured(said: Explained) -> RenderResult:
    samples = plural(said.samples, "sample")
    yield Text(f"{against(said)} against int8 on {samples}", style="bold")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=0)
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("layer", overflow="ellipsis", no_wrap=True, max_width=_NAME)
    for name in ("dB", "own", "kernel", "codes for", "unused", "cut off", "worst"):
        table.add_column(name, justify="right", no_wrap=True)
    for layer in said.layers:
        number, name = (str(layer.layer), short_name(layer.name))
        if layer.layer is None:
            number, name = "", layer.op
        table.add_row(number, name, *astuple(cells(layer)))
    yield table
    yield Text("dB: signal to noise of what the device computes; own: what the layer's codes")
    yield Text(f"alone leave; kernel: {of_kernels(said)}; worst: its worst channel.")
    yield Text("unused: codes that no sample reaches; cut off: values beyond the codes.")
    if not_compared(said):
        yield Text(not_compared(said))


def cells(layer: LayerNoise) -> Cells:
    """Of a layer, with nothing where there is nothing to tell."""
    kernel, worst = layer.weights, layer.worst[0]
    return Cells(
        _decibels(layer.snr),
        _decibels(layer.own),
        "" if kernel is None else _decibels(kernel.snr),
        f"{_real(layer.held[0])}..{_real(layer.held[1])}",
        percent(layer.unused, 0) if layer.unused >= _LITTLE else "",
        percent(layer.saturated) if layer.saturated else "",
        "" if kernel is None else f"{worst.index}: {_decibels(worst.snr)}",
    )


def _decibels(snr: float | None) -> str:
    """Without a signal, or without noise, there is no ratio."""
    return "-" if snr is None else f"{snr:.1f}"


def _real(value: float) -> str:
    """Three digits, or a number of up to six."""
    return f"{value:.0f}" if 1000 <= abs(value) < 1_000_000 else f"{value:.3g}"
