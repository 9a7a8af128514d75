"""A proof on the device, in words."""

from __future__ import annotations

from tinyforge.device.record import DeviceReport
from tinyforge.proof.record import Proof
from tinyforge.report.wording import plural, printable


def summary(proof: Proof, device: DeviceReport) -> str:
    """Some lines for a terminal: the verdict first."""
    lines = [_verdict(proof, device)]
    if device.cycles is not None:
        c = device.cycles
        lines.append(
            f"{c.mean:,} cycles an inference ({c.lowest:,} to {c.highest:,}), "
            f"{device.milliseconds:,} ms at the board's clock"
        )
    if device.repeated or device.damaged:
        lines.append(
            f"the line: {plural(device.repeated, 'question')} sent again, "
            f"{plural(device.damaged, 'damaged frame')}"
        )
    return "\n".join(lines)


def _verdict(proof: Proof, device: DeviceReport) -> str:
    where = f"on device ({printable(device.board)} at {printable(device.port)})"
    d = proof.first_difference
    if d is not None:
        return (
            f"FAIL {where}: input {d.input}, layer {d.layer} {d.op} {printable(d.name)}, output "
            f"{list(d.index)} is {d.actual}, {printable(proof.oracle)} computes {d.expected}"
        )
    extent = "every layer" if device.layers_compared else "every output"
    inputs = plural(proof.inputs, "golden vector")
    return f"PASS {where}: {inputs}, {extent} equal to {printable(proof.oracle)}"
