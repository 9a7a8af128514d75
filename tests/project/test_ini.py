"""platformio.ini as PlatformIO itself reads it, for every board; nothing can be injected."""

from pathlib import Path

import msgspec
import pytest
from platformio import fs
from platformio.package.meta import PackageSpec
from platformio.project.config import ProjectConfig

from tinyforge.boards import all_boards, load
from tinyforge.errors import ForgeError
from tinyforge.project.ini import environment, render_ini, sections
from tinyforge.project.layout import SOURCE_SUFFIXES, sources_for
from tinyforge.project.lint import lint
from tinyforge.project.platforms import simulated_core
from tinyforge.project.selftest import selftest_sections
from tinyforge.resources import folder

BOTH = ("aot", "tflm")
DK = load("nrf52840_dk")


def written(folder: Path, board=DK, engines=BOTH, library=None, selftest=False) -> Path:
    content = sections(board, engines, tflm_library=library)
    if selftest:
        content += selftest_sections(board, engines)
    ini = folder / "platformio.ini"
    ini.write_text(render_ini(content), encoding="utf-8")
    return ini


@pytest.mark.parametrize("board", all_boards(), ids=lambda b: b.id)
def test_platformio_reads_what_we_mean(tmp_path, board):
    ini = written(tmp_path, board)
    assert ProjectConfig.lint(str(ini)) == {"errors": [], "warnings": []}
    lint(ini)
    config = ProjectConfig(str(ini))
    assert config.default_envs() == [board.id]
    own = [board.id, f"{board.id}_tflm"]
    assert config.envs() == [*own, "sim", "sim_tflm", "native", "native_tflm"]
    pio = board.platformio
    for name in own:
        env = config.items(env=name, as_dict=True)
        assert env["board"] == board.id
        assert env["platform"] == f"{pio.platform}@~{pio.version}"
        assert env["framework"] == ["arduino"]
        assert env["upload_protocol"] == pio.upload_protocol
        assert env["monitor_speed"] == 115200
        assert "-D FORGE_SERIAL_BAUD=115200" in env["build_flags"]
        assert "-O2" in env["build_src_flags"]
        assert env["test_ignore"] == ["*"]


@pytest.mark.parametrize("board", all_boards(), ids=lambda b: b.id)
def test_every_board_has_a_simulation_and_a_native_build(tmp_path, board):
    config = ProjectConfig(str(written(tmp_path, board)))
    assert Path(config.get("platformio", "platforms_dir")).name == "platforms"
    for name in ("sim", "sim_tflm", "native", "native_tflm"):
        env = config.items(env=name, as_dict=True)
        assert env["platform"] == ("forge_sim" if name.startswith("sim") else "forge_native")
        assert {"-Wall", "-Wextra", "-Werror"} <= set(env["build_src_flags"])
        assert env["test_framework"] == "custom"
        assert env["test_build_src"] is True
        tflm = name.endswith("_tflm")
        assert env.get("test_ignore", []) == (["test_layers"] if tflm else [])
        assert "framework" not in env
        assert (env.get("lib_deps"), env.get("lib_compat_mode")) == (
            (["trylaarsdam/Tensorflow Lite for Microcontrollers (WCL)@1.1.1"], "off")
            if tflm
            else (None, None)
        )
        assert ("-D TF_LITE_STATIC_MEMORY" in env.get("build_flags", [])) == tflm
    sim = config.items(env="sim", as_dict=True)
    assert sim["board"] == (board.core if board.emulated else "cortex-m4")
    assert sim["board_upload.maximum_ram_size"] == str(board.ram_limit)
    assert sim["board_upload.maximum_size"] == str(board.flash_limit)


def with_framework(board, name):
    """The board with a project for another framework."""
    pio = msgspec.structs.replace(board.platformio, frameworks=(name,))
    return msgspec.structs.replace(board, platformio=pio)


def interpreters(folder: Path, board, **given) -> list[dict]:
    """What the two environments with the interpreter on a board say: the application's, and that
    which answers a computer."""
    ini = written(folder, board, selftest=True, **given)
    lint(ini)
    config = ProjectConfig(str(ini))
    names = (f"{board.id}_tflm", f"{board.id}_tflm_selftest")
    return [config.items(env=name, as_dict=True) for name in names]


