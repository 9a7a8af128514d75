"""A Keras model and the data it is to be quantized or pruned with: what one says of the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tinyforge.datasets import is_drawn
from tinyforge.datasets.decide import Decision, Hint, Seen, decide
from tinyforge.datasets.labels import for_outputs
from tinyforge.datasets.ranges import Range, Reals, parse
from tinyforge.datasets.samples import Samples, spread
from tinyforge.errors import ForgeError
from tinyforge.proof.score import Goal, Task, goal_of, head_for, seen
from tinyforge.training.inputs import declared_range
from tinyforge.training.loss import is_regression
from tinyforge.training.model import Lesson, Model, cross_entropy, gives_logits, outputs
from tinyforge.training.runtime import library_of, quiet

_TRIED = 300  # samples to see the range from
_DRAWN = Hint(parse("0..1"), "drawings go from 0 to 1, as train takes them")


@dataclass(frozen=True, eq=False)
class Subject:
    """samples: labelled as the model's outputs are numbered. goal: what they can tell of it. loss:
    the class of the loss that the model was compiled with, None if that is not known. head: of
    which of several outputs the goal is, by position."""

    model: Model
    samples: Samples
    goal: Goal | None
    loss: str | None = None
    head: int = 0

    @classmethod
    def of(cls, model: Model, samples: Samples, loss: str | None) -> Subject:
        """ForgeError where the labels cannot be the model's."""
        shapes = [tuple(output.shape[1:]) for output in model.outputs]
        head = head_for(samples, shapes)
        if head is None:
            return cls(model, samples, None, loss)
        shape = shapes[head]
        logit = gives_logits(model, head)
        goal = goal_of(samples, shape, regression=is_regression(loss), logit=logit)
        if goal is not None and goal.task is Task.CLASSES:
            samples = for_outputs(samples, int(shape[-1]) if shape else 1)
        return cls(model, samples, goal, loss, head)

    @property
    def measure(self) -> str:
        return self.goal.measure if self.goal else ""

    def decide(self, given: Range | None) -> Decision:
        """The range of the model's inputs. ForgeError where it is not clear."""
        few = spread(self.samples, _TRIED, 0)
        return decide(
            few,
            given=given,
            declared=declared_range(self.model),
            hint=_DRAWN if is_drawn(self.samples.source) else None,
            score=(lambda inputs: self._seen(few, inputs)) if self.goal else None,
        )

    def score(self, samples: Samples, inputs: Reals) -> float:
        """How right the model is about samples, given as these inputs; there must be a goal."""
        return self._seen(samples, inputs).score

    def _seen(self, samples: Samples, inputs: Reals) -> Seen:
        assert self.goal is not None
        with quiet():
            found = outputs(self.model, inputs, self.head)
        return seen(self.goal, found, samples, inputs)

    def require_lesson(self) -> None:
        """ForgeError where the data has no answers to all that the model gives."""
        if self.goal is None:
            raise ForgeError(
                "the data has no answers that the model could learn, as tuning it needs",
                where=self.samples.source,
                fix="give labels, a class or value for each sample; autoencoders need none",
            )
        if len(self.model.outputs) > 1:
            raise ForgeError(
                f"the model has {len(self.model.outputs)} outputs, and data has the "
                "answers of one: what training makes up for there would be lost in the others",
                fix="leave pruning and --qat out: tinyforge quantize takes the model as it is",
            )

    def lesson(self, samples: Samples, inputs: Reals) -> Lesson:
        """What the model should make of samples, given as these inputs; there must be a goal."""
        assert self.goal is not None
        if self.goal.task is Task.INPUTS:
            return Lesson(inputs, inputs)
        if self.goal.task is Task.VALUES:
            assert samples.targets is not None
            shape = (len(samples), *self.model.outputs[0].shape[1:])
            return Lesson(inputs, samples.targets.reshape(shape))
        assert samples.labels is not None
        return Lesson(inputs, samples.labels)

    def learned(self) -> tuple[Any, str]:
        """The loss to train on with, and its name for the user: the model's own where that is known
        and can be had of the data."""
        assert self.goal is not None
        losses = library_of(self.model).losses
        if self.goal.task is Task.CLASSES:
            return cross_entropy(self.model), "cross-entropy"
        own = self.loss if is_regression(self.loss) else None
        name = own or "MeanSquaredError"
        return getattr(losses, name)(), f"{name}{'' if own else ' (the file names no loss)'}"
