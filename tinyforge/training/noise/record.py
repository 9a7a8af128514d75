"""What is said of an int8 model beside a float one. Field names are keys of `--json`."""

from __future__ import annotations

from dataclasses import dataclass

POOR = 25.0  # dB: half of what bell-shaped values have left in 8 bits is about 34


@dataclass(frozen=True)
class Channel:
    """snr: signal to noise in dB, None where it has no signal or no noise."""

    index: int
    snr: float | None


@dataclass(frozen=True)
class Weights:
    """A layer's kernel, float beside int8. snr: dB in all. worst: the output channel whose weights,
    but for the furthest in a hundred, have least. poor: how many of the channels have less than
    POOR. per_channel: whether each has its own scale."""

    snr: float | None
    worst: Channel
    poor: int
    per_channel: bool


@dataclass(frozen=True)
class LayerNoise:
    """A layer's first output, float beside int8, over all samples.

    layer: its number in the int8 model, None for what is an input. snr: signal to noise in dB of
    what the device computes, with all that came before; own: of the float values brought into the
    tensor's own codes and back, which no arithmetic can better; None where there is no signal or no
    noise. held: the least and the greatest real value that its codes stand for; seen: of the float
    model's values. unused: the share of held that these do not reach. saturated: the share of
    values at an end of their codes whose float value lies a step or more beyond: what a fused
    activation clamps is not among them. worst: the channels of least snr. widest: the channel that
    reaches furthest from 0, and how many times as far as the median one; median_own: own of the
    median channel.
    """

    layer: int | None
    op: str
    name: str
    snr: float | None
    own: float | None
    held: tuple[float, float]
    seen: tuple[float, float]
    unused: float
    saturated: float
    worst: tuple[Channel, ...]
    widest: int
    times_median: float
    median_own: float | None
    weights: Weights | None = None

    @property
    def where(self) -> str:
        """How a finding names it."""
        number = "" if self.layer is None else f"layer {self.layer} "
        return f"{number}{self.op} {self.name!r}"


@dataclass(frozen=True)
class Finding:
    """Why int8 is worse than float. cause: its name. what: what was seen, in words. cure: what to
    do."""

    cause: str
    where: str
    what: str
    cure: str

    def __str__(self) -> str:
        return f"{self.cause}: {self.what}"


@dataclass(frozen=True)
class Finer:
    """A layer whose values in 16 bits make the model's outputs better: the worst signal to noise of
    these in dB, as it is and with that."""

    layer: int
    name: str
    before: float
    after: float


@dataclass(frozen=True)
class Explained:
    """layers: in their order, those that the float model has too; of: how many the int8 model has.
    findings: the likeliest cause first; none where nothing is wrong. samples: how many were run.
    calibrated: on how many the ranges were set; None of a file that came quantized, which is
    compared with its own weights in float. unmeasured: why no layers are compared; "" where they
    are. finer: the layers that gain by 16 bits, the best first."""

    layers: tuple[LayerNoise, ...]
    of: int
    findings: tuple[Finding, ...]
    samples: int
    calibrated: int | None
    unmeasured: str = ""
    finer: tuple[Finer, ...] = ()
