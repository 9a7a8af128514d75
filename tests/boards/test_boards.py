"""Boards against PlatformIO's own manifests, strict decoding, and the fit check to the byte."""

import csv
from itertools import combinations
from pathlib import Path

import msgspec
import pytest

from tinyforge.boards import (
    Need,
    Region,
    all_boards,
    fits,
    fitting_boards,
    load,
    rank,
    roomy,
)
from tinyforge.boards import catalog as catalog_module
from tinyforge.boards.board import XTENSA
from tinyforge.boards.cores import CORES
from tinyforge.boards.timing import (
    BoardCycles,
    cycles_per_instruction,
    milliseconds,
    timing,
)
from tinyforge.errors import ForgeError

# id: platform, mcu (the manifest's begins with it), MHz, RAM, flash, upload protocol. From the
# board manifests of PlatformIO's platforms of VERSIONS.
VERSIONS = {
    "espressif32": "6.13",
    "nordicnrf52": "10.11",
    "raspberrypi": "1.19",
    "ststm32": "19.6",
    "teensy": "5.2",
}
MANIFESTS = {
    "adafruit_clue_nrf52840": ("nordicnrf52", "nrf52840", 64, 248832, 815104, "nrfutil"),
    "adafruit_feather_f405": ("ststm32", "stm32f405rgt6", 168, 131072, 1048576, "stlink"),
    "adafruit_feather_nrf52832": ("nordicnrf52", "nrf52832", 64, 65536, 524288, "nrfutil"),
    "adafruit_feather_nrf52840": ("nordicnrf52", "nrf52840", 64, 248832, 815104, "nrfutil"),
    "adafruit_feather_nrf52840_sense": ("nordicnrf52", "nrf52840", 64, 248832, 815104, "nrfutil"),
    "bbcmicrobit_v2": ("nordicnrf52", "nrf52833", 64, 131072, 524288, "cmsis-dap"),
    "black_f407ve": ("ststm32", "stm32f407vet6", 168, 131072, 524288, "stlink"),
    "blackpill_f411ce": ("ststm32", "stm32f411ceu6", 100, 131072, 524288, "stlink"),
    "disco_f407vg": ("ststm32", "stm32f407vgt6", 168, 131072, 1048576, "stlink"),
    "disco_l475vg_iot01a": ("ststm32", "stm32l475vgt6", 80, 98304, 1048576, "stlink"),
    "esp32-s3-devkitc-1": ("espressif32", "esp32s3", 240, 327680, 8388608, "esptool"),
    "esp32cam": ("espressif32", "esp32", 240, 327680, 4194304, "esptool"),
    "esp32dev": ("espressif32", "esp32", 240, 327680, 4194304, "esptool"),
    "genericSTM32F405RG": ("ststm32", "stm32f405rgt6", 168, 131072, 1048576, "serial"),
    "m5stick-c": ("espressif32", "esp32", 240, 327680, 4194304, "esptool"),
    "nano33ble": ("nordicnrf52", "nrf52840", 64, 262144, 983040, "sam-ba"),
    "nrf52840_dk": ("nordicnrf52", "nrf52840", 64, 262144, 1048576, "jlink"),
    "nrf52_dk": ("nordicnrf52", "nrf52832", 64, 65536, 524288, "jlink"),
    "nucleo_f411re": ("ststm32", "stm32f411ret6", 100, 131072, 524288, "stlink"),
    "nucleo_f446re": ("ststm32", "stm32f446ret6", 180, 131072, 524288, "stlink"),
    "nucleo_f446ze": ("ststm32", "stm32f446zet6", 180, 131072, 524288, "stlink"),
    "nucleo_f722ze": ("ststm32", "stm32f722zet6", 216, 262144, 524288, "stlink"),
    "nucleo_f746zg": ("ststm32", "stm32f746zgt6", 216, 327680, 1048576, "stlink"),
    "nucleo_f767zi": ("ststm32", "stm32f767zit6", 216, 524288, 2097152, "stlink"),
    "nucleo_g474re": ("ststm32", "stm32g474ret6", 170, 131072, 524288, "stlink"),
    "nucleo_h723zg": ("ststm32", "stm32h723zgt6", 550, 327680, 1048576, "stlink"),
    "nucleo_h743zi": ("ststm32", "stm32h743zit6", 400, 524288, 2097152, "stlink"),
    "nucleo_h753zi": ("ststm32", "stm32h753zit6", 400, 524288, 2097152, "stlink"),
    "nucleo_l432kc": ("ststm32", "stm32l432kcu6", 80, 65536, 262144, "stlink"),
    "nucleo_l476rg": ("ststm32", "stm32l476rgt6", 80, 98304, 1048576, "stlink"),
    "nucleo_l4r5zi": ("ststm32", "stm32l4r5zit6", 120, 655360, 2097152, "stlink"),
    "nucleo_u575zi_q": ("ststm32", "stm32u575zit6q", 160, 786432, 2097152, "stlink"),
    "nucleo_wb55rg_p": ("ststm32", "stm32wb55rg", 64, 196608, 524288, "stlink"),
    "particle_xenon": ("nordicnrf52", "nrf52840", 64, 248832, 815104, "nrfutil"),
    "pico": ("raspberrypi", "rp2040", 133, 270336, 2097152, "picotool"),
    "seeed_xiao_esp32s3": ("espressif32", "esp32s3", 240, 327680, 8388608, "esptool"),
    "sparkfun_micromod_f405": ("ststm32", "stm32f405rgt6", 168, 131072, 1048576, "stlink"),
    "teensy40": ("teensy", "imxrt1062", 600, 524288, 2031616, "teensy-gui"),
    "teensy41": ("teensy", "imxrt1062", 600, 524288, 8126464, "teensy-gui"),
    "ttgo-t-watch": ("espressif32", "esp32", 240, 327680, 16777216, "esptool"),
    "watchy": ("espressif32", "esp32", 240, 327680, 4194304, "esptool"),
    "weact_mini_h743vitx": ("ststm32", "stm32h743vit6", 480, 524288, 2097152, "stlink"),
}  # fmt: skip
# Where our figures are smaller than the manifest's, for the reasons given in the TOMLs.
SMALLER_RAM = {
    "adafruit_clue_nrf52840": 237568,
    "adafruit_feather_nrf52832": 43520,
    "adafruit_feather_nrf52840": 237568,
    "adafruit_feather_nrf52840_sense": 237568,
    "particle_xenon": 237568,
}
SMALLER_FLASH = {"adafruit_feather_nrf52832": 290816}

