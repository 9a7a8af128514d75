"""The steps of recipes: each makes another Keras model of one, trained on to make up for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from tinyforge.datasets.types import Progress
from tinyforge.spec import StructureChoice
from tinyforge.training.channels import remove_channels
from tinyforge.training.further import further
from tinyforge.training.lab import Lab
from tinyforge.training.model import Model
from tinyforge.training.prune import prune
from tinyforge.training.recipe import BLOCKS, CLUSTERED, PRUNED, QAT, REMOVED, Amounts

# (model, what is known of it and its data, how much) to another model.
Step = Callable[[Model, Lab, Amounts, Progress], Model]


def _removed(model: Model, lab: Lab, amounts: Amounts, progress: Progress) -> Model:
    share = amounts.sparsity if amounts.channels is None else amounts.channels
    settings = replace(lab.settings, sparsity=share)
    return remove_channels(
        model,
        lab.lesson,
        settings,
        loss=lab.loss(model),
        settled=lab.settled,
        tuned=amounts.trained,
        seed=lab.seed,
        progress=progress,
    ).model


def _pruned(
    structure: StructureChoice, model: Model, lab: Lab, amounts: Amounts, progress: Progress
) -> Model:
    settings = replace(
        lab.settings,
        sparsity=amounts.sparsity,
        by_layer=amounts.by_layer,
        structure=structure,
    )
    return prune(
        model,
        lab.lesson,
        settings,
        loss=lab.loss(model),
        settled=lab.settled,
        tuned=amounts.trained,
        seed=lab.seed,
        progress=progress,
    ).model


def _clustered(model: Model, lab: Lab, amounts: Amounts, progress: Progress) -> Model:
    return further(model, lab, clusters=amounts.clusters, qat=False, progress=progress).model


def _aware(model: Model, lab: Lab, amounts: Amounts, progress: Progress) -> Model:
    del amounts
    return further(model, lab, clusters=None, qat=True, progress=progress).model


TUNED: Mapping[str, Step] = {
    REMOVED: _removed,
    PRUNED: partial(_pruned, "unstructured"),
    BLOCKS: partial(_pruned, "blocks"),
    CLUSTERED: _clustered,
    QAT: _aware,
}