@pytest.mark.parametrize("board", all_boards(), ids=lambda b: b.id)
def test_the_interpreter_is_a_library_by_name_and_version(tmp_path, board):
    """For Arduino, as all boards are: the one that its users take, compiled as they compile it."""
    for env in interpreters(tmp_path, board):
        assert env["lib_deps"] == ["spaziochirale/Chirale_TensorFLowLite@2.0.0"]
        assert env["lib_compat_mode"] == "off"
        assert env["build_unflags"] == ["-std=gnu++11", "-std=gnu++14"]
        assert {"-D FORGE_SERIAL_BAUD=115200", "-std=gnu++17", "-w"} <= set(env["build_flags"])
        assert not any("STATIC_MEMORY" in flag for flag in env["build_flags"])
    aot = ProjectConfig(str(written(tmp_path, board))).items(env=board.id, as_dict=True)
    assert not {"lib_deps", "lib_compat_mode", "build_unflags"} & set(aot)
    assert aot["build_flags"] == ["-D FORGE_SERIAL_BAUD=115200"]


@pytest.mark.parametrize("framework", ["stm32cube", "zephyr"])
def test_elsewhere_it_is_a_library_for_any_framework(tmp_path, framework):
    board = with_framework(load("nucleo_f446re"), framework)
    for env in interpreters(tmp_path, board):
        assert env["lib_deps"] == ["trylaarsdam/Tensorflow Lite for Microcontrollers (WCL)@1.1.1"]
        assert {"-D TF_LITE_STATIC_MEMORY", "-std=gnu++17", "-w"} <= set(env["build_flags"])


def test_platformio_reads_the_names_as_they_are_meant(tmp_path):
    """One holds spaces and brackets."""
    config = ProjectConfig(str(written(tmp_path)))
    found = [
        PackageSpec(config.get(f"env:{name}", "lib_deps")[0])
        for name in ("nrf52840_dk_tflm", "sim_tflm")
    ]
    assert [(spec.owner, spec.name, str(spec.requirements)) for spec in found] == [
        ("spaziochirale", "Chirale_TensorFLowLite", "2.0.0"),
        ("trylaarsdam", "Tensorflow Lite for Microcontrollers (WCL)", "1.1.1"),
    ]


def test_esp_idf_takes_a_component(tmp_path):
    board = with_framework(load("esp32dev"), "espidf")
    for env in interpreters(tmp_path, board, library="symlink:///lib"):
        assert not {"lib_deps", "lib_compat_mode", "build_unflags"} & set(env)
        assert "-D TF_LITE_STATIC_MEMORY" in env["build_flags"]
    config = ProjectConfig(str(tmp_path / "platformio.ini"))
    chosen = {
        name: config.get(f"env:{name}", "board_build.cmake_extra_args", None)
        for name in config.envs()
    }
    assert chosen == {
        "esp32dev": "-DFORGE_ENGINE=aot",
        "esp32dev_tflm": "-DFORGE_ENGINE=tflm",
        "esp32dev_selftest": "-DFORGE_ENGINE=aot -DFORGE_SELFTEST=1",
        "esp32dev_tflm_selftest": "-DFORGE_ENGINE=tflm -DFORGE_SELFTEST=1",
        **dict.fromkeys(("sim", "sim_tflm", "native", "native_tflm")),
    }
    assert config.get("env:sim_tflm", "lib_deps") == ["symlink:///lib"]


def test_the_users_own_library(tmp_path):
    ini = written(tmp_path, library="symlink:///home/me/a library", selftest=True)
    config = ProjectConfig(str(ini))
    for name in ("nrf52840_dk_tflm", "nrf52840_dk_tflm_selftest", "sim_tflm", "native_tflm"):
        assert config.get(f"env:{name}", "lib_deps") == ["symlink:///home/me/a library"]
    static = [
        "-D TF_LITE_STATIC_MEMORY" in config.get(f"env:{n}", "build_flags")
        for n in ("nrf52840_dk_tflm", "sim_tflm")
    ]
    assert static == [False, True]


@pytest.mark.parametrize(("optimize", "flag"), [("speed", "-O2"), ("size", "-Os")])
def test_every_environment_is_optimized_for_what_was_asked(tmp_path, optimize, flag):
    ini = tmp_path / "platformio.ini"
    ini.write_text(render_ini(sections(DK, BOTH, optimize=optimize)), encoding="utf-8")
    config = ProjectConfig(str(ini))
    assert len(config.envs()) == 6
    for name in config.envs():
        flags = config.get(f"env:{name}", "build_src_flags")
        assert [f for f in flags if f.startswith("-O")] == [flag]