BOARDS = pytest.mark.parametrize("board", all_boards(), ids=lambda b: b.id)


def test_all_boards_are_there():
    assert [b.id for b in all_boards()] == sorted(MANIFESTS)


@BOARDS
def test_board_equals_the_manifest(board):
    platform, mcu, mhz, ram, flash, upload = MANIFESTS[board.id]
    pio = board.platformio
    assert (pio.board, pio.platform, board.mhz) == (board.id, platform, mhz)
    assert mcu.startswith(board.mcu)
    assert pio.version.startswith(VERSIONS[platform] + ".")
    assert board.ram[0].size == SMALLER_RAM.get(board.id, ram)
    assert board.flash.size == SMALLER_FLASH.get(board.id, flash)
    assert pio.upload_protocol == upload
    assert board.framework == "arduino"


@BOARDS
def test_memories_do_not_overlap(board):
    """Of flash that a cache maps, only what a program can take shows in the address space."""
    regions = [memory.region for memory in (board.flash, *board.ram)]
    for a, b in combinations(regions, 2):
        assert a.base + a.size <= b.base or b.base + b.size <= a.base, (a, b)


@BOARDS
def test_core_and_fpu_agree(board):
    if board.core in XTENSA:
        assert not board.emulated
        with pytest.raises(ForgeError, match="cannot be emulated"):
            board.core_model()
        return
    assert board.core_model() is CORES[board.core]
    assert bool(board.fpu) == ("-mfloat-abi=hard" in board.core_model().gcc_flags)
    # The F722 and the F746 are Cortex-M7s of single precision (their data sheets, 2.1).
    single = board.core == "cortex-m33" or board.mcu in ("stm32f722", "stm32f746")
    fpv5 = "fpv5-sp-d16" if single else "fpv5-d16"
    assert board.fpu == {"cortex-m0plus": "", "cortex-m4": "fpv4-sp-d16"}.get(board.core, fpv5)


