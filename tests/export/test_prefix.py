"""Which words a library's names may begin with."""

import pytest

from tinyforge.errors import ForgeError
from tinyforge.export.prefix import checked_prefix, prefix_of


@pytest.mark.parametrize("word", ["kws", "k", "wake_word", "model2", "x_1", "a" * 24])
def test_words_that_names_can_begin_with(word: str) -> None:
    assert checked_prefix(word) == word


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("", "no lower-case word"),
        ("Kws", "no lower-case word"),
        ("2fast", "no lower-case word"),
        ("_kws", "no lower-case word"),
        ("kws_", "no lower-case word"),
        ("wake__word", "no lower-case word"),
        ("wake-word", "no lower-case word"),
        ("wörter", "no lower-case word"),
        ("kws\n", "no lower-case word"),
        ("kws; rm", "no lower-case word"),
        ("a" * 25, "more than 24 characters"),
        ("float", "taken"),
        ("co_await", "taken"),
        ("stdio", "taken"),
        ("string", "taken"),
        ("uint8", "taken"),
        ("int_fast16", "taken"),
        ("size", "taken"),
        ("forge", "taken"),
    ],
)
def test_words_that_they_cannot(word: str, reason: str) -> None:
    with pytest.raises(ForgeError, match=reason) as caught:
        checked_prefix(word)
    assert "--prefix" in caught.value.fix


def test_a_models_name_gives_a_prefix() -> None:
    assert prefix_of("KWS ref-model (v1)") == "kws_ref_model_v1"
    for name in ("1st", "Float", "模型", "a" * 30):
        with pytest.raises(ForgeError, match="the model's name gives no prefix"):
            prefix_of(name)