@pytest.mark.parametrize("platform", ["nordicnrf52", "ststm32"])
def test_gcc_12_where_the_platform_has_gcc_7(tmp_path, platform):
    for board in all_boards():
        if board.platformio.platform == platform:
            config = ProjectConfig(str(written(tmp_path, board)))
            packages = config.get(f"env:{board.id}", "platform_packages")
            assert packages == ["platformio/toolchain-gccarmnoneeabi@~1.120301.0"]


def test_the_monitor_and_the_debugger_are_set(tmp_path):
    """PlatformIO's own reader takes the filters as a list, and the debugger that the board has."""
    for board in all_boards():
        config = ProjectConfig(str(written(tmp_path, board)))
        filters = config.get(f"env:{board.id}", "monitor_filters")
        assert filters[:2] == ["default", "time"]
        assert ("esp32_exception_decoder" in filters) == (not board.emulated)
        assert config.get(f"env:{board.id}", "debug_tool", None) == board.platformio.debug_tool


@pytest.mark.parametrize("engine", BOTH)
def test_one_engine_alone(tmp_path, engine):
    config = ProjectConfig(str(written(tmp_path, engines=(engine,))))
    assert config.default_envs() == [environment(DK, engine)]
    targets = (DK, "sim", "native")
    assert config.envs() == [environment(target, engine) for target in targets]


def test_settings_of_the_users_own_are_read_last(tmp_path, monkeypatch):
    ini = written(tmp_path)
    (tmp_path / "local.ini").write_text("[env:nrf52840_dk]\nupload_protocol = cmsis-dap\n")
    monkeypatch.chdir(tmp_path)  # where PlatformIO runs
    config = ProjectConfig(str(ini))
    assert config.get("env:nrf52840_dk", "upload_protocol") == "cmsis-dap"
    assert config.get("env:nrf52840_dk", "board") == "nrf52840_dk"


@pytest.mark.parametrize(
    "text",
    [
        "jlink\nextra_scripts = evil.py",
        "jlink\r[env:evil]",
        "${sysenv.HOME}",
        "!touch canary",
        "x ; y",
        "%(here)s",
    ],
)
def test_nothing_can_be_injected(text):
    """Board files cannot hold such text; this is the second gate."""
    pio = msgspec.structs.replace(DK.platformio, upload_protocol=text)
    with pytest.raises(ForgeError, match=r"platformio\.ini"):
        render_ini(sections(msgspec.structs.replace(DK, platformio=pio), BOTH))


def test_sim_is_another_core_only_where_it_must_be():
    def core(name, **needs):
        return simulated_core(load(name), **needs).name

    assert core("nrf52840_dk", arena=200_000) == "cortex-m4"
    assert core("pico", arena=4_000) == "cortex-m0plus"
    assert core("pico", arena=13_000) == "cortex-m3"  # QEMU's Cortex-M0 has 16 KB of RAM
    assert core("pico", weights=200_000) == "cortex-m3"  # and 256 KB of flash
    assert core("esp32dev") == "cortex-m4"


@pytest.fixture
def project(tmp_path) -> Path:
    for path in (
        "src/main.c", "src/common.c", "src/notes.txt", "src/aot/model.c", "src/aot/weights.h",
        "src/tflm/model_tflm.cc", "src/tflm/model_data.c", "src/ports/arduino/port.cpp",
        "src/ports/sim/port.c", "src/ports/sim/startup.S", "src/ports/sim/libc/string.c",
        "src/ports/native/port.c",
    ):  # fmt: skip
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    return tmp_path


@pytest.mark.parametrize("engine", BOTH)
@pytest.mark.parametrize(
    ("target", "port"), [(DK, "arduino"), ("sim", "sim"), ("native", "native")]
)
def test_the_simulator_and_platformio_compile_the_same_files(project, engine, target, port):
    config = ProjectConfig(str(written(project)))
    source_filter = config.get(f"env:{environment(target, engine)}", "build_src_filter")
    suffixes = [suffix.lstrip(".") for suffix in SOURCE_SUFFIXES]
    matched = fs.match_src_files(str(project / "src"), source_filter, suffixes)
    sources, include = sources_for(project, engine, port)
    assert sorted(matched) == sorted(str(s.relative_to(project / "src")) for s in sources)
    assert include == (project / "include", project / "lib/forge/include")


def test_sources_of_a_port_include_its_folders(project):
    sources, _ = sources_for(project, "aot", "sim")
    assert [str(s.relative_to(project / "src")) for s in sources] == [
        "common.c", "main.c", "aot/model.c",
        "ports/sim/libc/string.c", "ports/sim/port.c", "ports/sim/startup.S",
    ]  # fmt: skip