@pytest.mark.parametrize(
    ("board", "framework", "flags"),
    [
        ("nucleo_f446re", "stm32cube", ("-mfpu=fpv4-sp-d16", "-mfloat-abi=hard")),
        ("nucleo_f722ze", "cmsis", ("-mfpu=fpv5-sp-d16", "-mfloat-abi=hard")),
        ("nucleo_h743zi", "stm32cube", ("-mfpu=fpv5-d16", "-mfloat-abi=hard")),
        ("nucleo_h743zi", "arduino", ()),
        ("nucleo_h743zi", "zephyr", ()),
        ("pico", "cmsis", ()),
    ],
)
def test_floating_point_flags_where_the_framework_sets_none(board, framework, flags):
    known = load(board)
    pio = msgspec.structs.replace(known.platformio, frameworks=(framework,))
    assert msgspec.structs.replace(known, platformio=pio).fpu_flags == flags


def test_memory_map_is_what_a_program_may_take():
    h743 = load("nucleo_h743zi").memory_map()
    assert (h743.ram.base, h743.ram.size) == (0x24000000, 512 * 1024)
    assert (h743.flash.base, h743.flash.size) == (0x08000000, 2 * 1024 * 1024)
    esp32 = load("esp32dev").memory_map()
    assert (esp32.ram.size, esp32.flash.size) == ((0x2C200 - 0xDB5C) & -1024, 0x140000)


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("nrf52840dk", "nrf52840_dk"),
        ("ESP32DEV", "esp32dev"),
        ("genericstm32f405rg", "genericSTM32F405RG"),
        ("nucleo-h743zi", "nucleo_h743zi"),
    ],
)
def test_unknown_id_names_the_closest(asked, meant):
    with pytest.raises(ForgeError, match="unknown board") as caught:
        load(asked)
    assert meant in caught.value.fix


@pytest.mark.parametrize("asked", ["", "../pico", "zzzz", "pico\n", "x" * 10000])
def test_unknown_id_without_a_neighbour(asked):
    with pytest.raises(ForgeError, match="unknown board"):
        load(asked)


L4R5 = (Path(catalog_module.__file__).parent / "nucleo_l4r5zi.toml").read_text(encoding="utf-8")
PICO = (Path(catalog_module.__file__).parent / "pico.toml").read_text(encoding="utf-8")


def user_board(tmp_path: Path, text: str | bytes) -> str:
    path = tmp_path / "my.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def test_a_board_of_the_users_own(tmp_path):
    board = load(user_board(tmp_path, PICO.replace('id = "pico"', 'id = "mine"')))
    assert board.id == "mine"
    assert board.ram == load("pico").ram


