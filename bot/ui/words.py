"""The sentences that people read, in one place: plain, warm, brief."""

from __future__ import annotations

NOT_KNOWN = "The facts do not tell. I answer only what they hold."
REST_NOT_KNOWN = "To the rest of your question I found no answer. Ask it by itself, please."
CHOICES = "I am not sure which you mean:"
OR_CHOICES = "Or did you mean one of these?"
NEAR = "What I can tell nearby:"
RELATED = "You could also ask:"
CHECK_DATABASE = "Check TIANWEN_DATABASE_URL, and that the file or server is there and may be written."
HEADLINE_UNKNOWN = "headline unknown"
AS_REPORTED = "as reported on {date}"
CHAT_GREETING = "Ask me about China's first spacewalk outside its Tiangong station."
HELLO = "Hello! I answer questions about one news report, with the source. You could ask:"

NO_FACTS_OF_KIND = "There are no facts about that here yet."
OTHERS_BUTTON = "That choice belongs to the person who asked. Ask me yourself, I answer everyone."
NONE_OF_THESE = "None of these"
NONE_OF_THESE_REPLY = "Then I do not know. The facts that I have do not hold the answer."

CREW_TITLE = "The crew"
MODULES_TITLE = "Modules"
MILESTONES_TITLE = "Milestones"
SOURCES_TITLE = "Sources"
ABOUT_TITLE = "Tianwen"
ABOUT = (
    "I answer questions about one news report: China's first spacewalk outside its Tiangong space station. "
    "Every answer is a fact that a person wrote, with its source; I make nothing up, and I say so when I do not know."
    "\n\n**How to ask:** mention me, reply to me, write me a direct message, or use `/ask`."
)
PLANNED = "planned"
ALSO_WRITTEN = "also written {spellings}"
SOURCE = "Source"
SOURCE_OF = "Source of {ids}"
FACTS_FROM = "facts: {count}"
LOADED = "{facts} facts, {phrasings} ways of asking for them, {unknowns} known unknowns."

UNEXPECTED = "Something went wrong on my side, sorry. It has been noted as {id}."
MISSING_PERMISSION = "I am not allowed to do that here. I need: {permissions}."
YOU_MAY_NOT = "You may not do that here."
SLOW_DOWN = "One moment, please: try again in {seconds} s."
UNREADABLE_QUESTION = (
    "I cannot read that message: Discord shows me only those that mention me. Put the question into yours, please."
)
UNREADABLE_ROLE = (
    "You mentioned my role, and those messages I cannot read. Choose me, the one with the APP badge, and not the role."
)
UNREADABLE_REPLY = (
    "I could not read that reply: Discord shows me only messages that mention me. Turn the @ on, or mention me."
)
