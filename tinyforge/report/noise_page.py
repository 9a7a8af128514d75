"""What int8 loses, layer by layer, in the HTML report: finished values."""

from __future__ import annotations

from dataclasses import dataclass

from tinyforge.report.charts import Bar
from tinyforge.report.html_page import tied
from tinyforge.report.noise import Cells, against, causes, cells, not_compared, of_kernels
from tinyforge.report.wording import plural, printable, short_name
from tinyforge.training.noise.record import Explained, LayerNoise

_FULL = 60.0  # dB, of the longest bar


@dataclass(frozen=True)
class Cause:
    """What was found: its name, where, what was seen, and what to do."""

    name: str
    where: str
    what: str
    cure: str


@dataclass(frozen=True)
class Row:
    """A layer, or an input, which has no number; its signal to noise as a bar."""

    index: str
    op: str
    name: str
    full_name: str
    snr: Bar
    cells: Cells


@dataclass(frozen=True)
class Noise:
    """Everything that the template shows. rows: none where layers are not compared; why stands in
    lessons."""

    lessons: tuple[str, ...]
    causes: tuple[Cause, ...]
    rows: tuple[Row, ...]
    caption: str


def noise(said: Explained) -> Noise:
    """The same as in the terminal."""
    lessons = [] if said.findings else ["Nothing stands out."]
    lessons += [not_compared(said)] if not_compared(said) else []
    compared = against(said)
    caption = (
        f"{compared[0].upper()}{compared[1:]} against int8 on {plural(said.samples, 'sample')}: "
        "signal to noise of what the device computes, in dB; own: what the layer's codes alone "
        f"leave; kernel: {of_kernels(said)}; worst: its worst channel; unused: codes that no "
        "sample reaches; cut off: values beyond the codes."
    )
    return Noise(
        tuple(tied(printable(one)) for one in lessons),
        tuple(
            Cause(one.cause, printable(one.where), tied(printable(one.what)), printable(one.cure))
            for one in causes(said)
        ),
        tuple(map(_row, said.layers)),
        tied(caption),
    )


def _row(layer: LayerNoise) -> Row:
    found = cells(layer)
    share = min(1.0, max(0.0, (layer.snr or 0.0) / _FULL))
    return Row(
        "" if layer.layer is None else str(layer.layer),
        printable(layer.op),
        short_name(layer.name),
        printable(layer.name),
        Bar(f"{share:.5f}", found.snr),
        found,
    )