@pytest.mark.parametrize(
    "text",
    [
        PICO.replace("mhz = 133", "mhz = 133\ncolour = 1"),
        PICO.replace("mhz = 133", ""),
        PICO.replace("mhz = 133", 'mhz = "133"'),
        PICO.replace("mhz = 133", "mhz = 0"),
        PICO.replace("cortex-m0plus", "cortex-m99"),
        PICO.replace('id = "pico"', 'id = "pico]\\n[env:x"'),
        PICO.replace('id = "pico"', 'id = "../pico"'),
        PICO.replace('"arduino"', '"arduino\\nextra_scripts = x.py"'),
        PICO.replace('version = "1.19.0"', 'version = "${sysenv.HOME}"'),
        PICO.replace("base = 0x20000000", "base = 0xFFFFFFFF"),
        PICO.replace("size = 270336", "size = 0"),
        PICO.replace("size = 270336", "size = 270336\nusable = 270337"),
        PICO.replace('["watch", "drone"]', '["toaster"]'),
        PICO.replace('["watch", "drone"]', "[]"),
        PICO.split("[platformio]")[0],
        L4R5.replace("read_bytes = 8", "read_bytes = 12"),
        L4R5.replace("read_bytes = 8", "read_bytes = 64"),
        L4R5.replace("ways = 8", "ways = 7"),
        L4R5.replace("lines = 32", "lines = 257"),
        L4R5.replace("flash_wait_states = 5", ""),
        L4R5.replace("worst = 3.2", "worst = 320"),
        "",
        "[[[",
        b"\xff\xfe",
        b"#" * 70000,
    ],
    ids=range(25),
)
def test_invalid_boards_are_refused(tmp_path, text):
    path = user_board(tmp_path, text)
    with pytest.raises(ForgeError) as caught:
        load(path)
    assert caught.value.where == path
    assert caught.value.fix


def test_missing_file_and_folder(tmp_path):
    (tmp_path / "folder.toml").mkdir()
    for name in ("missing.toml", "folder.toml"):
        with pytest.raises(ForgeError, match="no such board file"):
            load(str(tmp_path / name))


def test_fit_to_the_byte():
    board = load("nrf52_dk")
    assert fits(Need(65536, 524288), board).ok
    assert (
        fits(Need(65537, 524288), board).ram_over,
        fits(Need(65537, 524288), board).flash_over,
    ) == (1, 0)
    assert (
        fits(Need(65536, 524290), board).ram_over,
        fits(Need(65536, 524290), board).flash_over,
    ) == (0, 2)
    fits(Need(65536, 524288), board).require()


def test_refusal_names_numbers_and_a_board_that_fits():
    with pytest.raises(ForgeError) as caught:
        fits(Need(70000, 600000), load("nrf52_dk")).require()
    assert "RAM 70,000 of 65,536 bytes, 4,464 too many" in caught.value.what
    assert "flash 600,000 of 524,288 bytes, 75,712 too many" in caught.value.what
    assert "fits: disco_l475vg_iot01a, nucleo_l476rg, esp32dev" in caught.value.fix
    with pytest.raises(ForgeError) as caught:
        fits(Need(70000, 1), load("nrf52_dk")).require()
    assert "flash" not in caught.value.what
    with pytest.raises(ForgeError, match="does not fit") as caught:
        fits(Need(10**9, 1), load("nrf52_dk")).require()
    assert "no board known here" in caught.value.fix


def test_refusal_tells_the_time_on_boards_of_the_same_core():
    """1,000,000 instructions at 80 MHz: 1.2 cycles each, to 1.8 and 4 wait states' 1.25."""
    with pytest.raises(ForgeError) as caught:
        fits(Need(70000, 600000, 1_000_000), load("nrf52_dk")).require()
    assert "disco_l475vg_iot01a (15 to 38 ms), nucleo_l476rg (15 to 38 ms), esp32dev" in (
        caught.value.fix
    )
    assert caught.value.fix.endswith("esp32dev")


@pytest.mark.parametrize(
    ("board", "low", "high", "text"),
    [
        ("nrf52840_dk", 18.75, 1000 / 64 * 2.425, "19 to 38 ms"),
        ("nucleo_h743zi", 1.5, 2.425 / 0.4, "1.5 to 6.1 ms"),
        ("teensy41", 1.0, 3.0, "1.0 to 3.0 ms"),
        ("pico", 1200 / 133, 1800 / 133, "9.0 to 13.5 ms"),
    ],
)
def test_times_of_a_million_instructions(board, low, high, text):
    time = milliseconds(load(board), 1_000_000)
    assert (time.low, time.high) == pytest.approx((low, high))
    assert str(time) == text


