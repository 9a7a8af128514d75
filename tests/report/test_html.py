"""The HTML report: one well-formed file that needs nothing else and that no name can break."""

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from tests.report import samples
from tinyforge.proof.record import Arena, ArenaSlot
from tinyforge.report.html_report import to_html
from tinyforge.resources import folder

VOID = {"meta", "link", "img", "br"}
NASTY = "</script></style><img src=x onerror=alert(1)>\"'&amp;{{7*7}}"
REPORTS = {
    "demo": samples.demo(),
    "differs": samples.demo(samples.DIFFERING),
    "build": samples.build(),
    "bare": samples.build(samples.BARE),
    "explained": replace(samples.build(), explained=samples.EXPLAINED),
    "nasty": samples.named(NASTY),
    "surrogate": samples.named("\ud800\x00\x1b"),
}


class Page(HTMLParser):
    """Reads a page, insisting that every tag is closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        assert len(dict(attrs)) == len(attrs), f"an attribute twice in <{tag}>"
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert "svg" in self.open, f"<{tag}/> is not HTML"
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    def all(self, tag, css=""):
        return [a for t, a in self.tags if t == tag and css in ("", *a.get("class", "").split())]

    @property
    def text(self):
        return " ".join(" ".join(self.words).replace("\xa0", " ").split())


@pytest.fixture(params=REPORTS)
def html(request):
    return to_html(REPORTS[request.param])


def test_the_page_is_well_formed(html):
    page = Page(html)
    assert html.startswith("<!doctype html>")
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    assert {a["aria-labelledby"] for a in page.all("section")} == set(ids)


def test_cycles_stand_where_instructions_do():
    estimate = "5.30 k an inference, estimated (5.10 k to 5.60 k)"
    page = Page(to_html(samples.demo()))
    assert f"(4,090 to 4,110); cycles: {estimate}." in page.text
    assert f"cycles {estimate}" in page.text
    assert "time 0.08 to 0.16 ms at 64 MHz: not simulated: a range" in page.text
    assert "estimated (" not in Page(to_html(samples.demo(samples.BARE))).text


def test_the_page_needs_nothing_else(html):
    page = Page(html)
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "iframe", "object", "embed", "base", "form"}
    for _, attributes in page.tags:
        for name in ("src", "href", "srcset", "data", "action", "poster"):
            assert attributes.get(name, "data:").startswith("data:")
        assert not any(name.startswith("on") for name in attributes)
    style = re.search(r"<style>(.*?)</style>", html, re.S).group(1)
    assert not re.search(r"url\(|@import|https?:|//", style)


def test_the_page_is_utf8_with_no_control_characters(html):
    assert html.encode()
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", html)


def test_names_are_shown_as_they_are():
    page = Page(to_html(samples.named(NASTY)))
    assert page.words.count(NASTY) > 5
    assert not [a for a in page.all("img") if not a["src"].startswith("data:image/png;base64,")]


def test_the_same_report_gives_the_same_page():
    assert to_html(samples.demo()) == to_html(samples.demo())


def test_it_says_what_the_proof_says():
    text = Page(to_html(samples.demo())).text
    for words in (
        "PROVED",
        "1,000 inputs through the firmware, 2 layers each: every byte equals tflite-micro",
        "544 B of 256 KiB (0.2 %)",
        "144 B planned = 144 B touched; no placement can need less.",
        "the peak of 144 B is reached in step 0.",
        "The board has 256 KiB of RAM.",
        "4,100 an inference (4,090 to 4,110)",
        "98.40 % balanced accuracy, 1,014 by people",
        "In the file a zero takes as much room as any other weight: 40,000 B.",
        "whole inference 1,408 4,100 2.91",
        "Eiffel Tower drawn as Mona Lisa",
    ):
        assert words in text


def test_both_engines_stand_beside_each_other():
    text = Page(to_html(replace(samples.build(), engines=samples.MEASURED))).text
    assert "aot 144 B 544 B 5,500 B 4,100 tflm 1,600 B 2,720 B 66,000 B 9,430" in text
    assert "12.0 times the flash" in text
    alone = Page(to_html(replace(samples.build(), engines=samples.ARENA_ALONE))).text
    assert "tflm 1,600 B" in alone
    assert "12.0 times" not in alone
    assert "Both engines" not in Page(to_html(samples.build())).text


def test_a_difference_is_named():
    text = Page(to_html(samples.demo(samples.DIFFERING))).text
    assert "DIFFERS" in text
    assert "PROVED" not in text
    assert "input 17, layer 0 CONV_2D 'conv/Relu', element [0, 1, 2, 3]: expected -12" in text
    assert "2.60 NO" in text


def test_a_build_has_no_variants_and_no_drawings():
    page = Page(to_html(samples.build()))
    assert not page.all("table", "variants")
    assert not page.all("img")
    assert len(page.all("table", "layers")) == 1


def test_what_was_not_measured_is_left_out():
    page = Page(to_html(samples.build(samples.BARE)))
    assert not page.all("figure")
    assert not page.all("table")
    assert "cannot see what is touched" in page.text


def test_the_timeline_is_the_plan():
    page = Page(to_html(samples.demo()))
    conv, source = (
        dict(p.split(":") for p in a["style"].split(";")) for a in page.all("div", "box")
    )
    assert (conv["left"], conv["width"]) == ("0.000%", "100.000%")
    assert (source["left"], source["width"]) == ("0.000%", "50.000%")
    bottom, height = (float(source[k].rstrip("%")) for k in ("bottom", "height"))
    assert conv["bottom"] == "0.000%"
    assert float(conv["height"].rstrip("%")) == pytest.approx(bottom, abs=0.01)
    assert bottom / height == pytest.approx(128 / 16, rel=1e-3)
    title = page.all("div", "box")[1]["title"]
    assert title == "input: 16 B, bytes 128 to 143, step 0"


def test_a_slot_begins_at_its_step():
    slots = (ArenaSlot("a", 0, 16, 0, 0), ArenaSlot("b", 16, 128, 1, 1))
    proof = replace(samples.PROOF, arena=replace(samples.PROOF.arena, slots=slots))
    page = Page(to_html(samples.build(proof)))
    assert [a["style"].split(";")[0] for a in page.all("div", "box")] == [
        "left:0.000%",
        "left:50.000%",
    ]
    assert [("peak" in a["class"]) for a in page.all("div", "box")] == [False, True]


def test_bars_are_to_one_scale():
    page = Page(to_html(samples.demo()))
    shares = [
        float(a["style"].removeprefix("--share:"))
        for t, a in page.tags
        if t == "i" and "style" in a
    ]
    variants = [40000, 36000, 40000, 15000, 13000, 10000, 13000, 5000]
    assert shares[:8] == pytest.approx([size / 40000 for size in variants], abs=1e-4)
    assert shares[-2:] == pytest.approx([1, 1 / 3], abs=1e-4)


def test_more_than_the_board_has_is_marked():
    small = replace(samples.PROOF.ram, limit=272)
    page = Page(to_html(samples.build(replace(samples.PROOF, ram=small))))
    assert len(page.all("figure", "over")) == 1
    assert [a["style"] for t, a in page.tags if t == "b" and "style" in a] == ["left:50.000%"]
    assert "Does not fit: RAM needs 544 B of 272 B (200.0 %)." in page.text


def test_every_picture_says_what_it_shows():
    page = Page(to_html(samples.demo()))
    assert [a["alt"] for a in page.all("img")] == [
        "Drawing of: Mona Lisa. The firmware says: Mona Lisa.",
        "Drawing of: Mona Lisa. The firmware says: Eiffel Tower.",
    ]
    assert all(a.get("aria-label") for _, a in page.tags if a.get("role") == "img")


@pytest.mark.parametrize("shape", [(28, 28), (5, 3), (4, 6, 1), (4, 6, 3)])
def test_pictures_survive(shape):
    image = pytest.importorskip("PIL.Image")
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    demo = samples.demo()
    page = Page(to_html(replace(demo, samples=(replace(demo.samples[0], pixels=pixels),))))
    data = base64.b64decode(page.all("img")[0]["src"].split(",")[1])
    from io import BytesIO

    read = np.asarray(image.open(BytesIO(data)))
    np.testing.assert_array_equal(read, pixels.reshape(read.shape))


def luminance(colour):
    """Source: WCAG 2.2, relative luminance."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_has_contrast(theme):
    css = (folder("templates") / "report" / "report.css").read_text()
    light, dark = (
        dict(re.findall(r"--(\w[\w-]*): (#\w{6});", block))
        for block in re.findall(r":root \{(.*?)\}", css, re.S)[:2]
    )
    colours = {"light": light, "dark": light | dark}[theme]
    assert (light == colours) == (theme == "light")
    for ink in ("ink", "muted", "good", "bad", "ember"):
        for ground in ("paper", "panel"):
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
    assert contrast(colours["ink"], colours["ember-soft"]) >= 4.5
    for mark in ("tone1", "tone2"):  # graphics: WCAG 1.4.11
        assert contrast(colours[mark], colours["paper"]) >= 3


