"""tinyforge tflm: the sources of TensorFlow Lite Micro."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tinyforge.cli.options import Debug, Json
from tinyforge.cli.ui import Ui

if TYPE_CHECKING:
    from tinyforge.engines.tflm.sources import Found

app = typer.Typer(
    help="Bring the sources of TensorFlow Lite Micro, or say which are there.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_Origin = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="FOLDER",
        envvar="TINYFORGE_TFLM",
        help="A folder with clones of the repositories, for work offline. [default: GitHub]",
    ),
]


@app.command(epilog="Example: tinyforge tflm install --from ~/clones")
def install(origin: _Origin = None, json: Json = False, debug: Debug = False) -> None:
    """Fetch the pinned commits into the user's cache, each verified by its id."""
    ui = Ui(json=json, debug=debug)
    with ui.errors():
        from tinyforge.engines.tflm import sources

        _show(ui, sources.install(origin, ui), sources.cache_folder())


@app.command(epilog="Example: tinyforge tflm status --json")
def status(json: Json = False, debug: Debug = False) -> None:
    """Say which sources are there, unchanged, at the pinned commits."""
    ui = Ui(json=json, debug=debug)
    with ui.errors():
        from tinyforge.engines.tflm import sources

        _show(ui, sources.status(), sources.cache_folder())


def _show(ui: Ui, found: Sequence[Found], cache: Path) -> None:
    from tinyforge.report.catalogue import sources_table

    ui.print(sources_table(found))
    ui.print(f"in {cache}")
    ui.emit_json(
        {
            "folder": str(cache),
            "complete": all(f.state == "installed" for f in found),
            "sources": [_facts(f) for f in found],
        }
    )


def _facts(found: Found) -> dict[str, Any]:
    source = found.source
    return {
        "name": source.name,
        "url": source.url,
        "commit": source.commit,
        "version": source.version,
        "licence": source.licence,
        "folder": str(found.folder),
        "state": found.state.value,
    }