def test_simulated_time_is_within_the_error_that_was_measured():
    """12,000,000 cycles at 120 MHz, 3.2 % more or less."""
    board = load("nucleo_l4r5zi")
    found = timing(board, 1, BoardCycles(10_000_000, 12_000_000, 12_500_000))
    assert (found.cycles, found.error) == (12_000_000, 3.2)
    assert (found.milliseconds.low, found.milliseconds.high) == pytest.approx((96.8, 103.2))
    assert "of 17 programs measured on NUCLEO-L4R5ZI it was off by 0.9 %" in found.basis
    assert "RM0432" in found.basis


def test_simulated_time_that_was_never_checked_says_so():
    """From nothing waits to the dearest: 180 MHz."""
    found = timing(load("nucleo_f446re"), 1, BoardCycles(9_000_000, 10_000_000, 10_800_000))
    assert (found.cycles, found.error) == (10_000_000, None)
    assert (found.milliseconds.low, found.milliseconds.high) == pytest.approx((50, 60))
    assert found.basis.endswith("not checked on silicon")


def test_time_without_a_simulation_is_the_range():
    board = load("nrf52840_dk")
    found = timing(board, 1_000_000)
    assert (found.cycles, found.error) == (None, None)
    assert found.milliseconds == milliseconds(board, 1_000_000)
    assert found.basis.startswith("not simulated: 1.2 to 2.42 cycles an instruction")


def test_time_where_only_the_core_is_known():
    """Its cycles; and at most a wait at 5 of 16 instructions: 64 MHz."""
    board = load("nrf52840_dk")
    found = timing(board, 1_000_000, BoardCycles(1_150_000, None, 1_200_000))
    assert (found.cycles, found.error) == (None, None)
    assert (found.milliseconds.low, found.milliseconds.high) == pytest.approx(
        (1150 / 64, (1200 + 312.5 * board.flash_wait_states) / 64)
    )
    assert found.basis.startswith("memory not simulated: the core's cycles, estimated")


def test_energy_is_what_the_board_draws_over_that_time():
    """52 µA a MHz at 3 V: 156 µJ for each million cycles, 1.2 to 2.425 of them."""
    found = timing(load("nrf52840_dk"), 1_000_000).microjoules
    assert found is not None
    assert (found.low, found.high) == pytest.approx((187.2, 378.3))
    assert str(found) == "187 to 378 µJ"
    simulated = timing(load("nucleo_l4r5zi"), 1, BoardCycles(10_000_000, 12_000_000, 12_500_000))
    assert simulated.microjoules is not None
    assert simulated.microjoules.high == pytest.approx(110 * 3.3 * 12 * 1.032)
    assert simulated.drawn.endswith("(ST STM32L4R5xx data sheet, run mode, LDO)")


def test_a_board_that_does_not_say_what_it_draws_has_no_energy():
    found = timing(load("nucleo_h743zi"), 1_000_000)
    assert (found.microjoules, found.drawn) == (None, "")


def test_the_figures_of_families_are_those_of_their_manuals():
    """Reads in bytes, lines and their bytes of both caches: RM0432, RM0351, RM0394, RM0440, RM0434
    have 32 lines of 4 x 64 bits and 8 of them; RM0090, RM0383, RM0390 64 of 128 bits and 8."""
    for board in all_boards():
        reads = board.flash.reads
        if reads is None:
            continue
        caches = (reads.instruction_cache, reads.data_cache)
        found = [reads.read_bytes, *((c.lines, c.line_bytes) for c in caches)]
        f4 = board.mcu.startswith("stm32f4")
        assert found == ([16, (64, 16), (8, 16)] if f4 else [8, (32, 32), (8, 32)]), board.id
        assert (reads.checked is not None) == board.mcu.startswith("stm32l4")
        assert board.core == "cortex-m4"


def test_the_measured_cycles_of_a_cortex_m4_lie_in_the_range(corpus):
    """The published cycle tables, applied to every executed instruction of TFLM's own kernels."""
    low, high = cycles_per_instruction(load("nucleo_f446re"))
    with (corpus / "baselines" / "tflm_cycles.csv").open() as file:
        for row in csv.DictReader(file):
            instructions = int(row["instructions"])
            assert low <= int(row["cycles_mid"]) / instructions <= high
            assert int(row["cycles_high"]) / instructions <= high


