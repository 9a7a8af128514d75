"""The terminal report at 80 columns: what it says, and that no name can spoil it."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from tests.report import samples
from tinyforge.proof.record import Channels, LayerProof, Proof
from tinyforge.report import findings, terminal
from tinyforge.report.drawing import BAD, GOOD
from tinyforge.report.terminal import TerminalReport


def shown(report, *, width=80, encoding="utf-8", colour=False):
    """What a pipe of that encoding, or a colour terminal, receives."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    Console(
        file=stream, width=width, force_terminal=colour, color_system="standard" if colour else None
    ).print(TerminalReport(report))
    stream.flush()
    return raw.getvalue().decode(encoding)


def big():
    """31 layers with the longest operator name and large numbers."""
    layer = LayerProof(
        0, "DEPTHWISE_CONV_2D", "a/b", (1, 112, 112, 64), 7_225_344, 1, True, 25 * 10**6
    )
    layers = tuple(replace(layer, index=i) for i in range(31))
    proof = replace(
        samples.PROOF, layers=31, instructions_by_layer=layers, instructions=31 * 25 * 10**6
    )
    return samples.build(proof)


@pytest.mark.parametrize(
    "report",
    [
        samples.demo(),
        samples.demo(samples.DIFFERING),
        samples.build(),
        samples.build(samples.BARE),
        big(),
        samples.named("n" * 300),
    ],
)
def test_a_pipe_gets_80_columns_and_no_escape_codes(report):
    text = shown(report)
    assert "\x1b" not in text
    assert max(len(line) for line in text.splitlines()) <= 80


def test_it_says_which_channels_are_not_there():
    assert "cannot vary" not in shown(samples.build())
    channels = Channels(constant=1715, unread=9, of=2738, weight_bytes=185942, macs=3762351)
    text = shown(samples.build(replace(samples.PROOF, channels=channels)))
    assert "1,715 of 2,738 channels cannot vary, 9 more are read by nobody" in text


def test_it_says_what_the_proof_says():
    text = shown(samples.demo())
    assert "PROVED: every tensor bit-exact" in text
    assert "144 B planned = 144 B touched" in text
    assert "544 B of 256 KiB (0.2 %)" in text
    assert "arena 144 + data and bss 100 + stack 300" in text
    assert "cycles         5.30 k an inference, estimated (5.10 k to 5.60 k)" in text
    assert "time           0.08 to 0.16 ms at 64 MHz" in text
    assert "not simulated: a range" in text
    assert "estimated" not in shown(samples.demo(samples.BARE))
    assert "code 5,000 + weights 400 + self-test 64 + other 36" in text
    assert "4,100 an inference (4,090 to 4,110)" in text
    assert "98.75 % on the device" in text
    assert "98.40 % balanced accuracy on 1,014" in text


def test_both_engines_stand_beside_each_other():
    measured = shown(replace(samples.build(), engines=samples.MEASURED))
    rows = [line.split() for line in measured.splitlines() if line.startswith(("aot", "tflm"))]
    assert rows == [
        ["aot", "144", "B", "544", "B", "5,500", "B", "4,100"],
        ["tflm", "1,600", "B", "2,720", "B", "66,000", "B", "9,430"],
    ]
    said = " ".join(measured.split())
    assert "12.0 times the flash, 5.0 times the RAM, 2.3 times the instructions" in said
    alone = " ".join(shown(replace(samples.build(), engines=samples.ARENA_ALONE)).split())
    assert "tflm 1,600 B The interpreter's arena is computed" in alone
    assert "pio run -e sim_tflm" in alone
    assert "interpreter" not in shown(samples.build())


def test_the_layers_are_aligned_with_their_cost_per_mac():
    rows = [
        line for line in shown(samples.demo()).splitlines() if "CONV" in line or "FULLY" in line
    ]
    assert rows[0].split()[:5] == ["0", "CONV_2D", "4x4x8", "1,152", "3,000"]
    assert rows[0].split()[-2:] == ["2.60", "\u2713"]
    assert rows[1].split()[:5] == ["1", "FULLY_CONNECTED", "2", "256", "1,000"]
    assert rows[0].index("3,000") == rows[1].index("1,000")
    assert rows[0].count("\u2501") == pytest.approx(3 * rows[1].count("\u2501"), abs=2)


def test_every_layer_index_is_shown():
    starts = [line.split()[0] for line in shown(big()).splitlines() if "DEPTHWISE" in line]
    assert starts == [str(i) for i in range(31)]


def test_a_difference_is_named():
    text = " ".join(shown(samples.build(samples.DIFFERING)).replace("\u2502", " ").split())
    assert "DIFFERS: not bit-exact" in text
    assert "PROVED" not in text
    assert (
        "input 17, layer 0 CONV_2D 'conv/Relu', element [0, 1, 2, 3]: expected -12, got -11."
        in text
    )
    assert "2.60 NO" in text


def test_a_model_that_no_firmware_ran_is_not_called_proved():
    """Another word, another colour: green is for firmware that ran."""
    proof = replace(samples.BARE, engine="tflm", firmware_ran=False)
    text = " ".join(shown(samples.build(proof)).replace("\u2502", " ").split())
    assert "CARRIED, NOT RUN: no firmware ran" in text
    assert "PROVED" not in text
    assert "Not shown: the interpreter on the core" in text
    assert findings.verdict(proof).state == "carried"
    assert terminal._STYLES["carried"] not in (GOOD, BAD)


