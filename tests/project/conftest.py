"""Fixtures of the tests that run PlatformIO."""

import functools
from collections.abc import Iterator

import pytest

from tinyforge.project import pio
from tinyforge.project.offline import ensure_scons


@pytest.fixture(scope="module")
def core_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A PlatformIO that has never run on this machine, and cannot reach its registry."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLATFORMIO_CORE_DIR", str(tmp_path_factory.mktemp("core dir")))
        patch.setattr(pio, "ensure_scons", functools.partial(ensure_scons, reachable=lambda: False))
        yield
