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
