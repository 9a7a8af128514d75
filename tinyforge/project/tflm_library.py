"""TensorFlow Lite Micro as a project declares it: a library by name and version.

Each is what users of a framework take, from the registry that their framework has; its own manifest
builds it, and PlatformIO or ESP-IDF fetches it with the first build.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tinyforge.errors import ForgeError
from tinyforge.names import ini_value

# Where ESP-IDF reads which components a project takes.
COMPONENTS = "src/idf_component.yml"
_ESPIDF = "espidf"

# What makes a folder a library: of PlatformIO's, of Arduino's.
_MANIFESTS = ("library.json", "library.properties")
# owner/name@version, as a registry has it, and whatever says itself where it lies.
_REGISTERED = re.compile(r"([\w.-]+/)?[\w.() -]+@[\w.^~<>=*+-]+", re.ASCII)
_SYMLINK = "symlink://"
_FIX = (
    "give a folder with a library.json, or owner/name@version of PlatformIO's registry, "
    "for example --tflm-library spaziochirale/Chirale_TensorFLowLite@2.0.0"
)


@dataclass(frozen=True)
class Library:
    """dependency: owner/name@version, or as lib_deps spells it. kernels: whose it computes with.

    flags: that it is compiled with, and all that includes it: without the same ones every output is
    0, and nothing complains. lacks: operators that it has no kernels for.
    """

    dependency: str
    kernels: str
    flags: tuple[str, ...] = ("-D TF_LITE_STATIC_MEMORY",)
    lacks: frozenset[str] = frozenset()


# Operators that came after 2023.
_NEWER = frozenset(
    ("BATCH_MATMUL", "DYNAMIC_UPDATE_SLICE", "REDUCE_ALL", "REDUCE_MIN", "REVERSE_V2")
)

# By framework; _ANY where it is another one, or none. The Arduino IDE, which its libraries are made
# for, gives no flags.
_LIBRARIES: Mapping[str, Library] = {
    "arduino": Library(
        "spaziochirale/Chirale_TensorFLowLite@2.0.0",
        "CMSIS-NN",
        flags=(),
        lacks=_NEWER | {"EMBEDDING_LOOKUP"},
    ),
    _ESPIDF: Library("espressif/esp-tflite-micro@1.4.0", "ESP-NN"),
}
_ANY = Library(
    "trylaarsdam/Tensorflow Lite for Microcontrollers (WCL)@1.1.1", "reference", lacks=_NEWER
)


def library_for(port: str, given: str | None = None) -> Library:
    """What a port (a framework, sim or native) takes. given: the user's own, as dependency() gives
    it; ESP-IDF takes no PlatformIO library, and keeps its component."""
    found = _LIBRARIES.get(port, _ANY)
    if given is None or by_component(port):
        return found
    return Library(given, "its own", found.flags)


def by_component(port: str) -> bool:
    """Whether a framework takes components that COMPONENTS lists, in place of libraries."""
    return port == _ESPIDF


def component_file(library: Library) -> str:
    """The text of COMPONENTS."""
    name, _, version = library.dependency.partition("@")
    return f'dependencies:\n  {name}: "{version}"\n'


def dependency(text: str | None) -> str | None:
    """What the user gave for a library, as lib_deps takes it: a folder becomes a link to it.

    ForgeError for what is neither a folder nor a library's name and version, nor says where it is.
    """
    if text is None:
        return None
    folder = Path(text).expanduser()
    if text and folder.is_dir():
        text = f"{_SYMLINK}{folder.absolute().as_posix()}"
    elif not ("://" in text or _REGISTERED.fullmatch(text)):
        raise ForgeError("no such library of TensorFlow Lite Micro", where=text, fix=_FIX)
    return ini_value(text, what="the library of TensorFlow Lite Micro")


def require(text: str | None) -> None:
    """ForgeError unless a folder that the user gave for a library is one."""
    found = dependency(text)
    if found is None or not found.startswith(_SYMLINK):
        return
    folder = Path(found.removeprefix(_SYMLINK))
    if not any((folder / name).is_file() for name in _MANIFESTS):
        raise ForgeError(
            f"no PlatformIO library: there is no {' and no '.join(_MANIFESTS)}",
            where=str(folder),
            fix=_FIX,
        )
