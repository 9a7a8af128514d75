"""Libraries of small models, in every form, as `tinyforge export` writes them but for the proof."""

from __future__ import annotations

from pathlib import Path

from tests.device.emulated import Quiet
from tinyforge.export.arena import ArenaPlace
from tinyforge.export.exporting import exported_library
from tinyforge.export.forms import library_files
from tinyforge.export.sources import Library
from tinyforge.generation import Generated, generate
from tinyforge.graph import Graph
from tinyforge.project.writer import write
from tinyforge.proof.examples import synthetic
from tinyforge.source import Source
from tinyforge.spec import FeedChoice, FormChoice, Spec
from tinyforge.tflite import write as to_tflite

_VECTORS = 4


def generated(
    graph: Graph, *, feed: FeedChoice = "frame", labels: tuple[str, ...] = ()
) -> Generated:
    """A model's project, with golden vectors."""
    source = Source(to_tflite(graph), graph, labels)
    settings = Spec(engine="aot", feed=feed)
    return generate(source, synthetic(graph, _VECTORS, seed=0), settings, Quiet())


def exported(
    project: Generated,
    prefix: str,
    *,
    form: FormChoice = "c",
    section: str = "",
    shared: bool = False,
) -> tuple[Library, dict[str, str]]:
    """A library, and all files of its folder."""
    made = exported_library(project, prefix, ArenaPlace(section, shared=shared))
    return made, library_files(made, form, project, Spec())


def folder(project: Generated, prefix: str, place: Path, *, form: FormChoice = "c") -> Path:
    """A library's folder in a place, under its prefix."""
    return write(exported(project, prefix, form=form)[1], place / prefix)
