"""The sentences that editors read, in one place; see ``words`` for those that everybody reads."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EditorWords:
    """Everything that the bot says to editors in one language; the defaults are its English."""

    # The form of a fact or known unknown
    add_title: str = "A new fact"
    edit_title: str = "Edit {id}"
    unknown_title: str = "A known unknown"
    statement_input: str = "Statement"
    statement_hint: str = "What I answer: one checkable statement in your own words."
    questions_input: str = "Questions, one a line"
    questions_hint: str = "How people ask for it. The more and the more different, the better I understand."
    questions_more_hint: str = "{count} more are not shown here and stay as they are."
    topic_input: str = "Topic"
    topic_hint: str = "In a word, such as crew, modules, milestones, spacewalk, station, programme, people."
    source_input: str = "Source, and where in it"
    source_hint: str = "At least the publisher; a link where there is one. What is unknown stays empty."
    dates_input: str = "Dates"
    dates_hint: str = "Like 2021-07-04. “Superseded by” takes the id of the fact that tells how it is now."
    say_input: str = "What I say"
    say_hint: str = "One sentence, or nothing: then I only say that the facts do not tell."
    no_source: str = "Source: a fact needs a source; write at least “publisher:”, and a link if there is one."
    number: str = "number {number}"
    strange_line: str = "I do not understand the line “{line}”; lines begin with {labels}"

    # Before and after saving
    not_ready: str = "**This cannot be saved yet.** Your text is kept; press “{again}” to mend it."
    preview_new: str = "New: this is how I would answer"
    preview_changed: str = "Changed: this is how I would answer"
    preview_unknown: str = "I would say that the facts do not tell"
    looks_like: str = "Looks like"
    nothing_similar: str = "Nothing that is known already looks like it."
    changes: str = "Changes"
    test_questions: str = "Test questions"
    shared: str = "Shared by all servers"
    successor: str = "Superseded by"
    no_changes: str = "Nothing has changed."
    impact: str = "Of {asked}, {count} would be answered differently:"
    no_impact: str = "None of {asked} would be answered differently."
    impact_line: str = "“{question}”: {before} → {after}"
    impact_breaks: str = "⚠️ right until now: {line}"
    got_nothing: str = "no answer"
    got_choices: str = "a choice of {ids}"
    got_unknown: str = "no answer (`{id}`)"
    wants_nothing: str = "no direct answer"
    unheard: str = "⚠️ New questions that would still get something else"
    unheard_line: str = "“{question}”: {after}"
    shared_note: str = "Your change counts in this server alone."
    review_by_past: str = "⚠️ {date} is past: this fact would stand among those to be looked at again from now on."
    successor_first: str = "Whoever asks for this gets `{id}` first, or what has superseded that one."
    successor_ring: str = "⚠️ `{id}` is itself superseded by this one, at least by others. Which tells how it is now?"
    successor_missing: str = "There is no fact with the id `{id}` yet, so nothing supersedes this one for now."
    save: str = "Save"
    save_over: str = "Save mine all the same"
    again: str = "Edit again"
    drop: str = "Drop"
    dropped: str = "Dropped; nothing has changed."
    saved: str = "Saved. `{id}` counts from now on."
    saved_unknown: str = "Saved. To such questions I now say that the facts do not tell."
    removed: str = "`{id}` is removed. Nothing is lost: “{undo}” brings it back."
    restored: str = "`{id}` is back and answers."
    reverted: str = "`{id}` is again as it was in revision {number}."
    undone: str = "The change of `{id}` is undone."
    undone_gone: str = "The change of `{id}` is undone: it is removed."
    is_there: str = "`{id}` is there already."
    is_gone: str = "`{id}` is removed already."
    id_taken: str = "The id `{id}` is taken. It can be saved as `{free}`."
    save_as: str = "Save as {id}"
    conflict: str = "**`{id}` has been changed since you opened it.** What is different:"
    conflict_gone: str = "**`{id}` has been removed since you opened it.** Saving brings it back with your text."
    conflict_help: str = (
        "“{again}” shows your text, so that you can put that in; “{over}” replaces that with yours. "
        "Both are in the history."
    )
    undo: str = "Undo"
    undo_late: str = (
        "There are later changes of `{id}`, which an undo would lose. Choose in its history what to go back to."
    )
    history: str = "History"
    edit: str = "Edit"
    remove_ask: str = "Remove `{id}`?"
    remove_reason: str = "Reason: {reason}"
    remove_changed: str = "⚠️ It has been changed since this was shown. It is now like this:"
    remove: str = "Remove"

    # The log channel
    log_added: str = "`{id}` was added by {who}: {text}"
    log_changed: str = "`{id}` was changed by {who}: {text}"
    log_removed: str = "`{id}` was removed by {who}. It said: {text}"
    log_imported: str = "{who} imported {file}. New or changed: {count}."

    # History
    history_title: str = "History of {id}"
    action_add: str = "added"
    action_edit: str = "changed"
    action_remove: str = "removed"
    action_restore: str = "brought back"
    action_revert: str = "taken back"
    by_pack: str = "the article pack"
    by_operator: str = "the operator"
    follows_shared: str = "Since then this server sees the shared one."
    go_back: str = "Go back to a revision …"
    revision_option: str = "Revision {number}: {text}"
    history_shared: str = "This is shared by all servers, and this server has not changed it."
    questions_moved: str = "The questions have another order."
    and_more: str = "… and {count} more"

    # The review queue, and teaching
    review_title: str = "Question {place} of {count}"
    review_gone: str = "That question is no longer there: it has been dealt with or deleted, or has an answer by now."
    dealt_with: str = (
        "**These questions are no longer on the queue.** They have been dealt with or deleted, or have an answer by "
        "now. Look at what there is before you save this, too."
    )
    save_too: str = "Save all the same"
    review_empty: str = "No question waits for an editor just now."
    review_private: str = "Asked in private: only editors see it here."
    teach_title: str = "Teach me from this message"
    nothing_to_teach: str = "There is no text in that message that I could learn from."
    nearest: str = "Nearest that I know"
    nothing_near: str = "Nothing comes near it."
    create: str = "Create a fact"
    known_unknown: str = "Known unknown"
    ignore: str = "Ignore"
    add_to: str = "Add as a question to …"
    choose_question: str = "Deal with a question …"
    open_review: str = "One by one"
    next_question: str = "Next question"

    # Test questions
    tests_title: str = "Test questions"
    tests_summary: str = "**{right} of {count} are answered as they should be.** Of them this server's own: {saved}."
    test_failing: str = "“{question}” should get {wanted}, and gets {got}."
    test_why: str = "Confidence {confidence}, answers from {threshold}; best {best}; words left over: {unexplained}."
    nothing: str = "none"
    keep_as_test: str = "Keep as test"
    test_kept: str = (
        "Kept as a test: “{question}” should get {wanted}. "
        "What is added, edited, removed or imported is tried on it before that is done; `/facts test` tries it now."
    )
    not_testable: str = "I can keep only my own answers to questions in this server as tests, for a day."
    drop_test: str = "Drop a test of this server …"

    # Files
    import_title: str = "What importing {file} would do"
    import_counts: str = "New: {new} · changed: {changed} · same: {same} · faulty: {faulty}"
    import_faulty: str = "Faulty, would be left out"
    import_changed: str = "Changed"
    import_new: str = "New"
    import_same: str = "Same"
    import_empty: str = "This file holds no facts."
    import_all: str = "Import {count}"
    import_sound: str = "Import what is sound ({count})"
    import_changed_since: str = "⚠️ Facts have changed since this was shown. Look at it again:"
    import_reason: str = "imported from {file}"
    imported: str = "Imported. New or changed, and answering now: {count}."
    file_too_large: str = "That file is larger than 1 MiB; split it into smaller files."
    file_gone: str = "The file is no longer there. Import it again, please."
    need_attach: str = "I need the permission Attach Files here for that."
    nothing_to_export: str = "This server has no facts of its own yet."
    exported: str = "Facts and known unknowns: {count}. They can be imported again."
    exported_large: str = (
        "Facts and known unknowns: {count}. "
        "An import takes at most 1 MiB and 5,000 rows: this file would have to be split."
    )
    export_too_large: str = "The file would be larger than Discord takes. Ask whoever runs me: `tianwen facts export`."

    # Lists
    list_title: str = "Facts and known unknowns: {show}"
    list_all: str = "all"
    list_own: str = "this server's own"
    list_changed: str = "shared, changed here"
    list_removed: str = "removed"
    list_stale: str = "to be looked at again"
    list_unknowns: str = "known unknowns"
    list_count: str = "{count} in all"
    list_empty: str = "There is nothing like that here."
    list_line: str = "`{id}` {text}"
    mark_own: str = "own"
    mark_removed: str = "removed"
    mark_unknown: str = "known unknown"
    mark_superseded: str = "superseded by `{id}`"
    mark_review_by: str = "look again by {date}"

    # How questions fare
    stats_title: str = "Questions here since {date}"
    stats_empty: str = "Nobody has asked anything in this time."
    stats_total: str = "**{total}** questions, {share} % answered at once: {told}"
    stats_week: str = "`{week}` {numbers}"
    stats_line: str = "{total}: {told}"
    stats_join: str = ", "
    stats_answers: str = "answered"
    stats_choices: str = "choice offered"
    stats_none: str = "no answer"
    stats_unanswered: str = "Asked most of what the sources do not tell"
    stats_waiting: str = "Waiting in /review, asked most first"
    stats_answered: str = "Answered most"
    stats_asked: str = "- {question} `{id}` × {count}"
    stats_unknown: str = "- `{id}` × {count}, such as “{question}”"
    stats_waits: str = "- {question} × {count}"

    # Names of what an entry is made of
    name_statement: str = "statement"
    name_questions: str = "questions"
    name_topic: str = "topic"
    name_source: str = "source"
    name_locator: str = "locator"
    name_as_of: str = "as of"
    name_review_by: str = "review by"
    name_superseded_by: str = "superseded by"
    name_say: str = "what I say"
    name_id: str = "id"
    name_milestone: str = "milestone"
    name_measures: str = "measures"

    def input_name(self, name: str) -> str:
        """Give the name of a part of an entry, as editors know it."""
        return str(getattr(self, f"name_{name}", name))


EDITOR_ENGLISH = EditorWords()


def editor_words_for(locale: object) -> EditorWords:
    """Give the words for a Discord locale (“zh-CN”); English where there are no others."""
    from bot.ui.editor_chinese import EDITOR_CHINESE  # noqa: PLC0415 - it is made of this module's class

    return EDITOR_CHINESE if str(locale) in {"zh-CN", "zh-TW"} else EDITOR_ENGLISH