@pytest.mark.parametrize(
    ("core", "board"), [("M7", "nucleo_h743zi"), ("M33", "nucleo_u575zi_q"), ("M0+", "pico")]
)
def test_what_silicon_took_lies_in_the_range(corpus, core, board):
    """Cycles an instruction of published programs, measured on boards with the core."""
    low, high = cycles_per_instruction(load(board))
    with (corpus / "silicon" / "other_cores.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["core"] == core]
    assert rows
    for row in rows:
        assert low <= int(row["measured_cycles"]) / int(row["instructions"]) <= high, row["image"]


def test_ranking_puts_the_smallest_that_fits_first():
    """Boards of cores without a need are left out; the nearest miss follows those that fit."""
    needs = {"cortex-m4": Need(100_000, 100_000, 10), "cortex-m0plus": Need(300_000, 10, 10)}
    ranked = rank(needs)
    assert {fit.board.core for fit in ranked} == set(needs)
    fitting = [fit for fit in ranked if fit.ok]
    assert list(ranked[: len(fitting)]) == fitting
    assert fitting[0].board.id == "bbcmicrobit_v2"
    limits = [(f.board.ram_limit, f.board.flash_limit) for f in fitting]
    assert limits == sorted(limits)
    missing = [fit.ram_over + fit.flash_over for fit in ranked[len(fitting) :]]
    assert missing == sorted(missing)
    assert missing[0] == 100_000 - 98_304
    pico = next(fit for fit in ranked if fit.board.id == "pico")
    assert pico.ram_left == 270_336 - 300_000 == -pico.ram_over


def test_a_roomy_board_holds_more_than_any():
    board = load("nucleo_f446re")
    large = roomy(board)
    assert large.ram_limit > max(b.ram_limit for b in all_boards())
    assert large.flash_limit > max(b.flash_limit for b in all_boards())
    assert (large.core, large.flash.base, large.ram[0].base) == (
        board.core, board.flash.base, board.ram[0].base,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("base", "size", "pages"),
    [
        (0x20005600, 43520, (0x20005800, 43008)),
        (0x400, 1024, (0x400, 1024)),
        (0x400, 2047, (0x400, 1024)),
        (1, 1024, (0x400, 0)),
        (1, 100, (0x400, 0)),
    ],
)
def test_pages_lie_inside(base, size, pages):
    found = Region(base, size).pages()
    assert (found.base, found.size) == pages


def test_fitting_boards_smallest_first():
    assert [b.id for b in fitting_boards(Need(500_000, 3_000_000))] == ["teensy41"]
    assert [b.id for b in fitting_boards(Need(1, 1))[:3]] == [
        "adafruit_feather_nrf52832", "nucleo_l432kc", "nrf52_dk",
    ]  # fmt: skip
    assert len(fitting_boards(Need(1, 1))) == len(MANIFESTS)
    limits = [b.ram_limit for b in fitting_boards(Need(100_000, 1))]
    assert limits == sorted(limits)
    assert "esp32dev" in [b.id for b in fitting_boards(Need(124580, 1))]
    assert "esp32dev" not in [b.id for b in fitting_boards(Need(124581, 1))]


@pytest.mark.parametrize(("nbytes", "limit"), [(0x30000 - 16384, 0x30000), (0x30000, 655_360)])
def test_a_model_that_has_room_in_quick_ram_has_its_stack_there(nbytes, limit):
    board = load("nucleo_l4r5zi")
    assert board.slow_ram == 0x30000
    found = board.with_quick_stack(nbytes)
    assert found.ram_limit == limit
    assert found.memory_map().ram == Region(0x20000000, limit)
    assert found.with_quick_stack(nbytes) == found


def test_where_all_ram_is_quick_all_of_it_is_given():
    board = load("nucleo_f446re")
    assert board.slow_ram == board.ram_limit
    assert board.with_quick_stack(1000) == board
