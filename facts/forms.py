"""The written form of facts: one set of rules for article packs, exchange files and revisions.

A form is what stands in a file, checked by Pydantic; an entity (``facts.entities``) is what the program works with.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import unicodedata
from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    FiniteFloat,
    StringConstraints,
    Tag,
    ValidationError,
    model_validator,
)

from facts.entities import (
    FACT_ID_MAX,
    FACT_ID_PATTERN,
    LINE_MAX,
    LOCATOR_MAX,
    NAME_MAX,
    PHRASING_MAX,
    PHRASINGS_MAX,
    SOURCE_KEY_MAX,
    STATEMENT_MAX,
    TOPIC_MAX,
    URL_MAX,
    Entry,
    Fact,
    KnownUnknown,
    Measure,
    Milestone,
    Name,
    PartialDate,
    Precision,
    Source,
)
from facts.errors import InvalidFactError
from facts.matching.normalise import normalise_kept

# Fillers of Hangul and the empty Braille pattern: by their category letters and a symbol, and yet blank.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_LINK = re.compile(r"https?://[^\s<>/]+(?:/[^\s<>]*)?", re.IGNORECASE)


def _check_storable(value: str) -> str:
    if "\x00" in value:
        raise ValueError("holds a NUL character, which no database keeps")
    if any(unicodedata.category(char) == "Cs" for char in value):
        raise ValueError("holds half of a character (a lone surrogate)")
    return value


def _check_visible(value: str) -> str:
    # Control, format and unassigned characters, marks without a letter, and spaces leave nothing to see.
    if all(char in _BLANK or unicodedata.category(char)[0] in "CMZ" for char in value):
        raise ValueError("holds nothing that can be seen")
    return value


def _check_link(value: str) -> str:
    if not _LINK.fullmatch(value):
        raise ValueError("is not a link that begins with https:// or http://")
    return value


def _check_words(value: str) -> str:
    if not normalise_kept(value).words:
        raise ValueError("holds no word")
    return value


def _check_number(value: tuple[str, ...]) -> tuple[str, ...]:
    if len(value) > PHRASINGS_MAX:
        raise ValueError(f"are more than {PHRASINGS_MAX:,}")
    return value


def _stripped(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def _on_one_line(value: object) -> object:
    return " ".join(value.split()) if isinstance(value, str) else value


Text = Annotated[
    str,
    BeforeValidator(_stripped),
    StringConstraints(min_length=1),
    AfterValidator(_check_storable),
    AfterValidator(_check_visible),
]
Line = Annotated[Text, BeforeValidator(_on_one_line)]
ShortLine = Annotated[Line, StringConstraints(max_length=LINE_MAX)]
Link = Annotated[Text, StringConstraints(max_length=URL_MAX), AfterValidator(_check_link)]
# Forms, modals and spreadsheets have one phrasing a line.
Phrasing = Annotated[Line, StringConstraints(max_length=PHRASING_MAX), AfterValidator(_check_words)]
NameText = Annotated[Text, StringConstraints(max_length=NAME_MAX)]
Statement = Annotated[Text, StringConstraints(max_length=STATEMENT_MAX)]


def is_id(text: str) -> bool:
    """Tell whether a text may be the id of a fact or known unknown."""
    return len(text) <= FACT_ID_MAX and FACT_ID_PATTERN.fullmatch(text) is not None


def _check_id(value: str) -> str:
    if not is_id(value):
        raise ValueError(
            "an id is lower-case letters and digits, parted by single hyphens or underscores,"
            f" at most {FACT_ID_MAX} characters"
        )
    return value


def _check_partial_date(value: str) -> str:
    PartialDate.parse(value)
    return value


def _read_date(value: object) -> object:
    """Take a whole date, as TOML gives it or as ISO 8601 text; a number is none."""
    if value is None or (isinstance(value, dt.date) and not isinstance(value, dt.datetime)):
        return value
    if isinstance(value, str):
        if not value.strip():
            return None
        with contextlib.suppress(ValueError):
            partial = PartialDate.parse(value.strip())
            if partial.precision is Precision.DAY:
                return partial.date
    raise ValueError("is not a whole date like 2021-07-04")


def _blank_is_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _source_shape(value: object) -> str | None:
    if isinstance(value, (dict, SourceForm)):
        return _WHOLE
    return _KEY if isinstance(value, str) else None


# Which of its two shapes a source has; they stand in the place that Pydantic gives a fault, and mean nothing to people.
_WHOLE, _KEY = "<whole source>", "<key of a source>"

FactId = Annotated[str, AfterValidator(_check_id)]
OptionalLocator = Annotated[
    Annotated[Line, StringConstraints(max_length=LOCATOR_MAX)] | None, BeforeValidator(_blank_is_none)
]
OptionalDate = Annotated[dt.date | None, BeforeValidator(_read_date)]


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceForm(_Form):
    """A source; what is not known is left out."""

    publisher: ShortLine
    title: Annotated[ShortLine | None, BeforeValidator(_blank_is_none)] = None
    authors: tuple[ShortLine, ...] = ()
    published: OptionalDate = None
    url: Annotated[Link | None, BeforeValidator(_blank_is_none)] = None

    def entity(self, key: str) -> Source:
        """Give the source under this key."""
        return Source(key, self.publisher, self.title, self.authors, self.published, self.url)


class MilestoneForm(_Form):
    """A fact's place on the timeline."""

    date: Annotated[str, AfterValidator(_check_partial_date)]
    label: ShortLine
    planned: bool = False


