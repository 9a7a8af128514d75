"""A project's compiled model as the sources of a library: src/<prefix>.h, and src/<prefix>/.

One layout for every form: the public header, which is all that an application includes, and a
folder of C beside it whose files find each other relative to themselves. So no include path leads
from one library into another, and none but src/ is needed.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from tinyforge.export.arena import ArenaPlace
from tinyforge.export.naming import Naming
from tinyforge.graph import Graph
from tinyforge.names import c_comment
from tinyforge.project.templates import render
from tinyforge.resources import folder

Files = Mapping[str, str]

_INCLUDES = ("include", "lib/forge/include")
_PORT = "lib/forge/include/forge/forge_port.h"
# What an application includes of a project, in place of which the library has one header.
_PUBLIC = (
    "include/model.h",
    "lib/forge/include/forge/forge.h",
    "lib/forge/include/forge/forge_tensors.h",
)
_MODEL = "src/aot/model.c"
# What is hand-written for libraries alone, by its place in a project.
_OWN = {_PORT: "port.h", "src/print.c": "print.c"}
_INCLUDE = re.compile(r'^( *# *include +)"([^"]+)"', re.MULTILINE)


@dataclass(frozen=True)
class Library:
    """files: by path below the library's folder. origins: the project's file that a source was
    made of, but for those that libraries alone have. place: of the arena."""

    naming: Naming
    place: ArenaPlace
    files: Files
    origins: Mapping[str, str]

    @property
    def prefix(self) -> str:
        return self.naming.prefix

    @property
    def model(self) -> str:
        """The source that has the arena."""
        return _place(_MODEL, self.prefix)

    @property
    def sources(self) -> tuple[str, ...]:
        """What is compiled."""
        return tuple(path for path in self.files if path.endswith(".c"))


def library(project: Files, graph: Graph, prefix: str, place: ArenaPlace, arena: int) -> Library:
    """project: all text of a project with the compiled engine, by path. arena: its bytes."""
    files = {**project, **{path: _hand_written(name) for path, name in _OWN.items()}}
    naming = Naming(prefix, place.names, {"model.h": f"{prefix}.h", "model.c": f"{prefix}_model.c"})
    taken = _with_included(files, [p for p in files if _is_source(p)])
    places = {path: _place(path, prefix) for path in taken}
    made = {
        places[path]: naming.source(_including(files, path, places))
        for path in taken
        if path not in _PUBLIC
    }
    header = render(
        "export/library.h.j2",
        model=c_comment(graph.name),
        arena_bytes=arena,
        shared=place.shared,
        api=_inlined(files, _PUBLIC[0], set()).strip(),
        print_to=_hand_written("print_to.h").strip(),
    )
    made[f"src/{prefix}.h"] = naming.source(re.sub(r"\n{3,}", "\n\n", header))
    if place.attributes:
        define = render("export/place.h.j2", attributes=place.attributes, comment=place.comment)
        made[places[_MODEL]] = naming.source(define) + made[places[_MODEL]]
    origins = {places[path]: path for path in taken if _is_source(path) and path not in _OWN}
    return Library(naming, place, dict(sorted(made.items())), dict(sorted(origins.items())))


def _hand_written(name: str) -> str:
    return (folder("firmware") / "library" / name).read_text(encoding="utf-8")


def _is_source(path: str) -> bool:
    """Whether a project's file is C of the model, not of the application or the board."""
    place = PurePosixPath(path)
    if place.suffix != ".c" or place.name == "identity.c":
        return False
    return str(place.parent) == "src/aot" or (str(place.parent) == "src" and place.name != "main.c")


def _place(path: str, prefix: str) -> str:
    """Where a project's file lies in the library."""
    place = PurePosixPath(path)
    if path in _PUBLIC:
        return f"src/{prefix}.h"
    if place.suffix == ".c":
        return f"src/{prefix}/{prefix}_{place.name}"
    within = "kernels/" if place.parent.name == "kernels" else ""
    return f"src/{prefix}/{within}{place.name.removeprefix('forge_')}"


def _found(files: Files, path: str, name: str) -> str:
    """The project's file that another one includes under a name."""
    candidates = [posixpath.join(place, name) for place in (posixpath.dirname(path), *_INCLUDES)]
    return next(candidate for candidate in candidates if candidate in files)


def _included(files: Files, path: str) -> Iterator[str]:
    return (_found(files, path, match[2]) for match in _INCLUDE.finditer(files[path]))


def _with_included(files: Files, sources: list[str]) -> list[str]:
    """These, and all that they include, however far."""
    found = dict.fromkeys(sources)
    waiting = list(sources)
    while waiting:
        new = [path for path in _included(files, waiting.pop()) if path not in found]
        found |= dict.fromkeys(new)
        waiting += new
    return list(found)


def _including(files: Files, path: str, places: Mapping[str, str]) -> str:
    """A file whose includes lead to the library's files, relative to its own place."""
    here = posixpath.dirname(places[path])

    def moved(match: re.Match[str]) -> str:
        there = places[_found(files, path, match[2])]
        return f'{match[1]}"{posixpath.relpath(there, here)}"'

    return _INCLUDE.sub(moved, files[path])


def _inlined(files: Files, path: str, seen: set[str]) -> str:
    """A header in which those that it includes stand in full, each once."""
    seen.add(path)

    def inlined(match: re.Match[str]) -> str:
        there = _found(files, path, match[2])
        return "" if there in seen else _inlined(files, there, seen)

    return _INCLUDE.sub(inlined, files[path])
