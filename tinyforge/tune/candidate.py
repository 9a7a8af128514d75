"""What is tried: a recipe for the model, and what its kernels are chosen for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tinyforge.spec import OptimizeChoice
from tinyforge.training.recipe import BLOCKS, PRUNED, QAT, REMOVED, Amounts, Recipe

_MOST = 6  # rates of their own: with more a search of some dozen trials would know none of them


@dataclass(frozen=True)
class Candidate:
    """recipe, amounts: what is done to the model. optimize: what the engine's kernels are chosen
    for."""

    recipe: Recipe
    amounts: Amounts
    optimize: OptimizeChoice

    def __str__(self) -> str:
        return ", ".join(_words(self))


def _words(candidate: Candidate) -> Iterator[str]:
    steps, amounts = candidate.recipe.steps, candidate.amounts
    if REMOVED in steps:
        yield f"channels -{amounts.channels:.0%}"
    if PRUNED in steps or BLOCKS in steps:
        rates = [share for _, share in amounts.by_layer]
        low, high = min(rates), max(rates)
        shares = f"-{low:.0%}" if low == high else f"-{low:.0%} to {high:.0%}"
        shares = shares if low else f"up to -{high:.0%}"
        yield f"{'blocks' if BLOCKS in steps else 'weights'} {shares}"
    if QAT in steps:
        yield "QAT"
    if not steps:
        yield "as it is"
    yield candidate.optimize


def groups(layers: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Layers that are pruned at one rate: each alone where they are few, else neighbours."""
    count = min(_MOST, len(layers))
    ends = [round(len(layers) * i / count) for i in range(count + 1)] if count else []
    return tuple(tuple(layers[begin:end]) for begin, end in pairwise(ends))
