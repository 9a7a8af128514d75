"""The last word: a proof that must not be handed over is refused, with the numbers."""

from __future__ import annotations

from tinyforge.boards import Board, Need, fits
from tinyforge.errors import ForgeError
from tinyforge.proof.measure import Measured
from tinyforge.proof.record import Proof
from tinyforge.proof.score import Task
from tinyforge.spec import Budget


def require(proof: Proof, board: Board, budget: Budget, measured: Measured | None = None) -> None:
    """Returns when the firmware may be handed over. ForgeError that says why not.

    measured: accuracy on more examples than the proof's, None for those alone.
    """
    require_exact(proof)
    counted = measured is not None and measured.measure == Task.CLASSES.value
    require_accuracy(measured.int8_model if measured and counted else proof.accuracy, budget)
    _require_fit(proof, board, budget)


def require_accuracy(found: float | None, budget: Budget) -> None:
    """ForgeError below the budget's accuracy, or where there is nothing to measure it on."""
    if budget.accuracy is None:
        return
    if found is None:
        raise ForgeError(
            "accuracy cannot be measured without labels, but the budget limits it",
            fix="give labelled data with --data, or take accuracy out of the budget",
        )
    if found < budget.accuracy:
        raise ForgeError(
            f"accuracy: {found:.2%} measured, {budget.accuracy:.2%} wanted by the budget",
            fix="give a better model, or lower the budget in tinyforge.toml",
        )


def require_exact(proof: Proof) -> None:
    """ForgeError with the first differing byte, unless every layer equals the oracle's."""
    d = proof.first_difference
    if d is not None:
        raise ForgeError(
            f"the firmware computes {d.actual} where TensorFlow Lite Micro computes {d.expected}",
            where=f"layer {d.layer} {d.op} {d.name!r}, output {list(d.index)}, input {d.input}",
            fix="nothing was written; report this model as a defect of tinyforge",
        )
    arena = proof.arena
    if not arena.as_planned:
        raise ForgeError(
            f"the firmware touched {arena.touched:,} bytes of the arena, {arena.planned:,} planned",
            where=proof.model,
            fix="nothing was written; report this model as a defect of tinyforge",
        )


def _require_fit(proof: Proof, board: Board, budget: Budget) -> None:
    """ForgeError with the numbers, unless board and budget hold what was measured."""
    if proof.ram is not None and proof.flash is not None:
        need = Need(proof.ram.total, proof.flash.total, proof.instructions, proof.on_boards)
        fits(need, board).require()
    for name, used, limit in (
        ("RAM", None if proof.ram is None else proof.ram.total, budget.ram),
        ("flash", None if proof.flash is None else proof.flash.total, budget.flash),
        ("instructions", proof.instructions, budget.instructions),
    ):
        if limit is None:
            continue
        if used is None:
            raise ForgeError(
                f"{name} cannot be measured on {proof.machine}, but the budget limits it",
                fix="use --machine unicorn",
            )
        if used > limit:
            raise ForgeError(
                f"{name}: {used:,} used, {limit:,} allowed by the budget",
                where=proof.model,
                fix="make the model smaller, or raise the budget in tinyforge.toml",
            )
