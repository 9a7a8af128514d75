"""The self-test's environments, as PlatformIO itself reads them."""

from pathlib import Path

from platformio import fs
from platformio.project.config import ProjectConfig

from tinyforge.boards import load
from tinyforge.project.ini import environment, render_ini, sections
from tinyforge.project.layout import SOURCE_SUFFIXES
from tinyforge.project.selftest import selftest_environment, selftest_sections

BOTH = ("aot", "tflm")
DK = load("nrf52840_dk")


def written(folder: Path) -> Path:
    ini = folder / "platformio.ini"
    text = render_ini((*sections(DK, BOTH), *selftest_sections(DK, BOTH)))
    ini.write_text(text, encoding="utf-8")
    return ini


def test_platformio_reads_what_we_mean(tmp_path):
    ini = written(tmp_path)
    assert ProjectConfig.lint(str(ini)) == {"errors": [], "warnings": []}
    config = ProjectConfig(str(ini))
    assert config.default_envs() == ["nrf52840_dk"]
    for engine in BOTH:
        own, selftest = environment(DK, engine), selftest_environment(DK, engine)
        application = config.items(env=own, as_dict=True)
        changed = config.items(env=selftest, as_dict=True)
        different = {k for k in changed if changed[k] != application.get(k)}
        assert different == {"extends", "build_src_filter"}, engine


def test_it_builds_another_main(tmp_path):
    """The sources are those of the application, but for main.c."""
    for name in (
        "main.c", "common.c", "aot/model.c", "tflm/model.cc", "selftest/main.c", "selftest/link.c",
        "ports/arduino/port.cpp", "ports/sim/port.c",
    ):  # fmt: skip
        path = tmp_path / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    config = ProjectConfig(str(written(tmp_path)))

    def sources(name: str) -> set[str]:
        chosen = config.get(f"env:{name}", "build_src_filter")
        suffixes = [suffix.lstrip(".") for suffix in SOURCE_SUFFIXES]
        return set(fs.match_src_files(str(tmp_path / "src"), chosen, suffixes))

    for engine in BOTH:
        application = sources(environment(DK, engine))
        selftest = sources(selftest_environment(DK, engine))
        assert application - selftest == {"main.c"}
        assert selftest - application == {"selftest/main.c", "selftest/link.c"}