class MeasureForm(_Form):
    """A measured quantity."""

    quantity: ShortLine
    value: FiniteFloat
    unit: ShortLine


class FactForm(_Form):
    """A fact. ``source`` is a whole source, or the key of one that stands elsewhere in the file."""

    id: FactId
    topic: Annotated[Text, StringConstraints(max_length=TOPIC_MAX)]
    statement: Statement
    questions: Annotated[tuple[Phrasing, ...], Field(min_length=1), AfterValidator(_check_number)]
    source: (
        Annotated[
            Annotated[SourceForm, Tag(_WHOLE)] | Annotated[Text, Tag(_KEY)],
            Discriminator(
                _source_shape,
                custom_error_type="source_shape",
                custom_error_message="is the name of a source, or an object with publisher, title, url ...",
            ),
        ]
        | None
    ) = None
    locator: OptionalLocator = None
    as_of: OptionalDate = None
    milestone: MilestoneForm | None = None
    measures: tuple[MeasureForm, ...] = ()
    review_by: OptionalDate = None
    superseded_by: Annotated[FactId | None, BeforeValidator(_blank_is_none)] = None

    @model_validator(mode="after")
    def _is_not_its_own_successor(self) -> Self:
        if self.superseded_by == self.id:
            raise ValueError("a fact cannot be superseded by itself")
        return self

    def entity(self, source: Source) -> Fact:
        """Give the fact, with this source; a phrasing that stands twice is kept once."""
        milestone = None
        if self.milestone is not None:
            when = PartialDate.parse(self.milestone.date)
            milestone = Milestone(when, self.milestone.label, self.milestone.planned)
        return Fact(
            id=self.id,
            topic=self.topic,
            statement=self.statement,
            phrasings=tuple(dict.fromkeys(self.questions)),
            source=source,
            locator=self.locator,
            as_of=self.as_of,
            milestone=milestone,
            measures=tuple(Measure(m.quantity, m.value, m.unit) for m in self.measures),
            review_by=self.review_by,
            superseded_by=self.superseded_by,
        )


class UnknownForm(_Form):
    """A known unknown. Exchange files may leave the id out."""

    id: FactId | None = None
    questions: Annotated[tuple[Phrasing, ...], Field(min_length=1), AfterValidator(_check_number)]
    say: Annotated[Statement | None, BeforeValidator(_blank_is_none)] = None

    def entity(self, default_id: str) -> KnownUnknown:
        """Give the known unknown, under ``default_id`` when it has no id of its own."""
        return KnownUnknown(self.id or default_id, tuple(dict.fromkeys(self.questions)), self.say)


