"""How large an arena a generated project reserves for the interpreter."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec

from tinyforge.errors import ForgeError
from tinyforge.graph import Graph
from tinyforge.memory.interpreter import HOST, Kernels, Target, predict, target_for
from tinyforge.memory.interpreter.abi import Abi

MARGIN = 256
"""Bytes beyond what is computed: enough for a compiler that does not shorten enums."""

_TIMEOUT_SECONDS = 120
# The name of the metadata with which some compilers prescribe where activations lie. TFLM obeys it.
_OWN_PLAN = b"OfflineMemoryAllocation"
_UNKNOWN = 1024  # bytes for a layer or a plan that is neither described nor recorded

# Every Cortex-M but the vector one, and other 32-bit cores: with CMSIS-NN or without.
_ANY_32_BIT = (target_for("cortex-m4"), target_for("cortex-m4", Kernels.REFERENCE))
# A project is also compiled for other machines, and with older libraries, where structures or
# scratch buffers are larger.
_VECTORS = "defined(__ARM_FEATURE_MVE)"
_ARDUINO = "defined(ARDUINO)"
_OTHERS: tuple[tuple[str, tuple[Target, ...]], ...] = (
    (_VECTORS, (target_for("cortex-m55"),)),
    ("__SIZEOF_POINTER__ > 4", (Target(Abi(pointer=8, enum=4), Kernels.REFERENCE),)),
    (_ARDUINO, (*_ANY_32_BIT, target_for("cortex-m4", Kernels.CMSIS_NN_2023))),
)


@dataclass(frozen=True)
class ArenaSize:
    """nbytes: a multiple of 16. source: how it was found, as sentences for a reader.

    others: (condition of the C preprocessor, bytes) of the builds that need more, or less; the
    first that holds counts.
    """

    nbytes: int
    source: tuple[str, ...]
    others: tuple[tuple[str, int], ...]

    def on(self, core: str) -> int:
        """Bytes on a board's core."""
        return dict(self.others)[_VECTORS] if core == "cortex-m55" else self.nbytes

    @property
    def in_arduino(self) -> int:
        """Bytes where Arduino's framework has the library, which is of 2023."""
        return dict(self.others)[_ARDUINO]


@dataclass(frozen=True)
class Recorded:
    """What the tflite-micro package recorded: bytes of its arena, with 64-bit structures and the
    reference kernels."""

    head: int
    tail: int


def arena_size(graph: Graph, model: bytes) -> ArenaSize:
    """The smallest arena that works, computed, and MARGIN. forge_init checks it on the device and
    reports FORGE_ERROR_ARENA.

    What is not described takes what the tflite-micro package records for it; ForgeError when that
    cannot prepare the model.
    """
    unknown = not_counted(graph, model)
    extra = _extra(graph, model, len(unknown)) if unknown else 0

    def reserve(*targets: Target) -> int:
        return max(predict(graph, t).smallest_working for t in targets) + extra + MARGIN

    source = [
        f"{reserve(*_ANY_32_BIT) - MARGIN} bytes, computed from the interpreter's structures;"
        f" {MARGIN} more for other compilers."
    ]
    if unknown:
        source.append(
            f"{extra} of them, recorded or estimated, for what is not described:"
            f" {len(unknown)} layers or plans."
        )
    return ArenaSize(
        reserve(*_ANY_32_BIT),
        tuple(source),
        tuple((condition, reserve(*targets)) for condition, targets in _OTHERS),
    )


def not_counted(graph: Graph, model: bytes) -> tuple[str, ...]:
    """What predict() leaves out, for a reader: layers not described, a plan of the model's own."""
    own_plan = ("the memory plan that the model carries",) if _OWN_PLAN in model else ()
    return predict(graph, HOST).unknown + own_plan


def _extra(graph: Graph, model: bytes, unknown: int) -> int:
    """Bytes, a multiple of 16, for so many things of which predict() knows nothing."""
    found = recorded(model)
    if found is None:
        return unknown * _UNKNOWN
    return max(0, -(-(found.head + found.tail - predict(graph, HOST).used) // 16) * 16)


# What helps unless the compiled engine lacks a layer too.
_WITHOUT = "leave the interpreter out with --engine aot, or change the layer that it names"


def recorded(model: bytes) -> Recorded | None:
    """What the tflite-micro package takes for the model; None where it is not installed.

    ForgeError when it cannot prepare the model.
    """
    if find_spec("tflite_micro") is None:
        return None
    command = [sys.executable, "-P", "-m", "tinyforge.engines.tflm.measure"]
    try:
        child = subprocess.run(
            command, input=model, capture_output=True, timeout=_TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ForgeError(
            f"TensorFlow Lite Micro did not prepare the model in {_TIMEOUT_SECONDS} s",
            fix=_WITHOUT,
        ) from error
    if child.returncode:
        lines = child.stderr.decode(errors="replace").strip().splitlines()
        raise ForgeError(
            "TensorFlow Lite Micro cannot prepare the model",
            where=lines[-1] if lines else f"exit status {child.returncode}",
            fix=_WITHOUT,
        )
    head, tail = map(int, child.stdout.split())
    return Recorded(head, tail)
