"""The Jinja environment: strict, literal, byte-true."""

import jinja2
import pytest

from tinyforge.project import templates
from tinyforge.project.templates import render


@pytest.fixture
def template(tmp_path, monkeypatch):
    """Writes a template into a folder of its own and renders it."""
    monkeypatch.setattr(templates, "folder", lambda name: tmp_path)
    templates._environment.cache_clear()
    yield lambda text, **values: (
        (tmp_path / "t.j2").write_text(text, encoding="utf-8"),
        render("t.j2", **values),
    )[1]
    templates._environment.cache_clear()


def test_a_missing_value_is_an_error(template):
    with pytest.raises(jinja2.UndefinedError, match="missing"):
        template("a {{ missing }} b")


def test_values_are_literal_text(template):
    value = "{{ 7*7 }} {% raw %} ${x} <&\"'>"
    assert template("[{{ v }}]", v=value) == f"[{value}]"


def test_block_lines_vanish_and_the_last_newline_stays(template):
    text = "a\n    {% for i in n %}\n  {{ i }};\n    {% endfor %}\nb\n"
    assert template(text, n=[1, 2]) == "a\n  1;\n  2;\nb\n"
