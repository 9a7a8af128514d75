"""The Cortex-M cores that firmware can be built and emulated for: one row a core."""

from dataclasses import dataclass

from tinyforge.errors import ForgeError


@dataclass(frozen=True)
class Core:
    """How each tool spells one core.

    zig_target and zig_cpu: `zig cc -target … -mcpu=…`. gcc_flags: arm-none-eabi-gcc.
    unicorn_model: the attribute of unicorn.arm_const, or None where unicorn has no such core.
    qemu_machine: a QEMU board with this core, or None.
    """

    name: str
    zig_target: str
    zig_cpu: str
    gcc_flags: tuple[str, ...]
    unicorn_model: str | None
    qemu_machine: str | None


_EABI = "thumb-freestanding-eabi"
_EABIHF = "thumb-freestanding-eabihf"


def _gcc(cpu: str, *, hard_float: bool) -> tuple[str, ...]:
    floating = ("-mfpu=auto", "-mfloat-abi=hard") if hard_float else ("-mfloat-abi=soft",)
    return (f"-mcpu={cpu}", "-mthumb", *floating)


CORES = {
    core.name: core
    for core in (
        Core("cortex-m0plus", _EABI, "cortex_m0plus", _gcc("cortex-m0plus", hard_float=False),
             "UC_CPU_ARM_CORTEX_M0", "microbit"),
        Core("cortex-m3", _EABI, "cortex_m3", _gcc("cortex-m3", hard_float=False),
             "UC_CPU_ARM_CORTEX_M3", "mps2-an385"),
        Core("cortex-m4", _EABIHF, "cortex_m4+vfp4d16sp", _gcc("cortex-m4", hard_float=True),
             "UC_CPU_ARM_CORTEX_M4", "mps2-an386"),
        Core("cortex-m7", _EABIHF, "cortex_m7+fp_armv8d16", _gcc("cortex-m7", hard_float=True),
             "UC_CPU_ARM_CORTEX_M7", "mps2-an500"),
        Core("cortex-m33", _EABIHF, "cortex_m33+dsp+fp_armv8d16sp",
             _gcc("cortex-m33", hard_float=True), "UC_CPU_ARM_CORTEX_M33", "mps2-an505"),
        Core("cortex-m55", _EABIHF, "cortex_m55+mve_fp", _gcc("cortex-m55", hard_float=True),
             None, "mps3-an547"),
    )
}  # fmt: skip


def full_name(core: str) -> str:
    """A core's name, which may be given without its family: "m4" for "cortex-m4"."""
    return f"cortex-{core}" if f"cortex-{core}" in CORES else core


def core_named(name: str) -> Core:
    """ForgeError, with the names there are, for any other."""
    if name not in CORES:
        raise ForgeError(f"unknown core {name!r}", fix=f"choose one of {', '.join(CORES)}")
    return CORES[name]
