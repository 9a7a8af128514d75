"""Builds firmware as a program of this computer, under the sanitizers, and the target to run it."""

import shutil
import subprocess
import sys

from SCons.Script import AlwaysBuild, Default, DefaultEnvironment

env = DefaultEnvironment()


def find(*names):
    """The first of these programs that is installed."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        sys.stderr.write(
            f"Error: no compiler was found ({', '.join(names)}). "
            "Install one: `apt-get install gcc g++`, or on macOS `xcode-select --install`.\n"
        )
        env.Exit(1)
    return f'"{found}"'


def simulate(target, source, env):  # noqa: ARG001 - as SCons calls it
    """Runs the program; its exit status is the target's. Its frames end before the first."""
    return subprocess.call([source[0].get_abspath()], stdin=subprocess.DEVNULL)


SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]

env.Replace(CC=find("gcc", "clang"), CXX=find("g++", "clang++"))
env.Append(
    CCFLAGS=["-g", "-O1", "-fno-omit-frame-pointer", *SANITIZERS],
    CFLAGS=["-std=c11"],
    CXXFLAGS=["-std=c++17", "-fno-exceptions", "-fno-rtti"],
    LINKFLAGS=SANITIZERS,
)
if "test" in env["BUILD_TYPE"]:
    # A test is an application of its own.
    env.Append(SRC_FILTER=["-<main.c>"])

program = env.BuildProgram()
AlwaysBuild(env.Alias("nobuild", program))
Default([env.Alias("buildprog", program, program)])

env.AddPlatformTarget(
    "simulate",
    program,
    env.VerboseAction(simulate, "Running $SOURCE"),
    title="Run",
    description="Run the firmware on this computer",
)
