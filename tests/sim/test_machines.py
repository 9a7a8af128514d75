"""The list of machines."""

import shutil

import pytest

from tinyforge.boards.cores import CORES
from tinyforge.boards.memory import MemoryMap, Region
from tinyforge.errors import ForgeError
from tinyforge.sim.machines import MACHINES, machine, machine_for

BOARD = MemoryMap(Region(0x08000000, 1 << 20), Region(0x24000000, 1 << 19))


@pytest.mark.parametrize("name", ["unicorn", "qemu", "native"])
def test_machines_are_found_by_name(name):
    found = machine(name)
    assert found.name == name
    assert found.version().startswith(name)


def test_an_unknown_machine_is_refused():
    with pytest.raises(ForgeError, match="unknown machine 'renode'"):
        machine("renode")


def test_only_unicorn_lacks_the_m55():
    lacking = {
        (name, core.name)
        for name, made in MACHINES.items()
        for core in CORES.values()
        if not made.supports(core)
    }
    assert lacking == {("unicorn", "cortex-m55")}


def test_only_qemu_has_memories_of_its_own():
    core = CORES["cortex-m7"]
    assert MACHINES["unicorn"].memory(core, BOARD) == BOARD
    assert MACHINES["native"].memory(core, BOARD) == BOARD
    assert MACHINES["qemu"].memory(core, BOARD).ram.base == 0x20000000


def test_a_missing_machine_names_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ForgeError) as caught:
        machine("qemu")
    assert "apt-get install qemu-system-arm" in caught.value.fix
    with pytest.raises(ForgeError) as caught:
        machine("unicorn")
    assert caught.value.fix == "pip install unicorn"


def test_a_machine_that_is_not_named_is_one_that_runs_the_core(monkeypatch):
    assert machine_for(None, CORES["cortex-m4"]).name == "unicorn"
    assert machine_for(None, CORES["cortex-m55"]).name == "qemu"
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert machine_for(None, CORES["cortex-m4"]).name == "qemu"
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(ForgeError) as caught:
        machine_for(None, CORES["cortex-m4"])
    assert caught.value.fix == "pip install unicorn"
