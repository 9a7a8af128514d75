"""From a model's file to one that is pruned, clustered, or trained with the rounding of int8."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tinyforge.errors import ForgeError
from tinyforge.proof.measure import require_kept
from tinyforge.spec import ImportanceChoice, PruneChoice, ScheduleChoice
from tinyforge.stages import Stages, reported
from tinyforge.training.channels import CUTS, Cost, Removed, remove_channels
from tinyforge.training.clusters import distinct_of
from tinyforge.training.further import further
from tinyforge.training.material import (
    DEFAULT_DATA,
    TITLES,
    keras_file,
    lab_of,
    loaded,
    subject_of,
    tell_lesson,
    tuning_for,
    zeros_of,
)
from tinyforge.training.model import input_shape
from tinyforge.training.prune import Pruned, prune
from tinyforge.training.recipe import require_clusters
from tinyforge.training.settings import Loading

_DRAWN = (28, 28)  # pixels of a doodle


@dataclass(frozen=True)
class PruneOutcome:
    """What prune says. Field names are the keys of `--json`.

    measure: what before and accuracy are; both on samples held out, as many as pictures. zeros:
    share of all weights of kernels. kept: layers whose weights could not be pruned, or channels not
    removed. cost_before, cost_after: what the model takes, where channels were removed. distinct:
    the most different weights that a clustered layer has. aware: whether accuracy is with int8's
    rounding, which the model was trained with. left: layers that were not clustered, or trained so.
    short: what is said where fewer channels could go than were asked for.
    """

    model: str
    measure: str
    before: float
    accuracy: float
    pictures: int
    zeros: float
    kept: tuple[str, ...]
    cost_before: Cost | None = None
    cost_after: Cost | None = None
    distinct: int | None = None
    aware: bool = False
    left: tuple[str, ...] = ()
    short: str = ""


def prune_file(
    path: Path,
    data: str | None,
    output: Path,
    *,
    sparsity: float,
    seed: int,
    quick: bool,
    how: Loading,
    stages: Stages,
    structure: PruneChoice = "unstructured",
    schedule: ScheduleChoice | None = None,
    importance: ImportanceChoice | None = None,
    clusters: int | None = None,
    qat: bool = False,
    range_text: str | None = None,
    accept: bool = False,
) -> tuple[bytes, PruneOutcome]:
    """A .keras model pruned, fine-tuned on the data with its own loss, as another for that place.

    structure, schedule: which weights become zero together, and when; or channels, to remove those
    of least importance, so that sparsity of the multiply-adds are gone; None of a schedule or an
    importance is the usual one. clusters: the most different weights that a layer keeps. qat: train
    with int8's rounding at last. range_text: as --range says it. accept: a drop of accuracy as
    well. ForgeError where the data has no answers to learn, or accuracy drops.
    """
    _require_share(sparsity, none=qat or clusters is not None)
    if clusters is not None:
        require_clusters(clusters)
    channels = structure == "channels"
    _require_used(channels, schedule, importance)
    settings = replace(
        tuning_for(quick),
        sparsity=sparsity,
        structure="unstructured" if structure == "channels" else structure,
        schedule=schedule or "polynomial",
    )
    model = loaded(path, how, stages)
    shape = input_shape(model)
    if data is None and shape not in (_DRAWN, (*_DRAWN, 1)):
        raise ForgeError(
            "a model of other inputs than doodles is pruned with data of its own",
            where=str(path),
            fix="give --data: a folder of pictures, a .npz, .npy or .csv, with labels",
        )
    name, count = data or DEFAULT_DATA, settings.drawings
    found = subject_of(
        model, path, name, range_text, count=count, seed=seed, stages=stages, to_learn=True
    )
    lab = lab_of(*found, settings, seed)
    tell_lesson(lab, stages)
    pruned: Pruned | Removed = Pruned(model, ())
    with reported(stages, TITLES) as progress:
        if sparsity:
            way = partial(remove_channels, how=importance or "taylor") if channels else prune
            pruned = way(
                model,
                lab.lesson,
                settings,
                loss=lab.loss(model),
                settled=lab.settled,
                seed=seed,
                progress=progress,
            )
        made = further(pruned.model, lab, clusters=clusters, qat=qat, progress=progress)
    subject, after = lab.subject, replace(lab.subject, model=made.model)
    outcome = PruneOutcome(
        str(output),
        subject.measure,
        subject.score(lab.held_out, lab.inputs),
        after.score(lab.held_out, lab.inputs),
        len(lab.held_out),
        zeros_of(made.model),
        pruned.kept,
        distinct=distinct_of(made.model) if clusters is not None else None,
        aware=qat,
        left=made.left,
    )
    if isinstance(pruned, Removed):
        outcome = replace(
            outcome,
            cost_before=pruned.before,
            cost_after=pruned.after,
            short=_short(pruned, sparsity),
        )
    require_kept(outcome.before, outcome.accuracy, "pruning", outcome.measure, accept=accept)
    return keras_file(made.model), outcome


def _short(removed: Removed, sparsity: float) -> str:
    gone = 1 - removed.after.macs / removed.before.macs
    if gone >= sparsity:
        return ""
    return (
        f"{gone:.1%} of the multiply-adds could go, {sparsity:.1%} were asked for: in each of "
        f"{CUTS} turns a layer keeps half of its channels at least, and a multiple of four"
    )


def _require_used(
    channels: bool, schedule: ScheduleChoice | None, importance: ImportanceChoice | None
) -> None:
    """ForgeError for what would be of no effect. channels: whether those are removed."""
    if channels and schedule is not None:
        raise ForgeError(
            "channels are removed in turns: no zeros come that a schedule could be of",
            where="--schedule",
            fix="leave it out, or prune weights: --structure unstructured or blocks",
        )
    if not channels and importance is not None:
        raise ForgeError(
            "weights become zero by their size: importance is of channels",
            where="--importance",
            fix="leave it out, or remove channels: --structure channels",
        )


def _require_share(sparsity: float, *, none: bool) -> None:
    """none: whether no zeros may be asked for, because something else is done."""
    if not 0 < sparsity < 1 and not (none and sparsity == 0):
        raise ForgeError(f"sparsity {sparsity} is not between 0 and 1", fix="e.g. --sparsity 0.75")
