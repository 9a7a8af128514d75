"""The JSON report has the keys that the documentation promises, and JSON's own values alone."""

import json
from dataclasses import replace

import pytest

from tests.report import samples
from tinyforge.report.json_report import comparison_json, json_text, to_json


def read(report):
    return json.loads(json_text(to_json(report)))


def test_a_demo_has_these_keys_in_this_order():
    document = read(samples.demo())
    assert list(document) == ["variants", "board", "engine", "proof", "real_drawings", "seconds"]
    assert [list(v) for v in document["variants"]] == [
        [
            "name",
            "tflite_bytes",
            "gzip_bytes",
            "nonzero",
            "accuracy",
            "device",
            "refused",
            "confusion",
            "kernels",
            "training",
        ]
    ] * 4 + [["name", "error"]]
    assert list(document["variants"][2]["device"]) == [
        "flash", "ram", "instructions", "cycles", "ms", "uj", "inputs", "machine"
    ]  # fmt: skip
    assert list(document["real_drawings"]) == ["count", "balanced_accuracy"]


def test_what_int8_loses_is_told_with_four_digits():
    layer = replace(samples.NOISE, snr=21.04567, held=(-12.34567, 1234.4))
    said = replace(samples.EXPLAINED, layers=(layer,))
    found = read(replace(samples.build(), explained=said))["explained"]
    assert found["layers"][0]["snr"] == 21.05 and found["layers"][0]["held"] == [-12.35, 1234.0]
    assert found["findings"][0]["cause"] == "outlier" and found["calibrated"] == 100
    assert found["layers"][0]["weights"]["per_channel"] is True
    assert found["finer"] == [
        {"layer": 3, "name": samples.NOISE.name, "before": -1.25, "after": 36.5}
    ]
    assert "explained" not in read(samples.build())


def test_both_engines_are_there_where_the_project_has_them():
    document = read(replace(samples.build(), engines=samples.ARENA_ALONE))
    assert document["engines"] == [
        {"engine": "aot", "arena": 144, "ram": 544, "flash": 5500, "instructions": 4100},
        {"engine": "tflm", "arena": 1600, "ram": None, "flash": None, "instructions": None},
    ]
    assert "engines" not in read(samples.build())


def test_a_proof_has_these_keys():
    proof = read(samples.demo())["proof"]
    promised = {
        "inputs", "layers", "bit_exact", "first_difference", "accuracy", "arena", "ram", "flash",
        "instructions", "cycles", "instructions_by_layer", "machine", "toolchain",
    }  # fmt: skip
    assert promised <= set(proof)
    assert {"planned", "touched"} <= set(proof["arena"])
    assert set(proof["ram"]) == {"arena", "weights", "data_bss", "stack", "total", "limit"}
    assert {"code", "weights", "total", "limit"} <= set(proof["flash"])
    assert proof["cycles"] == {"low": 5100, "mid": 5300, "high": 5600}


def test_values_are_the_records():
    document = read(samples.demo(samples.DIFFERING))
    assert [v["name"] for v in document["variants"][:4]] == [v.name for v in samples.VARIANTS]
    assert document["variants"][1] == {
        "name": "pruned", "tflite_bytes": 40000, "gzip_bytes": 15000, "nonzero": 2250,
        "accuracy": 0.9951, "device": None, "refused": "the engines run int8", "confusion": None,
        "kernels": [
            {"op": "CONV_2D", "name": "net/conv/Relu", "channels": 8, "zeros": 0.75, "snr": None}
        ],
        "training": [
            {"stage": "prune", "losses": [0.5, 0.25]}, {"stage": "recover 1", "losses": [0.125]}
        ],
    }  # fmt: skip
    assert document["variants"][2]["device"]["ms"] == {"low": 0.16, "high": 0.32}
    assert document["variants"][4] == {"name": "smallest", "error": "it cannot be made"}
    assert document["variants"][0]["confusion"] == [[480, 20], [5, 495]]
    assert document["engine"] == "both"
    assert document["real_drawings"] == {"count": 1014, "balanced_accuracy": 0.984}
    assert document["seconds"] == 93.42
    proof = document["proof"]
    assert proof["bit_exact"] is False
    assert proof["first_difference"] == {
        "input": 17, "layer": 0, "op": "CONV_2D", "name": "net/conv/Relu", "index": [0, 1, 2, 3],
        "expected": -12, "actual": -11,
    }  # fmt: skip
    assert proof["arena"]["touched"] == 144
    assert [layer["instructions"] for layer in proof["instructions_by_layer"]] == [3000, 1000]


def test_build_prints_the_same_proof_without_the_demo():
    document = read(samples.build())
    assert list(document) == ["board", "engine", "proof", "seconds"]
    assert document["proof"] == read(samples.demo())["proof"]


def test_what_was_not_measured_is_null():
    proof = read(samples.build(samples.BARE))["proof"]
    assert proof["ram"] is None
    assert proof["flash"] is None
    assert proof["instructions"] is None
    assert proof["cycles"] is None
    assert proof["arena"]["touched"] is None


def test_the_text_is_ascii_and_stable():
    report = samples.named("\u00e9\u4e2d\ud800")
    assert json_text(to_json(report)).isascii()
    assert json_text(to_json(report)) == json_text(to_json(report))


def test_there_is_no_nan_in_json():
    with pytest.raises(ValueError, match="JSON"):
        json_text(to_json(samples.build(replace(samples.PROOF, accuracy=float("nan")))))


def test_a_comparison_has_these_keys():
    document = json.loads(json_text(comparison_json(samples.COMPARISON)))
    assert list(document) == [
        "model", "board", "core", "measure", "held_out", "data", "range", "classes", "variants"
    ]  # fmt: skip
    assert document["variants"] == read(samples.demo())["variants"]
