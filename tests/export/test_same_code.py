"""A library is held to the code that was proved: what differs in a byte is named."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

import pytest

from tests.corpus import models
from tests.device.emulated import Quiet
from tests.export.made import exported, generated
from tinyforge.errors import ForgeError
from tinyforge.export.checked import require_proved
from tinyforge.export.sources import Library
from tinyforge.generation import Generated
from tinyforge.spec import Spec, ToolchainChoice


@functools.cache
def project() -> Generated:
    return generated(models.classifier(1))


def require(library: Library, toolchain: ToolchainChoice) -> None:
    require_proved(library, project(), Spec(engine="aot", toolchain=toolchain), Quiet())


def edited(path: str, old: str, new: str) -> Library:
    """A library with one file that is not as it was."""
    library, _ = exported(project(), "kws")
    assert library.files[path].count(old) == 1
    return replace(library, files={**library.files, path: library.files[path].replace(old, new)})


@pytest.mark.parametrize("toolchain", ["zig", "gcc"])
@pytest.mark.parametrize(("section", "shared"), [("", False), (".dtcm", False), ("", True)])
def test_libraries_are_the_code_that_was_proved(
    toolchain: ToolchainChoice, section: str, shared: bool
) -> None:
    require(exported(project(), "kws", section=section, shared=shared)[0], toolchain)


MODEL, COMMON = "src/kws/kws_model.c", "src/kws/kws_common.c"
EDITS = {
    "a constant": (MODEL, "step < 11", "step < 10"),
    "a call": (COMMON, "return kws_invoke();", "return kws_reset();"),
    "a text": (COMMON, '"PASS: "', '"Pass: "'),
    "a function more": (COMMON, "#include <string.h>", "#include <string.h>\nint more;"),
}


@pytest.mark.parametrize("toolchain", ["zig", "gcc"])
@pytest.mark.parametrize("what", EDITS)
def test_another_byte_is_named(what: str, toolchain: ToolchainChoice) -> None:
    path, old, new = EDITS[what]
    with pytest.raises(ForgeError, match="is not what was proved") as caught:
        require(edited(path, old, new), toolchain)
    assert caught.value.where == path


def test_another_weight_is_named() -> None:
    library, _ = exported(project(), "kws")
    path = "src/kws/kws_weights.c"
    first = library.files[path].index("= {\n") + 4
    text = library.files[path]
    changed = text[:first] + text[first:].replace("1", "2", 1)
    library = replace(library, files={**library.files, path: changed})
    with pytest.raises(ForgeError, match=r"kws_layer_\d+_\w+ is not what was proved"):
        require(library, "gcc")


def test_a_source_that_is_missing_does_not_link(tmp_path: Path) -> None:
    library, _ = exported(project(), "kws")
    files = {path: text for path, text in library.files.items() if not path.endswith("_print.c")}
    with pytest.raises(ForgeError, match="kws_port_print"):
        require(replace(library, files=files), "gcc")
