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

    Excepted are tests that need a local copy of a library of TensorFlow Lite Micro
    (TINYFORGE_TFLM), as sim_tflm takes it.
    """
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not os.environ.get("TINYFORGE_NO_SKIPS"):
        return
    reasons = [str(report.longrepr) for report in reporter.stats.get("skipped", [])]
    if any("TINYFORGE_TFLM" not in reason for reason in reasons):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter.write_line(f"skipped, though this machine has what they need: {reasons}", red=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tells what became better, and how to hold on to it: see tests/bench/test_results.py."""
    passed = terminalreporter.getreports("passed")
    better = [text for r in passed for name, text in r.user_properties if name == "better"]
    if better:
        terminalreporter.section("better than stored: python -m tests.bench.store")
        for line in better:
            terminalreporter.write_line(str(line))
