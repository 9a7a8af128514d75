"""Exported models in a PlatformIO project, beside its own: built and run by PlatformIO, offline."""

from pathlib import Path

import pytest

from tests.corpus import models
from tests.export.made import folder, generated
from tests.project.test_tree import example
from tinyforge.project.pio import run_pio
from tinyforge.project.tree import project_files
from tinyforge.project.writer import write

_MAIN = """\
#include "doodle.h"
#include "forge/forge_app.h"
#include "kws.h"

static int passed(void) {
  kws_print_to(forge_port_print);
  doodle_print_to(forge_port_print);
  if (kws_init() != KWS_OK || doodle_init() != DOODLE_OK) return 0;
  if (kws_selftest() != KWS_OK || doodle_selftest() != DOODLE_OK) return 0;
  return forge_app_start() == FORGE_OK;
}

void forge_app_main(void) {
  forge_port_init();
  forge_port_exit(passed() ? 0 : 1);
}
"""


@pytest.mark.parametrize("environment", ["sim", "native"])
def test_platformio_builds_three_models_into_one_firmware(core_dir, environment, tmp_path: Path):
    project = write({**project_files(example()), "src/main.c": _MAIN}, tmp_path / "project")
    folder(generated(models.classifier(1)), "kws", project / "lib", form="platformio-library")
    folder(generated(models.separable(2)), "doodle", project / "lib", form="platformio-library")
    shown = run_pio(project, "run", "-t", "simulate", environment=environment).output
    assert "warning" not in shown.lower(), shown
    assert shown.count("PASS: 4 golden vectors") == 3
