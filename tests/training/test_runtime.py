"""TensorFlow comes late and says nothing; `import tinyforge.training` does not bring it."""

import logging
import os
import pkgutil
import subprocess
import sys

import pytest

from tinyforge import training
from tinyforge.errors import ForgeError
from tinyforge.training import runtime


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True
    )


def test_importing_does_not_import_tensorflow() -> None:
    found = pkgutil.walk_packages(training.__path__, f"{training.__name__}.")
    imports = "; ".join(f"import {module.name}" for module in found)
    code = (
        f"{imports}; import sys; heavy = ('keras', 'tf_keras', 'tensorflow', 'h5py')\n"
        "print([m for m in sys.modules if m.split('.')[0] in heavy])"
    )
    assert run(code).stdout.strip() == "[]"


def test_importing_tensorflow_writes_nothing() -> None:
    code = "from tinyforge.training import runtime; runtime.tfmot(); runtime.keras(); print('done')"
    done = run(code)
    assert (done.stdout, done.stderr) == ("done\n", "")


def test_quiet_holds_for_python_and_for_c() -> None:
    done = run(
        "import os, sys, warnings; from tinyforge.training import runtime\n"
        "with runtime.quiet():\n"
        "    os.write(1, b'from C'), os.write(2, b'from C'), warnings.warn('x')\n"
        "    print('from Python'), print('from Python', file=sys.stderr)\n"
        "print('after'), print('after', file=sys.stderr)\n"
    )
    assert (done.stdout, done.stderr) == ("after\n", "after\n")


def test_debug_lets_everything_through(capfd: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("tinyforge")
    level = logger.level
    logger.setLevel(logging.DEBUG)
    try:
        with runtime.quiet():
            os.write(2, b"from C")
    finally:
        logger.setLevel(level)
    assert capfd.readouterr().err == "from C"


def test_quiet_gives_the_descriptors_back_after_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="x"), runtime.quiet():
        raise ValueError("x")
    os.write(1, b"heard")
    assert capfd.readouterr().out == "heard"


def test_a_missing_package_is_named_with_the_remedy() -> None:
    with pytest.raises(ForgeError, match="no-such-package") as error:
        runtime.module("no_such_package")
    assert error.value.fix.startswith("pip install ")
    assert '"tensorflow==' in error.value.fix
