"""Builds firmware as a program of this computer, under the sanitizers, and the target to run it."""

import shutil
import subprocess
import sys

from SCons.Script import AlwaysBuild, Default, DefaultEnvironment

env = DefaultEnvironment()


def find(*names):
    """The first of these programs that is installed, or None."""
    return next(filter(None, map(shutil.which, names)), None)


def simulate(target, source, env):  # noqa: ARG001 - as SCons calls it
    """Runs the program; its exit status is the target's. Its frames end before the first."""
    return subprocess.call([source[0].get_abspath()], stdin=subprocess.DEVNULL)


SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]

c_compiler, cxx_compiler = find("gcc", "clang"), find("g++", "clang++")
if c_compiler is None:
    sys.stderr.write(
        "Error: no gcc and no clang was found. Install one: `apt-get install gcc`, "
        "or on macOS `xcode-select --install`.\n"
    )
    env.Exit(1)
# The compiled model is plain C: only the interpreter needs a compiler of C++.
env.Replace(CC=f'"{c_compiler}"', CXX=f'"{cxx_compiler}"' if cxx_compiler else "g++")
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