def test_a_missing_engine_or_port_is_named(project, tmp_path):
    (project / "src/aot/model.c").unlink()
    with pytest.raises(ForgeError, match="no aot"):
        sources_for(project, "aot", "sim")
    with pytest.raises(ForgeError, match="no ports/stm32cube"):
        sources_for(project, "tflm", "stm32cube")
    with pytest.raises(ForgeError):
        sources_for(tmp_path / "nowhere", "aot", "sim")


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("board = nrf52840_dk", "board = nrf52840dk", "did you mean nrf52840_dk"),
        ("board = nrf52840_dk", "board = zzzz", "unknown board"),
        ("board = nrf52840_dk", "board = pico", "platform raspberrypi"),
        ("board = cortex-m4", "board = cortex-m5", "no 'cortex-m5' is emulated"),
        ("platform = forge_native", "platform = native", "unknown board ''"),
        ("platform = nordicnrf52@~10.11.0", "platform = ststm32", "not 'ststm32'"),
        ("framework = arduino", "framework = espidf", "no framework 'espidf'"),
        ("default_envs = nrf52840_dk", "default_envs = other", "other"),
        ("[env:nrf52840_dk]", "[env:a b]", "(?i)name"),
        ("build_src_flags", "build_src_flagz", "build_src_flagz"),
        ("[board]", "[board", "(?i)pars"),
    ],
)
def test_lint_names_what_is_wrong(tmp_path, old, new, match):
    ini = written(tmp_path, engines=("aot",))
    text = ini.read_text()
    assert old in text
    ini.write_text(text.replace(old, new, 1))
    with pytest.raises(ForgeError, match=match) as caught:
        lint(ini)
    assert caught.value.where == str(ini)


def test_lint_knows_the_users_own_board(tmp_path):
    own = msgspec.structs.replace(
        DK, id="mine", platformio=msgspec.structs.replace(DK.platformio, board="mine")
    )
    ini = written(tmp_path, own)
    with pytest.raises(ForgeError, match="unknown board 'mine'"):
        lint(ini)
    lint(ini, boards=[own])


def test_lint_without_a_file(tmp_path):
    with pytest.raises(ForgeError, match=r"no platformio\.ini"):
        lint(tmp_path / "platformio.ini")


def test_floating_point_flags_reach_compiler_and_linker(tmp_path):
    """ST's framework sets none: the ini names them, and a script of the port passes them on."""
    board = load("nucleo_f722ze")
    pio = msgspec.structs.replace(board.platformio, frameworks=("stm32cube",))
    ini = written(tmp_path, msgspec.structs.replace(board, platformio=pio))
    lint(ini)
    env = ProjectConfig(str(ini)).items(env="nucleo_f722ze", as_dict=True)
    assert env["custom_fpu_flags"] == "-mfpu=fpv5-sp-d16 -mfloat-abi=hard"
    (script,) = env["extra_scripts"]
    assert script == "pre:src/ports/stm32cube/fpu.py"

    appended = {}

    class Environment:
        GetProjectOption = staticmethod(env.__getitem__)
        Append = staticmethod(appended.update)

    source = folder("firmware") / script.removeprefix("pre:src/")
    names = {"env": Environment, "Import": lambda name: None}
    exec(compile(source.read_text(), source, "exec"), names)
    flags = ["-mfpu=fpv5-sp-d16", "-mfloat-abi=hard"]
    assert appended == {"ASFLAGS": flags, "CCFLAGS": flags, "LINKFLAGS": flags}
    arduino = ProjectConfig(str(written(tmp_path, board))).items(env="nucleo_f722ze", as_dict=True)
    assert not {"custom_fpu_flags", "extra_scripts"} & set(arduino)


def test_the_stack_lies_in_quick_ram_where_the_board_is_given_no_more(tmp_path):
    """The linker's script ends RAM there, and the emulator's too."""
    board = load("nucleo_l4r5zi")
    for given, size in ((board, None), (board.with_quick_stack(1000), "196608")):
        (tmp_path / "platformio.ini").write_text(render_ini(sections(given, BOTH)))
        config = ProjectConfig(str(tmp_path / "platformio.ini"))
        for name in (board.id, f"{board.id}_tflm"):
            assert config.get(f"env:{name}", "board_upload.maximum_ram_size", None) == size
