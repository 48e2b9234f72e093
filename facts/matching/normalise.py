"""From what people type to the words that are compared.

Everything here is about English as people chat it, and about Unicode; nothing is about any one article.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import snowballstemmer

from facts.matching.wordlists import CHAT_SPELLINGS, CONTRACTIONS

# Longer input is cut: no question needs more, and the time for an answer stays bounded.
MAX_CHARACTERS = 600
MAX_WORDS = 60
# A "word" longer than this is noise (the longest ones in use are shorter); it is cut.
MAX_WORD_LENGTH = 40

_DISCORD_MARKUP = re.compile(r"<(?:@[!&]?|#|a?:\w{1,32}:|t:|/[^:>]{1,100}:)-?\d{1,20}(?::[a-zA-Z])?>")
_URL = re.compile(r"\b(?:https?://|www\.)\S+", re.IGNORECASE)
_MASS_MENTION = re.compile(r"@(?:everyone|here)\b")
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ`´＇", "'"))
# One number (with decimals or thousands), one run of letters, or one character of a script without spaces.
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"\d+(?:[.,]\d+)*|[{_CJK}]|(?:(?![{_CJK}])[^\W\d_])+(?:'(?:(?![{_CJK}])[^\W\d_])+)*")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
_LONG_RUN = re.compile(r"(.)\1{2,}")
_INVISIBLE = {"Cc", "Cf", "Co", "Cs", "Cn"}

# It keeps the word that it works on in itself, so that each thread needs one of its own.
_of_thread = threading.local()


@dataclass(frozen=True, slots=True)
class Normalised:
    """A text as words (spelt out, lower case) and as terms (their stems), one term a word."""

    words: tuple[str, ...]
    terms: tuple[str, ...]


def normalise(text: str) -> Normalised:
    """Give the words and terms of a text.

    Mentions, custom emoji, URLs, control and invisible characters are dropped, contractions and chat spellings
    spelt out, accents taken off, letters parted from digits; scripts without spaces give one word a character.

    Args:
        text: anything; only its first ``MAX_CHARACTERS`` characters and ``MAX_WORDS`` words count.
    """
    text = text[: MAX_CHARACTERS * 2]
    text = _DISCORD_MARKUP.sub(" ", text)
    text = _MASS_MENTION.sub(" ", _URL.sub(" ", text))
    text = unicodedata.normalize("NFKC", text).casefold().translate(_APOSTROPHES)
    text = "".join(_visible(text))[:MAX_CHARACTERS]
    words: list[str] = []
    for raw in _WORD.findall(_THOUSANDS.sub("", text)):
        words.extend(_spell_out(raw[:MAX_WORD_LENGTH]))
    del words[MAX_WORDS:]
    return Normalised(tuple(words), tuple(stem(word) for word in words))


# So many texts that a pack's phrasings are normalised once, for its rules and for the index.
@lru_cache(maxsize=32768)
def normalise_kept(text: str) -> Normalised:
    """Do the same with what facts hold, and remember it; what people ask is not to be remembered."""
    return normalise(text)


def _visible(text: str) -> list[str]:
    """Take accents off Latin, Greek and Cyrillic letters, and turn what cannot be seen into nothing or a space."""
    if text.isascii() and text.isprintable():
        return list(text)
    kept = []
    for char in unicodedata.normalize("NFD", text):
        if char in "\t\n\r":
            kept.append(" ")
        elif unicodedata.category(char) != "Mn" and unicodedata.category(char) not in _INVISIBLE:
            kept.append(char)
    # Marks of other scripts (Hangul, kana) are not accents: put back what belongs together.
    return list(unicodedata.normalize("NFC", "".join(kept)))


@lru_cache(maxsize=4096)
def _spell_out(raw: str) -> tuple[str, ...]:
    """Spell out one chat word: ``what's`` and ``whats`` as ``what is``, ``u`` as ``you``, ``soooo`` as ``soo``."""
    word = _LONG_RUN.sub(r"\1\1", raw) if raw[0].isalpha() else raw.replace(",", "")
    spelling = CONTRACTIONS.get(word) or CHAT_SPELLINGS.get(word)
    if spelling is not None:
        return tuple(spelling.split())
    word = word.removesuffix("'s")
    return (word.replace("'", ""),) if word.strip("'") else ()


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Give the Snowball (Porter 2) stem of an English word; other words come back nearly unchanged."""
    if not hasattr(_of_thread, "stemmer"):
        _of_thread.stemmer = snowballstemmer.stemmer("english")
    return str(_of_thread.stemmer.stemWord(word))
