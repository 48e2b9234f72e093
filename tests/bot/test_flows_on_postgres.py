"""The main flows in Discord once more, with the facts in PostgreSQL: the tests of the other files, on another store."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from facts.database import Database
from facts.knowledge import KnowledgeBase
from facts.models import Base
from tests.bot import (
    test_afterwards,
    test_asking,
    test_buttons,
    test_change_log,
    test_keeping_facts,
    test_review_queue,
    test_saved_tests,
    test_server_settings,
    test_stats,
    test_teaching,
    test_transfer,
    test_under_answers,
)
from tests.conftest import Schema, emptied, set_postgres_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from facts.entities import Pack
    from tests.conftest import World

FLOWS = (
    test_asking.test_a_mention_gets_a_fact_with_its_source,
    test_asking.test_a_direct_message_needs_no_mention,
    test_asking.test_a_servers_own_fact_answers_there_and_nowhere_else,
    test_asking.test_a_follow_up_is_understood_from_the_question_before,
    test_asking.test_a_known_unknown_answers_in_its_own_words_and_shows_what_is_near,
    test_buttons.test_a_choice_shows_its_fact_as_an_answer_in_place_of_the_choices,
    test_buttons.test_buttons_work_after_a_restart,
    test_under_answers.test_everybody_has_one_vote_which_may_be_changed,
    test_under_answers.test_what_was_not_right_goes_to_the_editors_also_where_nothing_was_asked,
    test_under_answers.test_the_asker_and_editors_dismiss_a_reply_and_nobody_else,
    test_review_queue.test_open_questions_are_shown_in_one_message_without_who_asked,
    test_review_queue.test_what_somebody_has_deleted_and_what_is_old_is_shown_no_longer,
    test_review_queue.test_a_question_that_is_edited_or_deleted_leaves_the_queue,
    test_teaching.test_a_question_becomes_a_fact_that_answers_everyone_and_whoever_asked_is_told,
    test_teaching.test_the_queue_is_dealt_with_one_by_one,
    test_teaching.test_who_could_not_be_told_before_a_restart_is_told_after_it,
    test_keeping_facts.test_a_new_fact_is_shown_before_it_is_saved_and_answers_once_it_is,
    test_keeping_facts.test_a_draft_survives_a_restart_and_can_be_dropped,
    test_keeping_facts.test_a_shared_fact_is_changed_in_this_server_alone_and_taken_back,
    test_keeping_facts.test_of_two_editors_at_once_the_second_sees_what_the_first_has_changed,
    test_keeping_facts.test_a_fact_is_removed_once_asked_and_brought_back,
    test_keeping_facts.test_the_history_has_pages_and_leads_back,
    test_keeping_facts.test_known_unknowns_are_changed_and_removed_like_facts,
    test_keeping_facts.test_lists_are_filtered_searched_and_paged,
    test_saved_tests.test_a_question_is_kept_as_a_test_and_tried_before_each_change,
    test_transfer.test_an_import_is_shown_first_and_done_once_confirmed,
    test_transfer.test_a_spreadsheets_file_comes_in_and_goes_out_again,
    test_afterwards.test_an_edited_question_gets_its_reply_edited_also_after_a_restart,
    test_afterwards.test_a_deleted_question_takes_its_reply_along_also_after_a_restart,
    test_change_log.test_each_change_of_a_servers_fact_is_told_in_its_log_and_nowhere_else,
    test_server_settings.test_privacy_tells_in_five_sentences_and_deletes_what_is_ones_own,
    test_stats.test_an_editor_sees_what_was_asked_and_what_has_no_answer,
    test_stats.test_counts_outlive_the_process,
)
# What the article's facts stand in; all other tables are emptied after each test.
KEPT = {
    "aliases",
    "change_counters",
    "facts",
    "known_unknowns",
    "names",
    "packs",
    "phrasings",
    "revisions",
    "sources",
}
OWN = "server_id > 0"


class Article:
    """A schema of PostgreSQL with the article in it."""

    def __init__(self, packs: list[Pack]) -> None:
        self._schema = Schema(set_postgres_url())
        self._packs = packs
        self.url = self._schema.url

    async def fill(self) -> None:
        await self._schema.make_empty()
        database = Database(self.url)
        await KnowledgeBase.open(database, self._packs)
        await database.close()

    async def empty(self) -> None:
        """Delete what a test has left: all that is not the article's."""
        name = self._schema.name
        own = f"(SELECT id FROM {name}.{{}} WHERE {OWN})"  # noqa: S608 - names of our own
        await self._schema.run_all(
            *(emptied(f"{name}.{table}") for table in reversed(Base.metadata.sorted_tables) if table.name not in KEPT),
            emptied(
                f"{name}.revisions", f"fact_id IN {own.format('facts')} OR unknown_id IN {own.format('known_unknowns')}"
            ),
            *(emptied(f"{name}.{table}", OWN) for table in ("facts", "known_unknowns", "sources")),
        )

    async def drop(self) -> None:
        await self._schema.drop()


@pytest.fixture(scope="module")
def article_on_postgres(packs: list[Pack]) -> Iterator[Article]:
    article = Article(packs)
    asyncio.run(article.fill())
    yield article
    asyncio.run(article.drop())


@pytest.fixture
async def article_database(article_on_postgres: Article) -> AsyncIterator[Database]:
    """A PostgreSQL database that holds the article, in the place of the SQLite file."""
    database = Database(article_on_postgres.url)
    yield database
    await database.close()
    await article_on_postgres.empty()


@pytest.mark.usefixtures("simcord_env")
@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.__name__)
async def test_a_flow_on_postgres(world: World, flow: Callable[[Any], Awaitable[None]]) -> None:
    assert world.knowledge._database.is_postgres
    await flow(world)