class NameForm(_Form):
    """A name and its other spellings; ``about`` is the id of the fact that tells what it is."""

    name: NameText
    aliases: tuple[NameText, ...] = ()
    about: FactId | None = None

    def entity(self) -> Name:
        """Give the name."""
        return Name(self.name, tuple(dict.fromkeys(self.aliases)), self.about)


# Where in a file something is: table, index, field ...
Where = tuple[int | str, ...]
# Where a fault is, and what it is.
Fault = tuple[Where, str]
# What Pydantic finds, by its names for that, in words for the person who wrote the file.
_IN_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is not a field that is known here",
    "string_type": "is not text",
    "string_too_short": "is empty",
    "string_too_long": "is longer than {max_length:,} characters",
    "too_long": "is longer than {max_length:,} characters",
    "model_type": "is not an object with fields",
    "list_type": "is not a list",
    "tuple_type": "is not a list",
    "too_short": "is empty",
    "bool_parsing": "is neither true nor false",
    "float_parsing": "is not a number",
    "finite_number": "is not a number",
}
FormT = TypeVar("FormT", bound=BaseModel)


def as_id(text: str) -> str:
    """Give a text as an id, “My fact” as “my-fact”; empty where it has no letter or digit that an id may have."""
    if FACT_ID_PATTERN.fullmatch(text):
        return text
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()
    return "-".join(re.findall(r"[a-z0-9]+", plain))[:FACT_ID_MAX].strip("-")


def source_key(source: SourceForm | Source) -> str:
    """Give a readable key for a source: from its publisher and, where known, its title."""
    words = re.findall(r"[a-z0-9]+", f"{source.publisher} {source.title or ''}".casefold())
    return "-".join(words)[:SOURCE_KEY_MAX].strip("-") or "source"


# What is kept is written as it is, even where rules were others when it was kept; they are checked where it is read.
def _source_form(source: Source) -> SourceForm:
    return SourceForm.model_construct(
        publisher=source.publisher,
        title=source.title,
        authors=source.authors,
        published=source.published,
        url=source.url,
    )


def source_to_form(source: Source) -> dict[str, Any]:
    """Write a source as JSON-ready data; what is unknown is left out, and so is its key."""
    return _source_form(source).model_dump(mode="json", exclude_defaults=True)


def fact_to_form(fact: Fact) -> dict[str, Any]:
    """Write a fact as JSON-ready data, with its whole source."""
    milestone = None
    if fact.milestone is not None:
        when = fact.milestone.when.isoformat()
        milestone = MilestoneForm.model_construct(date=when, label=fact.milestone.label, planned=fact.milestone.planned)
    form = FactForm.model_construct(
        id=fact.id,
        topic=fact.topic,
        statement=fact.statement,
        questions=fact.phrasings,
        source=_source_form(fact.source),
        locator=fact.locator,
        as_of=fact.as_of,
        milestone=milestone,
        measures=tuple(
            MeasureForm.model_construct(quantity=m.quantity, value=m.value, unit=m.unit) for m in fact.measures
        ),
        review_by=fact.review_by,
        superseded_by=fact.superseded_by,
    )
    return form.model_dump(mode="json", exclude_defaults=True)


def unknown_to_form(unknown: KnownUnknown) -> dict[str, Any]:
    """Write a known unknown as JSON-ready data."""
    form = UnknownForm.model_construct(id=unknown.id, questions=unknown.phrasings, say=unknown.say)
    return form.model_dump(mode="json", exclude_defaults=True)


def entry_to_form(entry: Entry) -> dict[str, Any]:
    """Write a fact or a known unknown as JSON-ready data."""
    return fact_to_form(entry) if isinstance(entry, Fact) else unknown_to_form(entry)


