"""What a library has for an ecosystem's build, read by that ecosystem's own rules."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree

import pytest
import yaml

from tests.corpus import models
from tests.export.made import exported, generated
from tinyforge.export.forms import FORMS
from tinyforge.export.sources import Library
from tinyforge.names import safe_path
from tinyforge.spec import FormChoice

CHOICES: tuple[FormChoice, ...] = get_args(FormChoice)


@functools.cache
def made(form: FormChoice) -> tuple[Library, dict[str, str]]:
    return exported(generated(models.classifier(1), labels=("a", "b", "c")), "kws", form=form)


def test_there_is_one_of_every_choice() -> None:
    assert set(FORMS) == set(CHOICES)


@pytest.mark.parametrize("form", CHOICES)
def test_all_forms_hold_the_same_sources(form: FormChoice) -> None:
    library, files = made(form)
    assert library.files == made("c")[0].files
    assert {path: files[path] for path in library.files} == library.files
    assert all(safe_path(path) for path in files)
    assert "{{" not in "".join(files.values())
    assert "Apache License" in files["LICENSE"]


@pytest.mark.parametrize("form", CHOICES)
def test_the_readme_says_what_to_paste(form: FormChoice) -> None:
    readme = made(form)[1]["README.md"]
    assert '#include "kws.h"' in readme
    assert "kws_invoke() == KWS_OK" in readme
    assert "forge_" not in readme
    assert "`kws_labels[i]`" in readme
    assert max(map(len, readme.splitlines())) <= 120


def test_the_readme_says_how_the_arena_lies() -> None:
    project = generated(models.classifier(1))
    assert "KWS_ARENA_PLACE" in exported(project, "kws")[1]["README.md"]
    assert "`.dtcm`" in exported(project, "kws", section=".dtcm")[1]["README.md"]
    assert "It is shared" in exported(project, "kws", shared=True)[1]["README.md"]


def test_platformio_takes_the_manifest(tmp_path: Path) -> None:
    from platformio.package.manifest.parser import ManifestParserFactory
    from platformio.package.manifest.schema import ManifestSchema

    path = tmp_path / "library.json"
    path.write_text(made("platformio-library")[1]["library.json"])
    read = ManifestSchema().load_manifest(ManifestParserFactory.new_from_file(str(path)).as_dict())
    assert (read["name"], read["headers"]) == ("kws", ["kws.h"])
    assert read["frameworks"] == read["platforms"] == ["*"]
    assert json.loads(path.read_text())["build"]["flags"] == ["-O2"]


# https://arduino.github.io/arduino-cli/latest/library-specification
_CATEGORIES = (
    "Display", "Communication", "Signal Input/Output", "Sensors", "Device Control", "Timing",
    "Data Storage", "Data Processing", "Other",
)  # fmt: skip


def test_arduino_takes_the_properties() -> None:
    _, files = made("arduino")
    lines = files["library.properties"].splitlines()
    properties = dict(line.split("=", 1) for line in lines)
    assert len(properties) == len(lines)
    assert re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9 _.-]{0,62}", properties["name"])
    assert "arduino" not in properties["name"].lower()
    assert re.fullmatch(r"\d+\.\d+\.\d+", properties["version"])
    assert properties["category"] in _CATEGORIES
    assert properties["architectures"] == "*"
    assert properties["url"].startswith("https://")
    assert f"src/{properties['includes']}" in files
    assert all(properties[key] for key in ("author", "maintainer", "sentence", "paragraph"))
    assert not properties["paragraph"].startswith(properties["sentence"])
    # A sketch has the name of its folder.
    sketches = [path for path in files if path.startswith("examples/")]
    assert sketches == ["examples/SelfTest/SelfTest.ino"]


def test_zephyr_takes_the_module() -> None:
    _, files = made("zephyr")
    module = yaml.safe_load(files["zephyr/module.yml"])
    assert module == {"name": "kws", "build": {"cmake": "zephyr", "kconfig": "zephyr/Kconfig"}}
    assert f"{module['build']['cmake']}/CMakeLists.txt" in files
    assert module["build"]["kconfig"] in files


def test_kconfig_parses(tmp_path: Path) -> None:
    kconfiglib = pytest.importorskip("kconfiglib")
    (tmp_path / "Kconfig").write_text(made("zephyr")[1]["zephyr/Kconfig"])
    read = kconfiglib.Kconfig(str(tmp_path / "Kconfig"), warn_to_stderr=False)
    assert read.warnings == []
    symbol = read.syms["TINYFORGE_KWS"]
    assert symbol.type == kconfiglib.BOOL
    assert symbol.str_value == "n"
    symbol.set_value("y")
    assert symbol.str_value == "y"
    assert "CONFIG_TINYFORGE_KWS=y" in made("zephyr")[1]["README.md"]


def test_west_takes_the_manifest_that_the_readme_shows() -> None:
    manifest = pytest.importorskip("west.manifest")
    (shown,) = re.findall(r"```yaml\n(.*?)```", made("zephyr")[1]["README.md"], re.DOTALL)
    read = manifest.Manifest.from_data(shown)
    assert [(p.name, p.path) for p in read.projects[1:]] == [("kws", "modules/lib/kws")]


def test_the_component_manager_takes_the_manifest() -> None:
    manifest = yaml.safe_load(made("idf-component")[1]["idf_component.yml"])
    assert set(manifest) == {"version", "description"}
    assert re.fullmatch(r"\d+\.\d+\.\d+", manifest["version"])
    (shown,) = re.findall(r"```yaml\n(.*?)```", made("idf-component")[1]["README.md"], re.DOTALL)
    assert yaml.safe_load(shown) == {"dependencies": {"kws": {"path": "../../kws"}}}


def test_the_pack_keeps_to_its_schema() -> None:
    """PACK.xsd of Open-CMSIS-Pack 1.7: elements, attributes, patterns; and that its files exist."""
    library, files = made("cmsis-pack")
    (name,) = [path for path in files if path.endswith(".pdsc")]
    pack = ElementTree.fromstring(files[name])
    text = {child.tag: (child.text or "").strip() for child in pack}
    assert name == f"{text['vendor']}.{text['name']}.pdsc"
    assert {"name", "vendor", "description", "url", "releases"} <= set(text)
    assert len(text) == len(pack)
    assert re.fullmatch(r"\d+\.\d+\.\d+", pack.attrib["schemaVersion"])
    for part in ("vendor", "name"):
        assert re.fullmatch(r"[\-_A-Za-z0-9]+", text[part])
    assert text["license"] in files
    (release,) = pack.findall("releases/release")
    (component,) = pack.findall("components/component")
    assert component.attrib["Cversion"] == release.attrib["version"]
    for part in ("Cclass", "Cgroup", "Csub"):
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_ ]{1,31}", component.attrib[part])
    (condition,) = pack.findall("conditions/condition")
    assert component.attrib["condition"] == condition.attrib["id"]
    listed = component.findall("files/file")
    sources = [f.attrib["name"] for f in listed if f.attrib["category"] == "source"]
    assert sources == list(library.sources)
    for file in listed:
        path = file.attrib["name"]
        there = any(p.startswith(path) for p in files) if path.endswith("/") else path in files
        assert there, path
    shown = "".join(re.findall(r"```yaml\n(.*?)```", files["README.md"], re.DOTALL))
    assert "tinyforge::Machine Learning:Model:kws" in shown
