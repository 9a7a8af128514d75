"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of shared models, golden vectors and drawings; TINYFORGE_CORPUS names it."""
    folder = os.environ.get("TINYFORGE_CORPUS")
    if not folder:
        pytest.skip("needs TINYFORGE_CORPUS")
    return Path(folder).resolve()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With TINYFORGE_NO_SKIPS set, as in CI, a skipped test fails the run.

    Excepted are tests that need a checkout of TensorFlow Lite Micro (TINYFORGE_TFLM).
    """
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not os.environ.get("TINYFORGE_NO_SKIPS"):
        return
    reasons = [str(report.longrepr) for report in reporter.stats.get("skipped", [])]
    if any("TINYFORGE_TFLM" not in reason for reason in reasons):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter.write_line(f"skipped, though this machine has what they need: {reasons}", red=True)
