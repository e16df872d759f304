"""Pieces of texts: characters, and sub-words that are learned."""

import pytest

from zerosum.errors import ConfigError
from zerosum.modalities.strings.vocabulary import UNKNOWN, Vocabulary, Way, learn_vocabulary

TEXTS = ["the cat sat on the mat", "the cat ate the rat", "a bat, a cat — naïve 🐱"] * 4


@pytest.mark.parametrize("way", ["characters", "subwords"])
def test_texts_come_back_as_they_were(way: Way) -> None:
    if way == "subwords":
        pytest.importorskip("tokenizers")
    found, lacking = learn_vocabulary(TEXTS, way=way, size=60)
    assert lacking == 0
    assert [found.decode(one) for one in found.encode(TEXTS)] == TEXTS
    again = Vocabulary.from_json(found.to_json())
    assert again.encode(TEXTS) == found.encode(TEXTS)


def test_sub_words_are_fewer_than_characters() -> None:
    pytest.importorskip("tokenizers")
    found, _ = learn_vocabulary(TEXTS, way="subwords", size=60)
    assert sum(map(len, found.encode(TEXTS))) < 0.6 * sum(map(len, TEXTS))
    assert " cat" in found.pieces
    assert len(found.pieces) <= 60


def test_what_was_never_seen_is_unknown() -> None:
    found, _ = learn_vocabulary(["abc"], way="characters", size=60)
    assert found.decode(found.encode(["aXb"])[0]) == f"a{UNKNOWN}b"


def test_rare_characters_of_a_huge_alphabet_are_not_learned() -> None:
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 5_000)))
    found, lacking = learn_vocabulary([text, "abc" * 3], way="characters", size=60)
    assert lacking == 5_003 - 4_000
    assert {"a", "b", "c"} <= set(found.pieces)


def test_a_slot_is_a_piece_of_its_own() -> None:
    pytest.importorskip("tokenizers")
    texts = ["is \ue000 years", "was \ue000, now \ue001"] * 10
    found, _ = learn_vocabulary(texts, way="subwords", size=80)
    assert all("\ue000" not in piece or piece == "\ue000" for piece in found.pieces)


@pytest.mark.parametrize(
    ("pieces", "merges"),
    [(("a", "b"), ()), ((UNKNOWN, "a", "a"), ()), ((UNKNOWN, "a", "b"), (("a", "b"),))],
)
def test_pieces_that_fit_each_other(pieces: tuple[str, ...], merges: tuple) -> None:
    with pytest.raises(ConfigError):
        Vocabulary(pieces=pieces, merges=merges)
