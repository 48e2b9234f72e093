"""Dates that are known in part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facts.entities import PartialDate, Precision
from tests.facts.making import partial_dates

if TYPE_CHECKING:
    import datetime as dt


@given(partial_dates())
def test_a_partial_date_reads_back_what_it_writes(date: PartialDate) -> None:
    assert PartialDate.parse(date.isoformat()) == date


@given(st.dates())
def test_each_precision_writes_its_part_of_the_iso_date(date: dt.date) -> None:
    assert PartialDate.parse(date.isoformat()) == PartialDate(date, Precision.DAY)
    assert PartialDate.parse(date.isoformat()[:7]) == PartialDate(date.replace(day=1), Precision.MONTH)
    assert PartialDate.parse(date.isoformat()[:4]) == PartialDate(date.replace(month=1, day=1), Precision.YEAR)


@given(st.text(st.characters() | st.sampled_from("0123456789-"), max_size=12))
def test_any_other_text_is_refused_with_a_value_error(text: str) -> None:
    try:
        date = PartialDate.parse(text)
    except ValueError:
        return
    assert date.isoformat() == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2021-13",
        "2021-00",
        "2021-02-30",
        "2021-02-29",
        "2021-04-31",
        "0000",
        "21",
        "2021-4-29",
        "2021-04-2",
        "20210429",
        "29-04-2021",
        "2021/04/29",
        "2021-04-29T00:00",
        " 2021",
        "2021 ",
        "2021\n",
        "2021-04-29\n",
        "+2021",
        "-2021",
        "12021",
        "April 2021",
    ],
)
def test_a_bad_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        PartialDate.parse(text)


@pytest.mark.parametrize("text", ["２０２１", "٢٠٢١-٠٤", "२०२१-०४-२९"])
def test_digits_of_other_scripts_are_no_iso_date(text: str) -> None:
    with pytest.raises(ValueError, match="is not a date like"):
        PartialDate.parse(text)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2021-04-29", "29 April 2021"),
        ("2021-07-04", "4 July 2021"),
        ("2021-06", "June 2021"),
        ("2008", "2008"),
        ("0800-12", "December 800"),
    ],
)
def test_a_partial_date_is_read_as_people_write_it(text: str, read: str) -> None:
    assert str(PartialDate.parse(text)) == read
