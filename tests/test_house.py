"""The house's own rules: who may import whom, and what a light command must not load."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "tinyforge"

# The inner rooms know nothing of the outer ones.
FORBIDDEN = {
    "graph": ("engines", "sim", "project", "cli", "training", "proof", "report"),
    "ops": ("engines", "sim", "project", "cli", "training", "proof", "report"),
    "memory": ("engines", "sim", "project", "cli", "training", "proof", "report"),
    "tflite": ("engines", "sim", "project", "cli", "training", "proof", "report"),
    "datasets": ("engines", "sim", "project", "cli", "training"),
}


def imports(path: Path) -> set[str]:
    """Every module that a file imports, at the top or inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


@pytest.mark.parametrize("room", FORBIDDEN)
def test_inner_rooms_do_not_import_outer_ones(room: str) -> None:
    for path in (PACKAGE / room).rglob("*.py"):
        for name in imports(path):
            assert not name.startswith(tuple(f"tinyforge.{r}" for r in FORBIDDEN[room])), path


def test_only_training_imports_tensorflow() -> None:
    heavy = ("tensorflow", "keras", "tf_keras")
    for path in PACKAGE.rglob("*.py"):
        if "training" not in path.parts:
            assert not any(name.split(".")[0] in heavy for name in imports(path)), path


def test_the_command_line_loads_nothing_heavy() -> None:
    program = (
        "import sys, tinyforge.cli\n"
        "heavy = {'numpy', 'tensorflow', 'jinja2', 'rich', 'unicorn', 'elftools', 'platformio'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert shown.stdout.strip() == "[]"


def test_firmware_and_templates_do_not_name_this_package_s_python() -> None:
    for folder in ("firmware", "templates"):
        for path in (PACKAGE.parent / folder).rglob("*"):
            if path.is_file() and path.suffix in {".c", ".h", ".cc", ".cpp"}:
                assert "import " not in path.read_text(), path
