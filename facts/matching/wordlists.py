"""Closed lists about English as people chat it. Nothing here is about any one subject."""

from __future__ import annotations

# With and without the apostrophe, as hurried people write them.
CONTRACTIONS = {
    "what's": "what is", "whats": "what is", "what're": "what are", "what'd": "what did", "who's": "who is",
    "whos": "who is", "who're": "who are", "who'd": "who did", "where's": "where is", "wheres": "where is",
    "where'd": "where did", "when's": "when is", "whens": "when is", "when'd": "when did", "why's": "why is",
    "whys": "why is", "why'd": "why did", "how's": "how is", "hows": "how is", "how'd": "how did", "howd": "how did",
    "that's": "that is", "thats": "that is", "it's": "it is", "there's": "there is", "theres": "there is",
    "here's": "here is", "he's": "he is", "she's": "she is", "they're": "they are", "theyre": "they are",
    "they've": "they have", "they'd": "they would", "they'll": "they will", "theyll": "they will", "we're": "we are",
    "we've": "we have", "we'll": "we will", "i'm": "i am", "im": "i am", "i've": "i have", "ive": "i have",
    "i'd": "i would", "i'll": "i will", "you're": "you are", "youre": "you are", "isn't": "is not", "isnt": "is not",
    "aren't": "are not", "arent": "are not", "wasn't": "was not", "wasnt": "was not", "weren't": "were not",
    "werent": "were not", "don't": "do not", "dont": "do not", "doesn't": "does not", "doesnt": "does not",
    "didn't": "did not", "didnt": "did not", "can't": "can not", "cant": "can not", "cannot": "can not",
    "couldn't": "could not", "couldnt": "could not", "won't": "will not", "wont": "will not", "wouldn't": "would not",
    "wouldnt": "would not", "shouldn't": "should not", "shouldnt": "should not", "hasn't": "has not",
    "hasnt": "has not", "haven't": "have not", "havent": "have not", "hadn't": "had not", "hadnt": "had not",
    "let's": "let us", "lets": "let us", "gonna": "going to", "wanna": "want to", "gotta": "got to",
    "kinda": "kind of", "dunno": "do not know", "lemme": "let me", "gimme": "give me",
}  # fmt: skip

CHAT_SPELLINGS = {
    "u": "you", "ur": "your", "r": "are", "y": "why", "n": "and", "pls": "please", "plz": "please", "plss": "please",
    "wat": "what", "wut": "what", "wot": "what", "wht": "what", "wen": "when", "whn": "when", "hw": "how",
    "hwo": "how", "waht": "what", "wich": "which", "whcih": "which", "wer": "where", "abt": "about", "bout": "about",
    "b4": "before", "bc": "because", "cuz": "because", "coz": "because", "cos": "because", "ppl": "people",
    "thx": "thanks", "ty": "thanks", "tho": "though", "rn": "right now", "idk": "i do not know", "smth": "something",
    "sth": "something", "tmrw": "tomorrow", "yr": "year", "yrs": "years", "mins": "minutes", "hrs": "hours",
    "da": "the", "teh": "the", "hav": "have", "dat": "that", "dis": "this", "gov": "government", "govt": "government",
    "intl": "international", "vs": "versus", "alot": "a lot", "nvm": "never mind", "tbh": "to be honest",
    "fr": "for real", "tldr": "summary", "em": "them", "ya": "you", "yall": "you all",
    "wanted": "want", "info": "information", "ft": "feet", "cu": "cubic", "w": "with", "wil": "will", "thr": "the",
    "hte": "the", "thier": "their", "becuase": "because", "abotu": "about", "cn": "can",
}  # fmt: skip

# Words that say how a sentence is built, not what it is about: what of them is unexplained hardly matters.
FUNCTION_WORDS = frozenset({
    "a", "about", "actually", "advance", "again", "all", "already", "also", "am", "an", "and", "any", "anybody",
    "anyone", "anything", "anyway", "apparently", "appreciate", "approx", "approximately", "are", "as",
    "assignment", "at", "basically", "be", "been", "being", "bet", "bot", "bother", "bro", "btw", "buddy", "but",
    "by", "can", "cheers", "cool", "could", "curious", "current", "currently", "dear", "did", "do", "does", "doing",
    "done", "dude", "essay", "even", "eventually", "ever", "exact", "exactly", "explain", "for", "friend", "from",
    "get", "gets", "getting", "give", "go", "going", "gosh", "got", "grateful", "greetings", "guys", "had", "has",
    "have", "having", "he", "hello", "help", "her", "here", "hey", "hi", "him", "his", "hmm", "homework",
    "honestly", "hope", "how", "i", "idea", "if", "in", "into", "is", "it", "its", "itself", "just", "kind",
    "kindly", "know", "let", "like", "literally", "lol", "long", "man", "many", "mate", "may", "maybe", "me",
    "might", "mind", "moment", "more", "most", "much", "my", "nah", "need", "ngl", "no", "nope", "not", "now", "of",
    "off", "ok", "okay", "on", "one", "only", "or", "our", "out", "over", "overall", "perhaps", "please", "precise",
    "precisely", "pretty", "properly", "question", "quick", "real", "really", "remember", "remind", "right",
    "roommate", "roughly", "say", "says", "school", "seriously", "settle", "shall", "she", "should", "simply",
    "sir", "so", "some", "somebody", "someone", "something", "sorry", "still", "such", "sure", "swear", "swears",
    "tbh", "teacher", "tell", "than", "thank", "thanks", "that", "the", "their", "them", "then", "there", "these",
    "they", "thing", "things", "think", "this", "those", "though", "to", "too", "up", "us", "very", "want", "was",
    "we", "well", "were", "what", "whats", "when", "where", "whether", "which", "while", "who", "whom", "whose",
    "why", "will", "with", "wonder", "wondering", "would", "wow", "writing", "yeah", "yep", "yes", "yet", "yo",
    "you", "your",
})  # fmt: skip

# Words that stand for something that was said before.
POINTING_WORDS = frozenset(
    "it its that this those these they them their theirs he she him her his hers there one ones same".split()
)

# Words that ask for something else than what was said before.
OTHER_WORDS = frozenset("other others another else rest".split())

# What a question asks for, by its question words. The longest match counts.
QUESTION_KINDS = {
    "who": "who", "whom": "who", "whose": "who", "when": "when", "what time": "when", "what date": "when",
    "what day": "when", "what year": "when", "which year": "when", "which day": "when", "what month": "when",
    "which month": "when", "where": "where", "why": "why", "how come": "why", "what for": "why", "what reason": "why",
    "how many": "number", "how much": "amount", "how long": "length", "how big": "size", "how large": "size",
    "how tall": "size", "how wide": "size", "how heavy": "weight", "how old": "age", "how far": "distance",
    "how fast": "speed", "how often": "number", "how high": "distance",
}  # fmt: skip
