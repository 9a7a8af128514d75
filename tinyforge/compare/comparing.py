"""A model's variants beside each other: made, proved where they are in int8, and written."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tinyforge import pipeline
from tinyforge.compare.on_board import Compared, on_board
from tinyforge.datasets.npy import npz
from tinyforge.project import writer
from tinyforge.proof.data import arrays
from tinyforge.report.comparison_page import comparison_html
from tinyforge.report.json_report import comparison_json, json_text
from tinyforge.report.record import Comparison
from tinyforge.spec import Spec, comparison_folder
from tinyforge.stages import Stages
from tinyforge.training.compared import Made, made_of_file
from tinyforge.training.process import apart
from tinyforge.training.recipe import Amounts, Recipe
from tinyforge.training.settings import Loading
from tinyforge.training.variants import Variant

_INPUTS_FILE = "inputs.npz"


def compare(
    settings: Spec,
    stages: Stages,
    recipes: tuple[Recipe, ...],
    amounts: Amounts,
    *,
    how: Loading,
    quick: bool,
    overwrite: bool = False,
) -> tuple[Comparison, Path]:
    """Makes the variants of a Keras model, proves those in int8 on the board, and writes them: each
    of those as a project. The comparison, and the folder that holds it all. settings: as
    preflight.require_comparison wants them.

    overwrite: also over generated files that were edited. ForgeError, and nothing written, where
    there is nothing to compare; a variant that fails is a row that says why.
    """
    assert settings.model is not None and settings.data is not None
    path, folder = Path(settings.model), comparison_folder(settings)
    made = apart(
        made_of_file, path, settings.data, recipes, amounts,
        how=how, seed=settings.seed, quick=quick, range_text=settings.range, stages=stages,
    )  # fmt: skip

    def own(name: str) -> Spec:
        return msgspec.structs.replace(settings, output=str(folder / _slug(name)))

    found = on_board(made, own, stages, model=path.stem, overwrite=overwrite)
    writer.write(_files(made, found), folder, overwrite=overwrite)
    for name, ran in found.proved.items():
        report = pipeline.report_of(ran.generated, ran.proof, own(name), stages)
        pipeline.write(ran.generated, own(name), report, overwrite=overwrite)
    return found.comparison, folder


def _slug(name: str) -> str:
    """A variant's name as that of a file."""
    return name.replace("+", "-")


def _files(made: Made, found: Compared) -> dict[str, str | bytes]:
    """What lies beside the variants' projects: float models, what the others ran on, the report."""
    files: dict[str, str | bytes] = {
        f"{_slug(variant.name)}.tflite": variant.model
        for variant in made.variants
        if isinstance(variant, Variant) and not variant.recipe.int8
    }
    if found.proved:
        graph = next(iter(found.proved.values())).source.graph
        files[_INPUTS_FILE] = npz(arrays(graph, made.held_out, found.inputs))
    return files | {
        "report.json": json_text(comparison_json(found.comparison)),
        "report.html": comparison_html(found.comparison),
    }
