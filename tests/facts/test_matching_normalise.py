"""Normalising: from what people type to words."""

from __future__ import annotations

import itertools
import sys
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
import snowballstemmer
from hypothesis import given
from hypothesis import strategies as st

from facts.matching.normalise import MAX_WORD_LENGTH, MAX_WORDS, normalise, stem


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("How LONG is Tianhe?", "how long is tianhe"),
        ("whats the crew", "what is the crew"),
        ("What’s Tianhe’s length", "what is tianhe length"),
        ("didn't they", "did not they"),
        ("who r u", "who are you"),
        ("pls tell me abt it", "please tell me about it"),
        ("<@123456789012345678> how long <:rocket:123456789012345678> <a:fly:1234567> <#42> <@&99>", "how long"),
        ("see https://example.org/a?b=c now", "see now"),
        ("@everyone who is it @here", "who is it"),
        ("café naïve Ünïted", "cafe naive united"),
        ("1,765 cubic feet and 16.6m", "1765 cubic feet and 16.6 m"),
        ("shenzhou7 Tiangong-1", "shenzhou 7 tiangong 1"),
        ("天宫 means?", "天 宫 means"),
        ("ｆｕｌｌ ｗｉｄｔｈ", "full width"),
        ("zero\u200bwidth and \u202ertl", "zerowidth and rtl"),
        ("soooooo loooong", "soo loong"),
        ("🚀🚀 launch 🎉", "launch"),
        ("new\nline\ttab", "new line tab"),
        ("in 2021, the 4th", "in 2021 the 4 th"),
    ],
)
def test_chat_becomes_plain_words(typed: str, words: str) -> None:
    assert " ".join(normalise(typed).words) == words


@pytest.mark.parametrize("typed", ["", "   ", "?!...", "🚀", "\u200b\u200b", "<@123>", "''", "\x00"])
def test_what_holds_no_word_gives_none(typed: str) -> None:
    assert normalise(typed).words == ()


def test_words_that_differ_in_their_ending_have_one_term() -> None:
    assert stem("launched") == stem("launches") == stem("launching")
    assert stem("astronauts") == stem("astronaut")


@given(st.text(max_size=4000))
def test_any_text_becomes_bounded_plain_words(text: str) -> None:
    normal = normalise(text)
    assert len(normal.words) == len(normal.terms) <= MAX_WORDS
    for word in normal.words:
        assert 0 < len(word) <= MAX_WORD_LENGTH
        assert word == word.casefold()
        assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zs"} for char in word)


@given(st.text(max_size=300))
def test_normalising_its_own_words_changes_nothing_more(text: str) -> None:
    once = normalise(text).words
    twice = normalise(" ".join(once)).words
    assert normalise(" ".join(twice)).words == twice


@given(st.text(alphabet=st.characters(categories=["L", "N", "Zs"]), max_size=200))
def test_case_and_invisible_characters_do_not_matter(text: str) -> None:
    littered = "\u200b".join(text)
    assert normalise(littered).words == normalise(text).words


def test_threads_that_stem_at_once_do_not_take_each_others_words() -> None:
    alone = snowballstemmer.stemmer("english")
    ends = ("ing", "ation", "ously", "ies", "ed", "nesses")
    words = [
        "".join(parts) + end for parts in itertools.product("bcdf", "aeiou", "lmnr", "aeiou", "st") for end in ends
    ]
    stem.cache_clear()
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            halves = [pool.submit(list, map(stem, words[place::4])) for place in range(4)]
            stems = [half.result() for half in halves]
    finally:
        sys.setswitchinterval(before)
    assert stems == [alone.stemWords(words[place::4]) for place in range(4)]