def entry_from_form(data: dict[str, Any]) -> Entry:
    """Read a fact, with its whole source, or a known unknown: what ``entry_to_form`` writes.

    Raises:
        ValidationError: it breaks the rules.
    """
    if "statement" not in data:
        return UnknownForm.model_validate(data).entity("")
    form = FactForm.model_validate(data)
    if not isinstance(form.source, SourceForm):
        raise InvalidFactError(f"“{form.id}” has no source.")
    return form.entity(form.source.entity(source_key(form.source)))


def valid(entry: Entry) -> Entry:
    """Hold a fact or known unknown to the same rules as files are held to, and give it tidied as they are.

    Raises:
        InvalidFactError: it breaks the rules; the sentence tells how.
    """
    try:
        return entry_from_form(entry_to_form(entry))
    except ValidationError as error:
        raise invalid(entry.id, error) from error


def valid_name(name: Name) -> Name:
    """Hold a name to the same rules as files are held to, and give it tidied as they are.

    Raises:
        InvalidFactError: it breaks the rules; the sentence tells how.
    """
    try:
        return NameForm.model_validate(name_to_form(name)).entity()
    except ValidationError as error:
        raise invalid(name.name, error) from error


def invalid(what: str, error: ValidationError) -> InvalidFactError:
    """Give the error that tells in one sentence why something cannot be saved."""
    faults = "; ".join(f"{'.'.join(map(str, where))}: {fault}" for where, fault in describe_faults(error))
    return InvalidFactError(f"“{what}” cannot be saved: {faults}")


def name_to_form(name: Name) -> dict[str, Any]:
    """Write a name as JSON-ready data."""
    form = NameForm.model_construct(name=name.name, aliases=name.aliases, about=name.about)
    return form.model_dump(mode="json", exclude_defaults=True)


def describe_faults(error: ValidationError) -> list[Fault]:
    """Give each fault that Pydantic found as (where, what), in words for the person who wrote the file."""
    faults = []
    items = error.errors(include_url=False, include_input=False)
    deeper = {item["loc"][:-1] for item in items}
    for item in items:
        if item["type"] == "too_short" and item["loc"] in deeper:
            # The list is short only because its items are faulty, and those are told.
            continue
        if item["type"] in _IN_WORDS:
            what = _IN_WORDS[item["type"]].format_map(item.get("ctx", {}))
        else:
            what = item["msg"].removeprefix("Value error, ")
        faults.append((tuple(part for part in item["loc"] if part not in {_WHOLE, _KEY}), what))
    return faults


def read_each(form: type[FormT], items: object, table: str, faults: list[Fault]) -> list[FormT | None]:
    """Read a list of forms one by one, so that the faults of one do not hide those of another.

    Args:
        form: what each item must be.
        items: the list as it stands in the file; anything else is read as empty.
        table: what the list is called in the file.
        faults: gets the faults.

    Returns:
        A form for each item, None for a faulty one.
    """
    read: list[FormT | None] = []
    for index, item in enumerate(items if isinstance(items, list) else []):
        try:
            read.append(form.model_validate(item))
        except ValidationError as error:
            faults.extend(((table, index, *where), what) for where, what in describe_faults(error))
            read.append(None)
    return read


def read_file(
    head: type[FormT], data: dict[str, Any]
) -> tuple[FormT | None, list[FactForm | None], list[UnknownForm | None], list[NameForm | None], list[Fault]]:
    """Read a file of facts, known unknowns and names: its head (what is around the lists), each list, the faults."""
    faults: list[Fault] = []
    read: FormT | None = None
    try:
        read = head.model_validate(data)
    except ValidationError as error:
        faults += describe_faults(error)
    facts = read_each(FactForm, data.get("facts"), "facts", faults)
    unknowns = read_each(UnknownForm, data.get("unknowns"), "unknowns", faults)
    names = read_each(NameForm, data.get("names"), "names", faults)
    return read, facts, unknowns, names, faults


def raw_texts(item: object, field: str) -> list[str]:
    """Give the text, or the texts, of a field of an item that may be faulty."""
    value = item.get(field) if isinstance(item, dict) else None
    return [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]
