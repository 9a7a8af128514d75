"""tinyforge setup-offline: let PlatformIO build where its registry cannot be reached."""

from __future__ import annotations

from tinyforge.cli.ui import Ui

EXAMPLE = "Example: tinyforge setup-offline && pio run -e sim"


def run(ui: Ui) -> None:
    """Let PlatformIO build where its registry cannot be reached.

    Its build tool, SCons, is taken from this Python's packages. Where PlatformIO has its own, or
    can fetch it, nothing is changed. tinyforge does this by itself before it runs PlatformIO.
    """
    from tinyforge.project.offline import describe, ensure_scons, packages_folder

    state = ensure_scons(packages_folder())
    ui.print(describe(state))
    folder = None if state.folder is None else str(state.folder)
    ui.emit_json({"scons": state.source, "version": state.version, "folder": folder})
