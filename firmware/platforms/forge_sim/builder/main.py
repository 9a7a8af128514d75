"""Builds firmware for an emulated Cortex-M, and the target that runs it there.

Compiler: arm-none-eabi-gcc where there is one (on the path, or a package of PlatformIO's), else
zig. An environment chooses with `custom_toolchain = gcc` or `zig`, and the emulator with
`custom_machine = qemu` or `unicorn`.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from SCons.Script import AlwaysBuild, Default, DefaultEnvironment

GCC = "arm-none-eabi-gcc"

env = DefaultEnvironment()
board = env.BoardConfig()
folder = Path(env.PioPlatform().get_dir())


def local(path):
    """A path as seen from the project, where builds run: a copied project builds the same way."""
    return os.path.relpath(path, env.subst("$PROJECT_DIR"))


def refuse(text):
    """Ends the build with a message."""
    sys.stderr.write(f"Error: {text}\n")
    env.Exit(1)


def gcc_folder():
    """Where arm-none-eabi-gcc lies, or None."""
    packages = Path(env.subst("$PROJECT_PACKAGES_DIR"))
    places = [None, *map(str, sorted(packages.glob("toolchain-gccarmnoneeabi*/bin"), reverse=True))]
    found = next(filter(None, (shutil.which(GCC, path=place) for place in places)), None)
    return found and Path(found).parent


def zig_program():
    """The zig of the pip package ziglang in PlatformIO's own Python, or of the path, or None."""
    spec = importlib.util.find_spec("ziglang")
    if spec is None or spec.origin is None:
        return shutil.which("zig")
    return shutil.which("zig", path=str(Path(spec.origin).parent))


def use_gcc(bin_folder):
    env.PrependENVPath("PATH", str(bin_folder))
    env.Replace(
        CC=GCC, CXX="arm-none-eabi-g++", AS=GCC,
        AR="arm-none-eabi-gcc-ar", RANLIB="arm-none-eabi-gcc-ranlib", SIZETOOL="arm-none-eabi-size",
    )  # fmt: skip
    target = board.get("build.gcc_flags")
    # No start files and no C library: the project brings all it needs, but for libgcc.
    env.Append(CCFLAGS=target, ASFLAGS=target, LINKFLAGS=[*target, "-nostdlib"], LIBS=["gcc"])


def use_zig(zig):
    env.Replace(
        CC=f'"{zig}" cc', CXX=f'"{zig}" c++', AS=f'"{zig}" cc',
        AR=f'"{zig}" ar', RANLIB=f'"{zig}" ranlib',
    )  # fmt: skip
    target = ["-target", board.get("build.zig_target"), f"-mcpu={board.get('build.zig_cpu')}"]
    env.Append(
        CCFLAGS=[*target, "-fno-sanitize=all"],
        ASFLAGS=target,
        # Without an explicit entry, zig's linker drops every section.
        LINKFLAGS=[*target, "-Wl,-e,Reset_Handler"],
    )


def choose_toolchain():
    wanted = env.GetProjectOption("custom_toolchain", "")
    bin_folder = gcc_folder() if wanted in ("", "gcc") else None
    zig = zig_program() if wanted in ("", "zig") else None
    if bin_folder:
        use_gcc(bin_folder)
    elif zig:
        use_zig(zig)
    elif wanted not in ("", "gcc", "zig"):
        refuse(f"custom_toolchain = {wanted}: there are gcc and zig")
    else:
        refuse(
            f"{wanted or 'gcc or zig'} was not found. Install one: "
            f"`apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi` brings {GCC}, "
            "`pip install ziglang` (where PlatformIO is installed) brings zig."
        )


def simulate(target, source, env):  # noqa: ARG001 - as SCons calls it
    """Runs the firmware; its exit status is the target's."""
    return subprocess.call(
        [
            env.subst("$PYTHONEXE"),
            str(folder / "simulate.py"),
            source[0].get_abspath(),
            "--core",
            board.get("build.core"),
            "--qemu-machine",
            board.get("simulate.qemu_machine"),
            "--machine",
            env.GetProjectOption("custom_machine", ""),
            "--files",
            env.subst("$PROJECT_DIR"),
        ]
    )


choose_toolchain()
script = str(folder / "boards" / board.get("build.ldscript"))
env.Replace(PROGNAME="firmware", PROGSUFFIX=".elf", LDSCRIPT_PATH=local(script))
env.Append(
    ASPPFLAGS=["-x", "assembler-with-cpp"],
    # -idirafter: a toolchain's own C library comes first.
    CCFLAGS=[
        "-Os", "-ffreestanding", "-ffunction-sections", "-fdata-sections",
        "-fno-unwind-tables", "-fno-asynchronous-unwind-tables",
        "-idirafter", local(env.subst("$PROJECT_SRC_DIR/ports/sim/libc")),
    ],
    CFLAGS=["-std=c11"],
    CXXFLAGS=["-std=c++17", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics"],
    LINKFLAGS=["-Wl,--gc-sections"],
)  # fmt: skip
if "test" in env["BUILD_TYPE"]:
    # A test is an application of its own, and never on the board: its data may be more than that
    # holds, by which PlatformIO measures. The emulated board's limits are the linker's.
    env.Append(SRC_FILTER=["-<main.c>"])
    env.Replace(SIZETOOL="")

firmware = env.BuildProgram()
env.Depends(firmware, script)
AlwaysBuild(env.Alias("nobuild", firmware))
Default([env.Alias("buildprog", firmware, firmware)])

env.AddPlatformTarget(
    "simulate",
    firmware,
    env.VerboseAction(simulate, "Simulating $SOURCE"),
    title="Simulate",
    description="Run the firmware on an emulated Cortex-M",
)
