"""For which build of TensorFlow Lite Micro an arena is computed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tinyforge.boards.cores import core_named
from tinyforge.memory.interpreter.abi import ARM, ARM_NOT_STATIC, X86_64_PACKAGE, Abi


class Kernels(StrEnum):
    """Which implementation of the operators is linked. CMSIS_NN_2023: what Arduino's libraries
    have, compiled without TF_LITE_STATIC_MEMORY; at most as much as is computed."""

    CMSIS_NN = "cmsis-nn"
    CMSIS_NN_2023 = "cmsis-nn-2023"
    REFERENCE = "reference"


class Simd(StrEnum):
    """Which vector instructions CMSIS-NN is compiled for: its scratch buffers depend on it."""

    NONE = "none"
    DSP = "dsp"
    MVE = "mve"


_SIMD = {
    "cortex-m4": Simd.DSP,
    "cortex-m7": Simd.DSP,
    "cortex-m33": Simd.DSP,
    "cortex-m55": Simd.MVE,
}


@dataclass(frozen=True)
class Target:
    """One build: its ABI, which kernels it links, and what CMSIS-NN may use of the core."""

    abi: Abi
    kernels: Kernels
    simd: Simd = Simd.NONE


HOST = Target(X86_64_PACKAGE, Kernels.REFERENCE)
"""The tflite-micro package for Linux x86-64."""


def target_for(core: str, kernels: Kernels = Kernels.CMSIS_NN) -> Target:
    """The build for a core, by its name in boards.cores. ForgeError for an unknown one."""
    abi = ARM_NOT_STATIC if kernels is Kernels.CMSIS_NN_2023 else ARM
    return Target(abi, kernels, _SIMD.get(core_named(core).name, Simd.NONE))
