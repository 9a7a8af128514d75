"""A few channels at a time, with training in between: what is left learns to do without them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tinyforge.datasets.types import Progress, silent
from tinyforge.errors import ForgeError
from tinyforge.spec import ImportanceChoice
from tinyforge.training.channels.calls import network
from tinyforge.training.channels.choice import chosen
from tinyforge.training.channels.costs import Cost, cost
from tinyforge.training.channels.groups import Groups, groups_of
from tinyforge.training.channels.importance import importance
from tinyforge.training.channels.rebuild import without
from tinyforge.training.channels.taught import taught
from tinyforge.training.model import Lesson, Model, fit
from tinyforge.training.runtime import library_of, quiet
from tinyforge.training.settings import Settings

CUTS = 6  # turns of removal and training
_LAST = 4  # times as much training after the last of them
_ROUNDS = 3  # of further training, where accuracy has not come back
_FASTER = 3  # times the learning rate in these


@dataclass(frozen=True, eq=False)
class Removed:
    """model: smaller, of the library that the given one is of. before, after: what the two take.
    kept: layers that could lose no channels, and why."""

    model: Model
    before: Cost
    after: Cost
    kept: tuple[str, ...]


def removable(model: Model) -> bool:
    """Whether there is any channel that may go."""
    return bool(groups_of(network(model)).free.any())


def remove_channels(
    model: Model,
    training: Lesson,
    settings: Settings,
    *,
    loss: Any,
    how: ImportanceChoice = "taylor",
    settled: Callable[[Model], bool] = lambda _: True,
    tuned: bool = True,
    seed: int = 0,
    progress: Progress = silent,
) -> Removed:
    """A copy without the channels that are missed least, settings.sparsity of the multiply-adds
    gone, or as near as it can come; fine-tuned towards the model's own answers and the right ones.

    model: of Keras 3 or tf_keras; left as it is. settings: prune_epochs and prune_steps are of each
    of the six turns, the last takes four times as much. As long as settled says no of the copy, it
    is trained on for some rounds. tuned: False leaves all training out: what such a model takes can
    be known before. ForgeError if no channel may go.
    """
    library_of(model).utils.set_random_seed(seed)
    groups = groups_of(network(model))
    alone = groups.left_alone()
    if not groups.free.any():
        raise ForgeError(
            "the model has no channels that can be removed" + "".join(f"; {x}" for x in alone),
            fix="leave pruning out, or prune single weights: --structure unstructured",
        )
    before = cost(groups, groups.all_kept())
    lesson, measure = taught(model, training, loss) if tuned else (training, loss)

    def train(settings: Settings, epochs: int, stage: str) -> None:
        if tuned:
            fit(small, lesson, epochs, settings, loss=measure, stage=stage, progress=progress)

    small = model
    epochs = _epochs(training, settings)
    for turn in range(1, CUTS + 1):
        macs = before.macs * (1 - settings.sparsity) ** (turn / CUTS)
        small = _cut(small, macs, how, training, loss)
        train(settings, epochs * (_LAST if turn == CUTS else 1), f"remove {turn}")
    further = replace(settings, learning_rate=_FASTER * settings.learning_rate)
    for turn in range(1, _ROUNDS + 1):
        if not tuned or settled(small):
            break
        train(further, epochs * _LAST, f"recover {turn}")
    left = groups_of(network(small))
    return Removed(small, before, cost(left, left.all_kept()), alone)


def _cut(model: Model, macs: float, how: ImportanceChoice, training: Lesson, loss: Any) -> Model:
    groups: Groups = groups_of(network(model))
    with quiet():
        missed = importance(model, groups, how, training, loss)
    return without(model, groups, chosen(groups, missed, macs), training.inputs)


def _epochs(training: Lesson, settings: Settings) -> int:
    steps = -(-len(training.inputs) // settings.batch)
    return max(1, settings.prune_epochs, -(-settings.prune_steps // steps))
