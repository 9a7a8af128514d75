"""How PlatformIO runs these tests: as it runs Unity's, with nothing to fetch, on our machines."""

import sys
from pathlib import Path

import click
from platformio.test.exception import UnitTestError
from platformio.test.runners.readers.native import NativeTestOutputReader
from platformio.test.runners.unity import UnityTestRunner


class SimulatedOutputReader(NativeTestOutputReader):
    """Reads what the firmware prints in the emulator that forge_sim starts."""

    def get_testing_command(self):
        runner = self.test_runner
        config, environment = runner.project_config, runner.test_suite.env_name
        board = runner.platform.board_config(config.get(f"env:{environment}", "board"))
        return [
            sys.executable,
            str(Path(runner.platform.get_dir()) / "simulate.py"),
            str(Path(config.get("platformio", "build_dir")) / environment / "firmware.elf"),
            *("--core", board.get("build.core")),
            *("--qemu-machine", board.get("simulate.qemu_machine")),
            *("--machine", config.get(f"env:{environment}", "custom_machine", "")),
        ]


class CustomTestRunner(UnityTestRunner):
    EXTRA_LIB_DEPS = ()

    def configure_build_env(self, env):
        return env

    def stage_testing(self):
        if self.options.without_testing:
            return
        click.secho("Testing...", bold=True)
        simulated = self.platform.name == "forge_sim"
        reader = SimulatedOutputReader if simulated else NativeTestOutputReader
        reader(self).begin()
        if not self.test_suite.is_finished():
            raise UnitTestError("The firmware ended before its tests did")
