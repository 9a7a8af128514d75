"""tinyforge train: the small CNN, on drawings."""

from __future__ import annotations

from pathlib import Path

from tinyforge.cli.options import Data, Output, Quick, Seed
from tinyforge.cli.ui import Ui

EXAMPLE = "Example: tinyforge train --data doodles -o model.keras"


def run(
    ui: Ui,
    data: Data = None,
    output: Output = None,
    quick: Quick = False,
    seed: Seed = None,
) -> None:
    """Train the small CNN on labelled pictures."""
    from dataclasses import asdict

    from tinyforge.files import require_writable, write_files
    from tinyforge.training.process import apart
    from tinyforge.training.train_file import train_file

    target = Path(output or "model.keras")
    require_writable(target)
    made, outcome = apart(train_file, data, target, seed=seed or 0, quick=quick, stages=ui)
    write_files({target: made})
    ui.print(
        f"{outcome.model}: accuracy {outcome.accuracy:.1%} on {outcome.pictures:,} "
        f"pictures held out\nNext: tinyforge prune {outcome.model}"
    )
    ui.emit_json(asdict(outcome))
