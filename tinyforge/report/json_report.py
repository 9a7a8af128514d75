"""The report for programs: what `--json` prints and what report.json holds."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from tinyforge.report.record import Comparison, DemoReport, Report


def to_json(report: Report) -> dict[str, Any]:
    """The report as JSON values, keys in the order of the records.

    Only a demo has the keys variants and real_drawings; drawings are for the eye and left out.
    """
    document: dict[str, Any] = {
        "board": report.board,
        "engine": report.engine,
        "proof": asdict(report.proof),
    }
    if report.engines:
        document["engines"] = [asdict(engine) for engine in report.engines]
    if report.choices:
        document["choices"] = [asdict(choice) for choice in report.choices]
    if report.break_even is not None:
        document["break_even"] = asdict(report.break_even)
    if report.accuracy is not None:
        document["accuracy"] = asdict(report.accuracy)
    if report.explained is not None:
        document["explained"] = _rounded(asdict(report.explained))
    if isinstance(report, DemoReport):
        drawings = report.real_drawings
        document = {"variants": _variants(report.comparison), **document}
        document["real_drawings"] = None if drawings is None else asdict(drawings)
    if report.seconds is not None:
        document["seconds"] = round(report.seconds, 2)
    return document


def _rounded(value: Any) -> Any:
    """With four digits of each figure: what float computes is told no finer, and is the same on
    machines that add up in another order."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list | tuple) else value


def comparison_json(found: Comparison) -> dict[str, Any]:
    """A comparison as JSON values. A variant that was not made has name and error alone."""
    document = asdict(found)
    del document["unmade"]
    return {**document, "variants": _variants(found)}


def _variants(found: Comparison) -> list[dict[str, Any]]:
    made = [asdict(variant) for variant in found.variants]
    return [*made, *({"name": one.name, "error": one.why} for one in found.unmade)]


def json_text(document: dict[str, Any]) -> str:
    """One JSON document, ASCII, a key a line, ending in a newline.

    ValueError for NaN and infinities, which JSON does not have.
    """
    return json.dumps(document, indent=2, allow_nan=False) + "\n"
