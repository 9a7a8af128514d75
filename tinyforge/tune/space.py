"""Every candidate that there is, as Optuna's parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinyforge.spec import OptimizeChoice
from tinyforge.training.recipe import BLOCKS, PRUNED, QAT, REMOVED, Amounts, Recipe
from tinyforge.tune.candidate import Candidate

if TYPE_CHECKING:
    from optuna import Trial

_AIMS: tuple[OptimizeChoice, ...] = ("size", "balanced", "speed")
_STRUCTURES = (PRUNED, BLOCKS)
_MOST, _STEP = 0.95, 0.05  # of the share that is taken away


@dataclass(frozen=True)
class Space:
    """groups: layers that are pruned at one rate each. channels: whether any can be removed."""

    groups: tuple[tuple[str, ...], ...]
    channels: bool

    def first(self) -> list[dict[str, Any]]:
        """What is tried before anything is known: the model as it is, and half of its channels."""
        known: dict[str, Any] = {"optimize": "balanced", "qat": False}
        if self.groups:
            known |= {"structure": PRUNED, **{_rate(i): 0.0 for i in range(len(self.groups))}}
        if not self.channels:
            return [known]
        return [{**known, "channels": 0.0}, {**known, "channels": 0.5}]

    def candidate(self, trial: Trial) -> Candidate:
        """The one that a trial is of."""

        def share(name: str) -> float:
            return round(float(trial.suggest_float(name, 0.0, _MOST, step=_STEP)), 2)

        # The very object, not an equal one from the storage: by that msgspec knows a default, which
        # it leaves out of a project's settings.
        optimize = _AIMS[_AIMS.index(trial.suggest_categorical("optimize", _AIMS))]
        channels = share("channels") if self.channels else 0.0
        rates = [share(_rate(i)) for i in range(len(self.groups))]
        structure = trial.suggest_categorical("structure", _STRUCTURES) if rates else PRUNED
        aware = trial.suggest_categorical("qat", (False, True))
        done = {REMOVED: channels > 0, structure: any(rates), QAT: aware}
        recipe = Recipe(tuple(step for step, wanted in done.items() if wanted), int8=True)
        # All layers by name: those without would have the share that is usual.
        by_layer = tuple(
            (layer, rate)
            for group, rate in zip(self.groups, rates, strict=True)
            for layer in group
            if any(rates)
        )
        return Candidate(recipe, Amounts(channels=channels, by_layer=by_layer), optimize)


def _rate(group: int) -> str:
    return f"sparsity {group + 1}"