def test_a_label_stands_where_no_other_box_covers_it():
    """The second box lies over the upper part of the first, from its second step on."""
    slots = tuple(
        ArenaSlot(name, offset, nbytes, first, 9)
        for name, offset, nbytes, first in (("a", 0, 100, 0), ("b", 60, 40, 1), ("c", 0, 10, 8))
    )
    arena = Arena(100, 100, 100, slots, tuple(range(10)))
    page = Page(to_html(samples.build(replace(samples.PROOF, arena=arena))))
    labels = [label["style"].split(";") for label in page.all("div", "label")]
    assert labels[0] == ["top:40.000%", "height:60.000%"]
    assert labels[1] == labels[2] == ["top:0.000%", "height:100.000%"]


def test_what_int8_loses_stands_with_causes_and_cures():
    page = Page(to_html(REPORTS["explained"]))
    assert "outlier layer 3: channel 7 reaches far. bring it nearer" in page.text
    assert (
        "16 bits layer 3 'a_layer_with_a_long_name/Relu6': with its values in int16 the"
        in page.text
    )
    assert "tinyforge quantize --int16 3" in page.text
    assert "Float against int8 on 8 samples" in page.text
    figures = ("21.0", "38.5", "41.2", "-12.3..1234", "88 %", "12.5 %", "127: -3.2")
    assert all(figure in page.text for figure in figures)
    assert "1 of 2 layers compared" in page.text
    (bar,) = {a["style"] for a in page.all("i") if "--share:0.35" in a.get("style", "")}
    assert bar == "--share:0.35067", "of 60 dB"
    assert "What int8 loses" not in Page(to_html(samples.build())).text


def test_what_a_file_alone_tells_has_no_empty_table():
    said = replace(samples.EXPLAINED, layers=(), findings=(), finer=(), unmeasured="no wheel")
    page = Page(to_html(replace(samples.build(), explained=said)))
    assert "Nothing stands out. Layers are not compared: no wheel." in page.text
    assert not page.all("table", "noise")


@pytest.mark.parametrize("text", [NASTY, "\ud800\x00\x1b"])
def test_no_name_breaks_what_int8_loses(text):
    layer = replace(samples.NOISE, name=text, op=text)
    finding = replace(samples.EXPLAINED.findings[0], where=text, what=text)
    said = replace(samples.EXPLAINED, layers=(layer,), findings=(finding,))
    page = to_html(replace(samples.build(), explained=said))
    page.encode()
    Page(page)
    assert "<script" not in page and "<img" not in page
