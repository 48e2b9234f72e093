"""Matching: which entry a question finds, and when it gets none. The facts here are made up and about no article."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import fuzz
from facts.engine import AnswerEngine
from facts.entities import Fact, KnownUnknown, Name, Source
from facts.matching.decision import ANSWER_THRESHOLD, Evidence, Outcome, confidence
from facts.matching.index import Index
from facts.matching.learning import Vector, Weights, learn
from facts.matching.lexicon import Speller, question_kind
from facts.matching.matcher import is_question
from facts.matching.vocabulary import Vocabulary

SOURCE = Source("handbook", "The Club")


def fact(fact_id: str, *phrasings: str, statement: str = "So it is.") -> Fact:
    return Fact(fact_id, "club", statement, phrasings, SOURCE)


FACTS = [
    fact("opening", "When does the library open?", "what are the opening hours", "is the library open on sundays"),
    fact("fee", "How much is the membership fee?", "what does membership cost", "price of joining the club"),
    fact("president", "Who is the club's president?", "who leads the club", "name of the president"),
    fact("founded", "When was the club founded?", "how old is the club", "year of foundation"),
    fact("garden", "How big is the garden?", "size of the garden in square metres", "garden area"),
    fact("meeting", "Where do the members meet?", "place of the weekly meeting", "which room is the meeting in"),
]
UNKNOWN = KnownUnknown("parking", ("Where can I park my car?", "is there a parking lot", "parking space"), "Not told.")
NAMES = [Name("library", ("reading room", "书房"), "opening")]


@pytest.fixture(scope="module")
def club() -> AnswerEngine:
    return AnswerEngine.of(FACTS, [UNKNOWN], NAMES)


@pytest.mark.parametrize(
    ("question", "fact_id"),
    [
        ("when does the library open", "opening"),
        ("WHEN DOES THE LIBARY OPEN???", "opening"),
        ("whens the reading room open", "opening"),
        ("书房 opening hours", "opening"),
        ("membreship fee how much", "fee"),
        ("who is the president of this club", "president"),
        ("hey, sorry, could you tell me how big the garden is?", "garden"),
        ("in which room do members meet", "meeting"),
    ],
)
def test_a_question_in_other_words_finds_its_fact(club: AnswerEngine, question: str, fact_id: str) -> None:
    answer = club.ask(question)
    assert (answer.outcome, [f.id for f in answer.facts]) == (Outcome.ANSWER, [fact_id])


@pytest.mark.parametrize(
    "question",
    ["", "   ", "?", "🚀🚀", "\u200b", "the", "best pizza in town?", "how do I centre a div", "a" * 5000, "<@1> <@2>"],
)
def test_what_the_facts_do_not_hold_gets_no_answer(club: AnswerEngine, question: str) -> None:
    answer = club.ask(question)
    assert answer.outcome is Outcome.UNKNOWN
    assert answer.facts == ()


def test_a_known_unknown_speaks_in_its_own_words(club: AnswerEngine) -> None:
    answer = club.ask("where can i park the car")
    assert (answer.outcome, answer.say) == (Outcome.UNKNOWN, "Not told.")


def test_a_word_that_no_phrasing_explains_stops_the_answer(club: AnswerEngine) -> None:
    assert club.ask("How big is the garden?").outcome is Outcome.ANSWER
    answer = club.ask("How heavy is the elephant of the zoo?")
    assert answer.outcome is not Outcome.ANSWER
    assert answer.why[0].unexplained == ("heavy", "elephant", "zoo")


def test_facts_that_fit_equally_are_offered_as_choices() -> None:
    twins = AnswerEngine.of([fact("red", "opening of the red hall"), fact("blue", "opening of the blue hall"), *FACTS])
    answer = twins.ask("opening of the hall")
    assert answer.outcome is Outcome.CHOICES
    assert {"red", "blue"} <= {f.id for f in answer.facts}


def test_a_question_in_two_parts_gets_both_facts(club: AnswerEngine) -> None:
    answer = club.ask("Who is the club's president and when was the club founded?")
    assert [f.id for f in answer.facts] == ["president", "founded"]
    assert len(answer.why) == 2


def test_of_a_question_in_parts_what_is_known_is_answered_and_the_rest_told(club: AnswerEngine) -> None:
    answer = club.ask("Who is the club's president and where can I park my car?")
    assert (answer.outcome, [f.id for f in answer.facts]) == (Outcome.ANSWER, ["president"])
    assert (answer.partial, answer.say) == (True, "Not told.")
    answer = club.ask("Who is the club's president and how tall is the eiffel tower?")
    assert ([f.id for f in answer.facts], answer.partial, answer.say) == (["president"], True, None)


def test_a_number_alone_is_no_subject() -> None:
    engine = AnswerEngine.of([fact("second", "what is hall 2", "hall 2"), *FACTS])
    assert engine.ask("what's 2 + 2").outcome is not Outcome.ANSWER
    assert [f.id for f in engine.ask("tell me about hall 2").facts] == ["second"]


def test_a_follow_up_leans_on_the_question_before(club: AnswerEngine) -> None:
    alone = club.ask("and who leads it?")
    after = club.ask("and how big is it?", context="Where is the garden?")
    assert [f.id for f in after.facts] == ["garden"]
    assert after.why[0].with_context
    assert alone.why[0].with_context is False


@pytest.mark.parametrize("text", ["lol", "asdf", "aaaaaaaaaaaaaaaa", "blorf wug", "!!!"])
def test_what_says_nothing_does_not_get_the_answer_before_again(club: AnswerEngine, text: str) -> None:
    assert club.ask(text, context="how big is the garden?").outcome is not Outcome.ANSWER


def test_a_question_of_its_own_does_not_lean_on_the_one_before(club: AnswerEngine) -> None:
    answer = club.ask("how much is the membership fee?", context="how big is the garden?")
    assert [f.id for f in answer.facts] == ["fee"]
    assert not answer.why[0].with_context


def test_the_fact_that_was_given_is_not_given_again_for_what_it_does_not_explain(club: AnswerEngine) -> None:
    assert [f.id for f in club.ask("what about the price?", context="who leads the club").facts] == ["fee"]
    assert [f.id for f in club.ask("says who?", context="how big is the garden").facts] == ["garden"]


def test_what_about_asks_the_same_of_another_thing() -> None:
    engine = AnswerEngine.of(
        [
            fact("red-open", "When does the red hall open?", "red hall opening hours"),
            fact("blue-open", "When does the blue hall open?", "blue hall opening hours"),
            fact("blue-size", "How big is the blue hall?", "size of the blue hall"),
            *FACTS,
        ]
    )
    for question in ("what about blue", "and the blue one?", "how about the blue hall?"):
        answer = engine.ask(question, context="When does the red hall open?")
        assert [f.id for f in answer.facts] == ["blue-open"], question


@pytest.mark.parametrize(
    ("question", "facts"),
    [
        ("what is the size and the founding year of the club garden", None),
        ("Good evening everyone! I have a silly question: how big is the garden? Many thanks in advance.", ["garden"]),
        ("I was out all day 😅 when does the library open", ["opening"]),
        ("who said that the garden is how big", None),
    ],
)
def test_what_has_nothing_to_do_with_the_question_is_left_out(
    club: AnswerEngine, question: str, facts: list[str] | None
) -> None:
    found = [f.id for f in club.ask(question).facts]
    assert found == facts if facts is not None else len(found) == len(set(found))


def test_a_story_around_the_question_is_left_out(club: AnswerEngine) -> None:
    story = "Forgive an old woman, my eyes are not what they were. How big is the garden?"
    assert [f.id for f in club.ask(story).facts] == ["garden"]


def test_what_points_within_a_message_points_there(club: AnswerEngine) -> None:
    why = club.ask("Where can I park my car, and how big is it?").why
    (leaning,) = [reason for reason in why if reason.with_context]
    assert {"big", "car"} <= set(leaning.words)


def test_keywords_before_a_comma_are_what_the_question_is_about(club: AnswerEngine) -> None:
    answer = club.ask("the garden, how big is it?")
    assert ([f.id for f in answer.facts], len(answer.why)) == (["garden"], 1)


def test_what_is_not_known_is_said_beside_what_may_be_meant() -> None:
    engine = AnswerEngine.of(
        [fact("red", "opening of the red hall"), fact("blue", "opening of the blue hall"), *FACTS],
        [KnownUnknown("green", ("opening of the green hall",), "The green hall is not told of.")],
    )
    answer = engine.ask("opening of the hall then")
    assert answer.outcome is Outcome.CHOICES
    assert answer.say in {None, "The green hall is not told of."}
    green = engine.ask("opening of the green hall")
    assert (green.outcome, green.say) == (Outcome.UNKNOWN, "The green hall is not told of.")


def test_words_taken_for_others_alone_are_guesswork(club: AnswerEngine) -> None:
    assert club.ask("xyzzy membershop").outcome is not Outcome.ANSWER
    assert [f.id for f in club.ask("membreship fee").facts] == ["fee"]


def test_a_kind_of_answer_is_read_from_misspelt_question_words(club: AnswerEngine) -> None:
    assert [f.id for f in club.ask("hwo bgi is the garden").facts] == ["garden"]


def test_a_store_that_lists_nothing_unknown_is_trusted_only_as_far_as_it_is_rich() -> None:
    poor, rich, listed = Index(), Index(), Index()
    for number in range(4):
        poor.put(f"e{number}", [f"thing {number}"])
        rich.put(f"e{number}", [f"thing {number} asked in way {way}" for way in range(100)])
        listed.put(f"e{number}", [f"thing {number} asked in way {way}" for way in range(100)], answers=number % 2 == 0)
    assert poor.unlisted() < 0.1
    assert rich.unlisted() == 1
    assert listed.unlisted() == 0
    assert Index().unlisted() == 0


def test_one_question_about_two_things_gets_both_facts() -> None:
    engine = AnswerEngine.of(
        [
            fact("north", "What does North mean?", "meaning of North", "what does the name North mean"),
            fact("south", "What does South mean?", "meaning of South", "what does the name South mean"),
            *FACTS,
        ],
        [UNKNOWN],
    )
    assert {f.id for f in engine.ask("what do North and South mean?").facts} == {"north", "south"}


@pytest.mark.parametrize("message", ["the library opens soon", "lol", "good morning", "is it?", "you coming?"])
def test_unaddressed_talk_is_ignored(club: AnswerEngine, message: str) -> None:
    answer = club.ask(message, addressed=False)
    assert answer.outcome is Outcome.IGNORED
    assert answer.facts == ()


def test_an_unaddressed_question_is_answered_when_sure(club: AnswerEngine) -> None:
    assert club.ask("when does the library open?", addressed=False).outcome is Outcome.ANSWER


def test_the_reason_tells_what_was_compared(club: AnswerEngine) -> None:
    (why,) = club.ask("when does the libary open").why
    assert why.corrected == (("libary", "librari"),)
    assert why.considered[0].id == "opening"
    assert why.considered[0].phrasing == "When does the library open?"
    assert why.confidence >= why.threshold == ANSWER_THRESHOLD


def test_a_changed_fact_answers_like_one_that_was_there_from_the_start() -> None:
    changed = AnswerEngine.of(FACTS, [UNKNOWN], NAMES)
    changed.put(fact("garden", "How many roses are there?", "number of roses"), 10)
    changed.put(fact("roof", "What colour is the roof?", "roof colour"), 11)
    changed.discard(changed.fact("fee"))
    fresh = AnswerEngine.of(
        [f for f in FACTS if f.id not in {"garden", "fee"}]
        + [
            fact("garden", "How many roses are there?", "number of roses"),
            fact("roof", "What colour is the roof?", "roof colour"),
        ],
        [UNKNOWN],
        NAMES,
    )
    for question in ["how many roses", "how big is the garden", "membership fee", "colour of the roof", "who leads it"]:
        one, other = changed.ask(question), fresh.ask(question)
        assert (one.outcome, one.facts, one.related) == (other.outcome, other.facts, other.related)
        # Those far from the change keep what they learnt from it, which tells hardly anything.
        assert one.why[0].confidence == pytest.approx(other.why[0].confidence, abs=0.01)


def test_learning_before_the_first_question_changes_no_answer() -> None:
    lazy, eager = (AnswerEngine.of(FACTS, [UNKNOWN], NAMES) for _ in range(2))
    assert eager.learn(limit=2) == 2
    assert eager.learn() == len(FACTS) + 1 - 2
    assert eager.learn() == 0
    for question in ("how big is the garden", "membreship fee", "who leads it", "where can i park"):
        assert eager.ask(question).why == lazy.ask(question).why


def test_a_question_need_not_wait_for_learning() -> None:
    engine = AnswerEngine.of(FACTS, [UNKNOWN], NAMES)
    engine.leave_learning()
    assert [f.id for f in engine.ask("when does the library open").facts] == ["opening"]
    assert engine.learn() == len(FACTS) + 1, "no question has learnt in its stead"


def test_a_change_lets_its_neighbours_learn_again() -> None:
    engine = AnswerEngine.of(FACTS, [UNKNOWN], NAMES)
    engine.learn()
    engine.put(fact("garden", "How big is the garden today?", "garden area today"), 4)
    assert engine.learn() > 1
    engine.discard(engine.fact("garden"))
    assert engine.learn() > 0
    assert engine.ask("how big is the garden").outcome is not Outcome.ANSWER


def test_facts_may_change_while_others_learn() -> None:
    index = Index()
    for number in range(120):
        index.put(f"e{number}", [f"what about thing {number} of the house", f"tell me of item number {number}"])
    with ThreadPoolExecutor(1) as pool:
        learning = pool.submit(index.learn)
        for number in range(0, 120, 3):
            index.put(f"e{number}", [f"where is thing {number} of the house now"])
            assert index.search(index.read(f"where is thing {number} now"))[0].key == f"e{number}"
        learning.result()
    while index.learn():
        pass
    fresh = Index()
    for number in range(120):
        phrasings = [f"what about thing {number} of the house", f"tell me of item number {number}"]
        fresh.put(f"e{number}", phrasings if number % 3 else [f"where is thing {number} of the house now"])
    for number in range(0, 120, 7):
        question = f"thing {number} of the house"
        assert index.search(index.read(question))[0].key == fresh.search(fresh.read(question))[0].key


def test_a_server_over_the_shared_facts_counts_words_as_both_do() -> None:
    base = Index()
    base.put("shared", ["how big is the garden", "garden size"])
    own = Index(base=base)
    own.put("own", ["how big is the roof", "roof size"])
    assert own.count("garden") == base.count("garden") == 2
    assert own.count("roof") == 2
    assert base.count("roof") == 0
    assert [c.key for c in own.search(own.read("how big is the roof"))] == ["own"]
    base.put("shared", ["how tall is the wall"])
    assert own.search(own.read("size of the roof"))[0].key == "own"


def test_confidence_follows_each_figure() -> None:
    low, high = Evidence(0.0, 0.1, 0.2, 1.0), Evidence(0.8, 0.9, 0.9, 0.0)
    for name in Evidence.__slots__:
        better = replace(low, **{name: getattr(high, name)})
        assert confidence(better) > confidence(low)


def test_equal_scores_are_put_in_order_by_id_so_that_answers_never_change_by_chance() -> None:
    entries = [fact(f"f{n}", "the same words here") for n in range(5)]
    one = AnswerEngine.of([*entries, *FACTS]).ask("same words")
    other = AnswerEngine.of([*FACTS, *reversed(entries)]).ask("same words")
    assert [f.id for f in one.facts] == [f.id for f in other.facts] == ["f0", "f1", "f2"]


def test_suggestions_follow_what_is_typed(club: AnswerEngine) -> None:
    assert club.suggest("who is", limit=2)[0].id == "president"
    assert "fee" in [f.id for f in club.suggest("membreship", limit=5)]
    assert [f.id for f in club.suggest("", limit=3)] == ["opening", "fee", "president"]
    assert len(club.suggest("the", limit=4)) == 4


@given(st.text(max_size=2000))
def test_no_text_makes_asking_fail(text: str) -> None:
    engine = AnswerEngine.of(FACTS, [UNKNOWN], NAMES)
    for context in (None, "how big is the garden?"):
        answer = engine.ask(text, context=context)
        assert 0 <= answer.why[0].confidence <= 1
    assert len(engine.suggest(text, limit=5)) <= 5


@given(st.lists(st.text(max_size=60), min_size=1, max_size=8))
def test_an_index_of_any_phrasings_can_be_searched_changed_and_emptied(texts: list[str]) -> None:
    index = Index()
    for number, text in enumerate(texts):
        index.put(f"e{number}", [text])
    for text in texts:
        for candidate in index.search(index.read(text)):
            assert 0 <= candidate.similarity <= 1.0001
    for number in range(len(texts)):
        index.discard(f"e{number}")
    assert len(index) == 0
    assert all(index.search(index.read(text)) == [] for text in texts)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("astronuats", "astronauts"),
        ("asronauts", "astronauts"),
        ("satronauts", "astronauts"),
        ("modul", "module"),
        ("moduel", "module"),
        ("corw", None),
        ("adn", "and"),
        ("nad", "and"),
        ("dan", None),
        ("tset", "test"),
        ("tess", None),
        ("xyzzy", None),
        ("16", None),
    ],
)
def test_misspelt_words_are_taken_for_the_nearest_known_one(word: str, meant: str | None) -> None:
    speller = Speller()
    speller.learn(["astronauts", "module", "crow", "test", "crow", "and"])
    assert speller.nearest(word) == meant or (word == "corw" and speller.nearest(word) == "crow")


def test_a_forgotten_word_is_no_longer_a_correction() -> None:
    speller = Speller()
    speller.learn(["module", "module"])
    speller.forget(["module"])
    assert speller.nearest("modul") == "module"
    speller.forget(["module"])
    assert speller.nearest("modul") is None


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("how long is it", "length"),
        ("so tell me how many there are", "number"),
        ("who did it and when", "who"),
        ("what year was it", "when"),
        ("tell me a story", None),
    ],
)
def test_the_kind_of_answer_is_read_from_the_question_words(words: str, kind: str | None) -> None:
    assert question_kind(tuple(words.split())) == kind


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("how long is it", True),
        ("whats up with the arm", True),
        ("so when did they land", True),
        ("tianhe length?", True),
        ("长度？", True),
        ("that was long", False),
        ("lol", False),
        ("", False),
    ],
)
def test_questions_are_told_from_talk(text: str, asks: bool) -> None:
    assert is_question(text) is asks


def vector(**weights: float) -> Vector:
    ids = sorted(int(name[1:]) for name in weights)
    return Vector(np.array(ids, dtype=np.int32), np.array([weights[f"f{n}"] for n in ids], dtype=np.float32))


def test_what_is_learnt_parts_an_entrys_own_phrasings_from_others() -> None:
    own = [vector(f1=0.7, f2=0.7), vector(f1=0.7, f3=0.7)]
    others = [vector(f2=0.7, f4=0.7), vector(f3=0.7, f5=0.7), vector(f4=1.0)]
    weights = learn(own, others)
    assert all(weights.margin(text) > 0.5 for text in own)
    assert all(weights.margin(text) < -0.5 for text in others)
    assert weights.margin(vector(f1=1.0)) > weights.margin(vector(f2=1.0)) > weights.margin(vector(f4=1.0))
    assert weights.margin(vector(f99=1.0)) == pytest.approx(weights.bias)
    again = learn(own, others)
    assert (again.bias, again.ids.tolist(), again.weights.tolist()) == (
        weights.bias,
        weights.ids.tolist(),
        weights.weights.tolist(),
    )


def test_an_entry_of_very_many_phrasings_learns_from_some_of_all_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("facts.matching.index._MOST_OWN", 10)
    taken: list[list[Vector]] = []

    def note(own: list[Vector], others: list[Vector]) -> Weights:
        taken.append(own)
        return learn(own, others)

    monkeypatch.setattr("facts.matching.index.learn", note)
    index = Index()
    index.put("short", [f"what of the small thing {number}" for number in range(10)])
    index.put("long", [f"what of the grand thing {number}" for number in range(25)])
    index.learn()
    assert [len(own) for own in taken] == [10, 9]
    assert index.search(index.read("what of the grand thing 23"))[0].key == "long"


def test_an_entry_without_others_is_learnt_too() -> None:
    assert learn([vector(f1=1.0)], []).margin(vector(f1=1.0)) > 0


@given(st.lists(st.text(min_size=1, max_size=12), max_size=20))
def test_every_feature_and_letter_run_has_one_number(words: list[str]) -> None:
    vocabulary = Vocabulary()
    numbers = {word: vocabulary.add(word) for word in words}
    assert len(set(numbers.values())) == len(numbers) == len(vocabulary)
    for word, number in numbers.items():
        assert (vocabulary.get(word), vocabulary.feature(number)) == (number, word)
        runs, total = vocabulary.letters(word)
        assert 0 <= len(runs) <= total
        added = vocabulary.add_letters(word)
        assert len(added) == total
        assert (added < 0).all()
        assert (np.diff(added) > 0).all()


def test_random_and_mutated_questions_never_fail(engine: AnswerEngine) -> None:
    for question, context in fuzz.questions(300):
        assert len(engine.ask(question, context=context).facts) <= 3
