"""What int8 adds to a model's values, layer by layer, in the terminal."""

from __future__ import annotations

from dataclasses import dataclass

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from tinyforge.report.wording import percent, plural, printable, short_name
from tinyforge.training.noise.record import Explained, LayerNoise

_NAME = 20  # characters: all columns fit a terminal of 80
_LITTLE = 0.005  # share of codes


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
            yield Text(f"Layers are not compared: {printable(said.unmeasured)}.", style="dim")
        yield from _findings(said)


def _measured(said: Explained) -> RenderResult:
    compared = sum(one.layer is not None for one in said.layers)
    alone = said.calibrated is None
    against = "the same weights in float" if alone else "float"
    yield Text(f"{against} against int8 on {plural(said.samples, 'sample')}", style="bold")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=0)
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("layer", overflow="ellipsis", no_wrap=True, max_width=_NAME)
    for name in ("dB", "own", "kernel", "codes for", "unused", "cut off", "worst"):
        table.add_column(name, justify="right", no_wrap=True)
    for layer in said.layers:
        table.add_row(*_cells(layer))
    yield table
    yield Text("dB: signal to noise of what the device computes; own: what the layer's codes")
    kernel = "about what int8 left of its weights" if alone else "of its weights"
    yield Text(f"alone leave; kernel: {kernel}; worst: its worst channel.")
    yield Text("unused: codes that no sample reaches; cut off: values beyond the codes.")
    if compared < said.of:
        yield Text(
            f"{compared} of {plural(said.of, 'layer')} compared: the float model has no values "
            "of the others."
        )


def _findings(said: Explained) -> RenderResult:
    if not said.findings:
        yield Text("Nothing stands out.", style="green")
    for finding in said.findings:
        yield Text.assemble(
            (f"{finding.cause}: ", "bold yellow"),
            printable(f"{finding.where}: {finding.what}."),
            ("\n  cure: ", "cyan"),
            finding.cure,
        )
    for one in said.finer:
        yield Text.assemble(
            ("16 bits: ", "bold yellow"),
            f"with the values of layer {one.layer} '{short_name(one.name)}' in int16 the outputs "
            f"have {one.after:.1f} dB, measured; in int8 {one.before:.1f}.",
            ("\n  cure: ", "cyan"),
            f"tinyforge quantize --int16 {one.layer}",
        )


def _cells(layer: LayerNoise) -> tuple[str, ...]:
    kernel, worst = layer.weights, layer.worst[0]
    channels = "" if kernel is None else f"{worst.index}: {_decibels(worst.snr)}"
    return (
        "" if layer.layer is None else str(layer.layer),
        layer.op if layer.layer is None else short_name(layer.name),
        _decibels(layer.snr),
        _decibels(layer.own),
        "" if kernel is None else _decibels(kernel.snr),
        f"{_real(layer.held[0])}..{_real(layer.held[1])}",
        percent(layer.unused, 0) if layer.unused >= _LITTLE else "",
        percent(layer.saturated) if layer.saturated else "",
        channels,
    )


def _decibels(snr: float | None) -> str:
    """Without a signal, or without noise, there is no ratio."""
    return "-" if snr is None else f"{snr:.1f}"


def _real(value: float) -> str:
    """Three digits, or a number of up to six."""
    return f"{value:.0f}" if 1000 <= abs(value) < 1_000_000 else f"{value:.3g}"
