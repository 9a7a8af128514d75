"""What training says of itself, epoch by epoch."""

from __future__ import annotations

from dataclasses import dataclass, field

from tinyforge.datasets.types import Progress


@dataclass(frozen=True)
class Epoch:
    """stage: of training, as Progress names it. loss: the mean over it, of what is trained on."""

    stage: str
    loss: float


@dataclass(frozen=True, eq=False)
class Recorded:
    """A Progress that also keeps what fit() tells of each epoch."""

    progress: Progress
    epochs: list[Epoch] = field(default_factory=list)

    def __call__(self, stage: str, done: int, total: int) -> None:
        self.progress(stage, done, total)