def test_what_does_not_fit_is_said():
    ram = replace(samples.PROOF.ram, limit=512)
    text = shown(samples.build(replace(samples.PROOF, ram=ram)))
    assert "Does not fit: RAM needs 544 B of 512 B (106.2 %)." in text
    assert "Does not fit" not in shown(samples.build())


def test_an_arena_that_is_not_as_planned_is_said():
    arena = replace(samples.PROOF.arena, touched=160)
    assert "144 B planned, but 160 B touched" in shown(
        samples.build(replace(samples.PROOF, arena=arena))
    )


def test_the_lessons_carry_the_numbers():
    text = " ".join(shown(samples.demo()).split())
    assert "gzip, as sent over the air): 36,000 to 15,000 B" in text
    assert "as much room as any other weight: 40,000 B." in text
    assert "on the device: 40,000 to 13,000 B, 3.1 times smaller." in text
    assert "5,000 B over the air, 7.2 times smaller." in text
    assert "pruning brings flash from 22,000 B to 5,500 B and cycles from 10.6 k to 5.3" in text


def test_what_reads_the_same_was_not_saved():
    int8, both = samples.VARIANTS[2:4]
    device = replace(int8.device, cycles=int8.device.cycles - 1)
    demo = samples.demo()
    same = (*demo.comparison.variants[:3], replace(both, device=device))
    text = shown(replace(demo, comparison=replace(demo.comparison, variants=same)))
    assert "pruning brings" not in text


def test_a_comparison_without_lessons_has_no_hole():
    demo = samples.demo()
    alone = replace(demo.comparison, variants=demo.comparison.variants[2:3], held_out=1, unmade=())
    text = shown(replace(demo, comparison=alone))
    lines = [line.strip() for line in text.splitlines()]
    heading = next(i for i, line in enumerate(lines) if "instructions" in line and "ms" in line)
    assert lines[heading - 1] == "" != lines[heading - 2]
    end = next(i for i, line in enumerate(lines) if i > heading and not line)
    assert lines[end + 1] != ""
    assert "the only input held out" in " ".join(text.split())


def test_no_lesson_that_the_numbers_do_not_bear_out():
    variants = tuple(replace(v, gzip_bytes=36000, tflite_bytes=40000) for v in samples.VARIANTS)
    same = replace(samples.COMPARISON, variants=variants)
    text = shown(replace(samples.demo(), comparison=same))
    assert "smaller" not in text.replace("smallest", "")
    assert "Pruning alone" not in text


def test_the_board_s_figures_stand_beside_each_other():
    lines = shown(samples.demo()).splitlines()
    heading = next(line for line in lines if line.startswith("variant") and "cycles" in line)
    assert heading.split() == ["variant", "flash", "RAM", "instructions", "cycles", "ms"]
    (int8,) = (line.split() for line in lines if line.startswith("int8") and "22,000" in line)
    assert " ".join(int8) == "int8 22,000 B 3,544 B 8,200 10.6 k 0.16 to 0.32"
    text = " ".join(shown(samples.demo()).split())
    assert "proved on unicorn 2.1.4, all 1,000 inputs held out, every layer bit-exact" in text
    assert "float, pruned: not on the board: the engines run int8" in text
    assert "smallest: it cannot be made" in text


def test_what_did_not_run_on_the_board_is_said():
    few = replace(samples.COMPARISON, held_out=3000)
    text = " ".join(shown(replace(samples.demo(), comparison=few)).split())
    assert "the first 1,000 inputs held out" in text
    assert "the others' answers are the oracle's" in text


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_a_stream_without_block_characters_gets_plain_ones(encoding):
    text = shown(samples.demo(), encoding=encoding)
    assert text.isascii()
    assert "2.60   ok" in text


@pytest.mark.parametrize(
    "name", ["[/red][bold]x", "a\x1b[2Jb", "line\nbreak\rx", "\ud800", "\u202eabc"]
)
def test_names_cannot_steer_the_terminal(name):
    text = shown(samples.named(name))
    assert not set("\x1b\r\u202e") & set(text)
    assert "[/red][bold]x" in text or name != "[/red][bold]x"


def test_a_colour_terminal_gets_colours():
    assert "\x1b[" in shown(samples.demo(), colour=True)


def test_answers_alone_are_not_called_every_layer() -> None:
    proof = replace(samples.PROOF, instructions_by_layer=samples.PROOF.instructions_by_layer[-1:])
    text = shown(samples.build(proof))
    assert "PROVED: every answer bit-exact" in text
    assert "every layer" not in text
    assert "the answer of each" in " ".join(text.replace("│", " ").split())


def test_accesses_are_claimed_only_where_they_were_seen() -> None:
    def said(proof: Proof) -> str:
        return "\n".join(findings.verdict(proof).lines)

    watched = "2,345 reads and writes watched: each layer touched only the bytes planned for it."
    assert watched in said(samples.PROOF)
    assert "Reads and writes are not seen on native" in said(samples.BARE)
    for silent in (replace(samples.BARE, engine="tflm"), replace(samples.BARE, firmware_ran=False)):
        assert "eads and writes" not in said(silent)
