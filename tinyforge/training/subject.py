"""A Keras model and the data it is to be quantized or pruned with: what one says of the other."""

from __future__ import annotations

from dataclasses import dataclass

from tinyforge.datasets import is_drawn
from tinyforge.datasets.decide import Decision, Hint, decide
from tinyforge.datasets.labels import for_outputs
from tinyforge.datasets.ranges import Range, Reals, parse
from tinyforge.datasets.samples import Samples, spread
from tinyforge.proof.score import Goal, Task, goal_of, score
from tinyforge.training.inputs import declared_range
from tinyforge.training.loss import is_regression
from tinyforge.training.model import Model, outputs
from tinyforge.training.runtime import quiet

_TRIED = 300  # samples to see the range from
_DRAWN = Hint(parse("0..1"), "drawings go from 0 to 1, as train takes them")


@dataclass(frozen=True, eq=False)
class Subject:
    """samples: labelled as the model's outputs are numbered. goal: what they can tell of it."""

    model: Model
    samples: Samples
    goal: Goal | None

    @classmethod
    def of(cls, model: Model, samples: Samples, loss: str | None) -> Subject:
        """loss: the class of the loss that the model was compiled with, None if not known.

        ForgeError where the labels cannot be the model's.
        """
        if len(model.outputs) != 1:
            return cls(model, samples, None)
        shape = tuple(model.outputs[0].shape[1:])
        logit = _is_logit(model)
        goal = goal_of(samples, shape, regression=is_regression(loss), logit=logit)
        if goal is not None and goal.task is Task.CLASSES:
            samples = for_outputs(samples, int(shape[-1]) if shape else 1)
        return cls(model, samples, goal)

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
            score=(lambda inputs: self.score(few, inputs)) if self.goal else None,
        )

    def score(self, samples: Samples, inputs: Reals) -> float:
        """How right the model is about samples, given as these inputs; there must be a goal."""
        assert self.goal is not None
        with quiet():
            found = outputs(self.model, inputs)
        return score(self.goal, found, samples, inputs)


def _is_logit(model: Model) -> bool:
    """Whether the last layer gives plain numbers, not probabilities."""
    last = model.layers[-1]
    while getattr(last, "layers", None):
        last = last.layers[-1]
    name = type(last).__name__
    activation = getattr(getattr(last, "activation", None), "__name__", name.lower())
    return activation not in ("sigmoid", "softmax", "hard_sigmoid")
