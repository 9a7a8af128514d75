"""A source under other names: names and what speaks of them, and nothing else."""

from tests.corpus import models
from tests.export.made import exported, generated
from tinyforge.export.naming import Naming

NAMING = Naming("kws", {"forge_arena": "elsewhere"}, {"model.h": "kws.h"})


def test_identifiers_and_macros_get_the_prefix() -> None:
    assert NAMING.source("forge_invoke(FORGE_OK);") == "kws_invoke(KWS_OK);"
    assert NAMING.source("my_forge_x + forgery + FORGED") == "my_forge_x + forgery + FORGED"
    assert NAMING.source("return forge_arena[1];") == "return elsewhere[1];"


def test_texts_stay_as_they_are() -> None:
    for text in ('"forge_x \\" forge_y"', "'\"' + 1", '"// forge_z"'):
        assert NAMING.source(text) == text
    assert NAMING.source("'\"', forge_x, '\"'") == "'\"', kws_x, '\"'"


def test_comments_speak_of_the_new_names() -> None:
    comment = "/* TFLM's forge_invoke, see model.h; a \"forge_b */ forge_a // not forge_c's\n"
    expected = "/* TFLM's kws_invoke, see kws.h; a \"kws_b */ kws_a // not kws_c's\n"
    assert NAMING.source(comment) == expected
    assert (
        NAMING.source("/* Made by `tinyforge generate`. */") == "/* Made by `tinyforge export`. */"
    )


def test_labels_are_their_owners() -> None:
    labels = ("forge_a", 'FORGE_"b', "run tinyforge generate: no")
    _, files = exported(generated(models.classifier(1), labels=labels), "kws")
    written = files["src/kws/kws_labels.c"]
    assert '"forge_a"' in written
    assert '"FORGE_\\042b"' in written
    assert "kws_labels[KWS_CLASS_COUNT]" in written
