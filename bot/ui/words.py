"""The sentences that people read, in one place: plain, warm, brief. Facts stay in the language they were written in."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from facts.entities import PartialDate, Precision

if TYPE_CHECKING:
    import datetime as dt

# Said in the terminal alone, which speaks English.
CHECK_DATABASE_URL = "Check TIANWEN_DATABASE_URL."
CHECK_DATABASE = (
    "Check TIANWEN_DATABASE_URL and the password, and that the file (with its -wal and -shm) or server is there, has "
    "room, and may be written."
)
CHAT_GREETING = "Ask me about China's first spacewalk outside its Tiangong station."

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_JAPANESE_OR_KOREAN = re.compile(r"[\u3040-\u30ff\uac00-\ud7af]")


# What people say to a bot without asking anything. A text of these words alone thanks if one of them does, else greets
# if one of them does; if none does either, it is chat.
_THANKS = frozenset(
    "thanks thank thankyou thx thnx tnx ty tysm cheers welcome worries job done amazing awesome brilliant great nice "
    "perfect gracias merci danke grazie obrigado obrigada спасибо 谢谢 多谢 谢谢你 谢谢您 辛苦了 ありがとう "
    "ありがとうございます 감사합니다 고마워".split()
)
_GREETINGS = frozenset(
    "hi hii hiya hello helo hey heya hay yo greetings morning afternoon evening sup help start menu info commands hola "
    "buenas hallo bonjour salut ciao olá ola oi servus привет здравствуйте 你好 您好 嗨 哈喽 早上好 下午好 晚上好 帮助 "
    "你是谁 您是谁 你会什么 こんにちは おはよう 안녕 안녕하세요".split()
)
_CHAT = frozenset(
    "a again ah ahh all alright aww bad big bot bro buddy bye cool cu d day dude dunno eh everybody everyone fine for "
    "friend friends funny good goodbye got guys ha haha hahaha hehe hm hmm hmmm huh i idk indeed interesting it just k "
    "kk later lmao lol lot lots man many mate me mind mm much n never night nvm o oh ok okay okey omg oof ooh oops p "
    "please problem really right rofl same see so sorry sure team thats the there tianwen true u understood very well "
    "whoa wow wtf xd ya yay yea yeah yep yes you yup 好 好的 对 是 是的 嗯 哦 哈哈 再见 晚安 没事 天问".split()
)
# These say that an answer was wrong, also after a “no” or the like.
_COMPLAINTS = frozenset(
    "no|nope|nah|no no|wrong|wrong answer|bad answer|bad bot|this is wrong|that is wrong|you are wrong|incorrect|"
    "not correct|that is not correct|that is incorrect|not right|that is not right|not true|that is not true|"
    "not what i asked|that is not what i asked|not what i meant|that is not what i meant|i did not ask that|"
    "不对|不是|错了|你错了|答错了|不是这个|不正确".split("|")
)
_LEADS = re.compile(r"^(?:no|nope|nah|oh|sorry|but|hm+|um|well|bot|tianwen) (?=.)")
_SPELT_OUT = {"thats": "that is", "youre": "you are", "didnt": "did not"}
# Links, and what Discord writes for its own emoji: <:name:id>.
_NO_WORDS = re.compile(r"https?://\S+|<a?:\w+:\d+>|['’]")


class SmallTalk(enum.Enum):
    """What somebody says to the bot without asking anything."""

    GREETING = enum.auto()
    THANKS = enum.auto()
    COMPLAINT = enum.auto()
    CHAT = enum.auto()


def small_talk(text: str) -> SmallTalk | None:
    """Tell what a text is if it asks nothing; one without a letter or digit counts as a greeting."""
    words = re.sub(r"[^\w\s]|_", " ", _NO_WORDS.sub("", text)).casefold().split()
    rest = " ".join(_SPELT_OUT.get(word, word) for word in words)
    while rest not in _COMPLAINTS and _LEADS.match(rest):
        rest = _LEADS.sub("", rest)
    if rest in _COMPLAINTS:
        return SmallTalk.COMPLAINT
    said = set(words)
    if not said <= _THANKS | _GREETINGS | _CHAT | {"no"}:
        return None
    if said & _THANKS:
        return SmallTalk.THANKS
    return SmallTalk.GREETING if said & _GREETINGS or not said else SmallTalk.CHAT


@dataclass(frozen=True, slots=True)
class Words:
    """Everything that the bot says in one language; the defaults are its English."""

    # Answers
    not_known: str = "The facts do not tell. I answer only what they hold."
    rest_not_known: str = "To the rest of your question I found no answer. Ask it by itself, please."
    choices: str = "I am not sure which you mean:"
    or_choices: str = "Or did you mean one of these?"
    near: str = "What I can tell nearby:"
    related: str = "You could also ask:"
    related_select: str = "Related questions"
    headline_unknown: str = "headline unknown"
    link_unknown: str = "link unknown"
    by: str = "by {authors}"
    published: str = "published {date}"
    as_reported: str = "as reported on {date}"
    hello: str = "Hello! I answer questions about one news report, with the source. You could ask:"
    welcome: str = "You are welcome. Ask me anything else about the report."
    chat: str = "All right. Ask me anything about the report."
    sorry: str = (
        "Sorry. Ask me in other words, please. Where there is a 👎 under the answer, it calls the people who keep the "
        "facts."
    )
    corrected: str = "Corrected {when}: this fact was changed after I answered."
    restored: str = "Back {when}: this fact had been taken back, and is shown again."
    withdrawn: str = "Withdrawn {when}: this fact was taken back after I answered."
    earlier: str = "Earlier: {statement}"
    earlier_on: str = "Earlier, as reported on {date}: {statement}"
    ands: str = " and "

    # Buttons under answers
    source: str = "Source"
    source_of: str = "Source of {ids}"
    source_number: str = "Source {number}"
    same_place: str = "From the same place:"
    voted_right: str = "Thank you. On this answer so far: {right} right, {wrong} not right."
    voted_wrong: str = (
        "Thank you, the people who keep the facts will look at it. "
        "On this answer so far: {right} right, {wrong} not right."
    )
    dismiss: str = "Dismiss"
    may_not_dismiss: str = "Only the person who asked, or an editor, can dismiss this."
    others_button: str = "That choice belongs to the person who asked. Ask me yourself, I answer everyone."
    none_of_these: str = "None of these"
    none_of_these_reply: str = "Then I do not know."
    tell_me: str = "Tell me when there is an answer"
    will_tell: str = (
        "I will write you a direct message, once, as soon as there is an answer, and then forget that you asked. For "
        "that I keep your name with the question, for at most {days} days. Allow direct messages from this server."
    )
    cannot_tell: str = "I no longer know which question that was. Ask me again, please."
    told: str = "You asked: “{question}”. Now there is an answer:"
    noted: str = "I have noted your question, without your name, for the people who keep the facts."
    faded: str = "These buttons have faded, since the message is more than a day old. Ask me again, I answer anew."
    post: str = "Post it here"
    posted: str = "{asker} asked me to answer this:"
    not_postable: str = "I cannot post this any more: it has been posted already, or forgotten. Use the menu again."
    question_gone: str = "The message that this answers is gone, so I have not posted it."
    question_edited: str = "The message has been edited since. Use the menu again, and I answer it as it is now."
    not_posted: str = "Discord did not let me post it here. You can try again."
    nothing_to_answer: str = "There is no question in that message that I could answer."

    # Lists
    no_facts_of_kind: str = "There are no facts about that here yet."
    crew_title: str = "The crew"
    modules_title: str = "Modules"
    milestones_title: str = "Milestones"
    sources_title: str = "Sources"
    planned: str = "planned"
    also_written: str = "also written {spellings}"
    facts_from: str = "facts: {count}"
    page: str = "Page {page} of {pages}"
    timeline_alt: str = "A timeline. {events}"
    scale_title: str = "To scale"
    scale_alt: str = "A drawing to scale. {things}"
    bus: str = "A city bus, about 12 m"
    person: str = "A person, about 1.7 m"

    # About the bot
    about_title: str = "Tianwen"
    about: str = (
        "I answer questions about one news report: China's first spacewalk outside its Tiangong space station. "
        "Every answer is a fact that a person wrote, with its source; I make nothing up, and say so when I do not know."
        "\n\n**How to ask:** mention me, reply to me, write me a direct message, or use `/ask`."
    )
    loaded: str = "{facts} facts, {phrasings} ways of asking for them, {unknowns} known unknowns."
    privacy_title: str = "What I keep"
    privacy: str = (
        "- Your last question in each channel stays in memory for ten minutes, so that I understand a follow-up.\n"
        "- For a day I keep which reply answered which question of yours, in your words, so that your edits and later "
        "corrections reach it, and a code in place of your name for each vote.\n"
        "- Questions that I could not answer, or not rightly, are kept for {days} days and shown to the editors here, "
        "with a code in place of your name by which you can delete them, and votes, and how many questions a week "
        "get which answer, are kept as bare counts, so that people can mend the facts.\n"
        "- If you want to be told of an answer, I keep your name with that question until then, for {days} days at "
        "most.\n"
        "- What editors write is kept for a day until they save it; changes of facts keep for good who made them."
    )
    privacy_logged: str = (
        "- Whoever runs me has switched on a log of questions, with the ids of those who ask; ask them how long they "
        "keep it. The button below does not reach it."
    )
    delete_mine: str = "Delete what is mine"
    deleted: str = "Done: your last questions are forgotten, and so are {count} records of what you asked and voted."

    # Notices to those who keep the facts
    queue_title: str = "Questions that wait for an editor"
    queue_more: str = "… and more"
    queue_empty: str = "None just now."
    queued_unanswered: str = "I had no answer"
    queued_none_of_these: str = "I offered only other answers"
    queued_not_right: str = "`{id}` was not right"
    times: str = "{count} times"

    # Settings of a server
    settings_title: str = "Settings of this server"
    settings_listening: str = (
        "**Listening channels:** there I answer questions without being mentioned, only when I am sure; in a forum, "
        "the first question of each new post."
    )
    settings_no_intent: str = (
        "⚠️ I cannot read messages that do not mention me, so I answer in none of these yet. Whoever runs me switches "
        "on “Message Content Intent” in Discord's developer portal (the application, Bot) and starts me again. "
        "Everything else works without it."
    )
    settings_editors: str = (
        "**Editor role:** its members may change facts, like everyone with Manage Messages. For Discord to offer "
        "them the commands, too, allow the role `/facts`, `/review` and the menus in Server Settings → Integrations."
    )
    settings_log: str = "**Log channel:** I tell each change of a fact there."
    settings_queue: str = (
        "**Queue channel:** I show there, in one message, which questions in this server got no answer, or not the "
        "right one. Choose a channel that only the people who keep the facts can read."
    )
    settings_cooldown: str = "**Cooldown:** in listening channels, one person gets at most one answer in this time."
    settings_wait: str = "**Short wait:** in listening channels, I wait this long, and say nothing if somebody replies."
    settings_queue_days: str = "**Questions wait** for an editor for so long; then I forget them."
    days: str = "{count} days"
    settings_choose_channels: str = "None: choose channels and forums"
    settings_choose_role: str = "None: choose a role"
    settings_choose_channel: str = "None: choose a channel"
    settings_votes_on: str = "Votes under answers: shown"
    settings_votes_off: str = "Votes under answers: hidden"
    settings_may_not_write: str = "⚠️ I may not write in {channels}."
    settings_may_not_read: str = "⚠️ I may not see {channels}."
    no_wait: str = "No wait"
    no_cooldown: str = "No cooldown"
    seconds: str = "{count} seconds"
    minutes: str = "{count} minutes"

    # What goes wrong
    unexpected: str = "Something went wrong on my side, sorry. It has been noted as {id}."
    facts_unread: str = "I cannot read the facts of this server just now. Please try again in a moment."
    not_saved: str = "I cannot save that just now, and nothing has changed. Please try again in a while."
    no_such_fact: str = "There is no fact with the id “{id}” here."
    server_full: str = (
        "A server has at most {entries} facts and known unknowns of its own, with at most {characters} characters of "
        "questions in all; remove or shorten some first."
    )
    near_ids: str = "Do you mean {ids}?"
    fact_removed: str = "“{id}” is removed here; `/facts restore` brings it back."
    missing_permission: str = "I am not allowed to do that here. I need: {permissions}."
    you_may_not: str = "You may not do that here."
    draft_gone: str = "This draft has been saved or dropped already, or is more than a day old."
    editors_only: str = (
        "Only this server's editors may do that, in the server itself: those with Manage Messages, and the members of "
        "the editor role."
    )
    need_manage_server: str = "Only those with Manage Server may change my settings here."
    slow_down: str = "One moment, please: try again in {seconds} s."
    unreadable_question: str = (
        "I cannot read that message: Discord shows me only those that mention me. Put the question into yours, please."
    )
    unreadable_role: str = (
        "You mentioned my role, and those messages I cannot read. "
        "Choose me, the one with the APP badge, and not the role."
    )
    unreadable_reply: str = (
        "I could not read that reply: Discord shows me only messages that mention me. Turn the @ on, or mention me."
    )

    # Dates, by how exactly they are known; without patterns, the English way.
    day: str = ""
    month: str = ""

    def date(self, when: PartialDate | dt.date) -> str:
        """Give a date as people read it: 4 July 2021, June 2021, 2008."""
        if not isinstance(when, PartialDate):
            when = PartialDate(when, Precision.DAY)
        pattern = {Precision.DAY: self.day, Precision.MONTH: self.month}.get(when.precision, "")
        if not pattern:
            return str(when)
        return pattern.format(year=when.date.year, month=when.date.month, day=when.date.day)


ENGLISH = Words()


def words_for(locale: object) -> Words:
    """Give the words for a Discord locale (“zh-CN”); English where there are no others."""
    from bot.ui.chinese import CHINESE  # noqa: PLC0415 - it is made of this module's class

    # Those who write Traditional Chinese read Simplified Chinese more easily than English.
    return CHINESE if str(locale) in {"zh-CN", "zh-TW"} else ENGLISH


def words_for_question(question: str, locale: object) -> Words:
    """Give the words for somebody who wrote this: Chinese for Chinese, else those of the locale."""
    if _CHINESE.search(question) and not _JAPANESE_OR_KOREAN.search(question):
        return words_for("zh-CN")
    return words_for(locale)
