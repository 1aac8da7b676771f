"""Answers that do not speak of the entity are evidence with the complaint they answer, and of little without one."""

from __future__ import annotations

import msgspec
import pytest

from pipeline.detect.mentions.inbound import InboundMention
from pipeline.detect.stage import run
from tests.detect.streams import pile_on, quiet, together

AT = 3 * 86_400 + 50_000.0


def below(story: list[InboundMention], naming: int) -> list[InboundMention]:
    """The story's answers, of which only the first so many speak of the entity."""
    return [msgspec.structs.replace(m, depth=int(n >= naming)) for n, m in enumerate(story)]


def test_answers_to_a_complaint_count_as_those_that_name_the_entity() -> None:
    story = pile_on(AT)
    plain = list(run(together(quiet(4), story)))
    carried = [story[0], *below(story[1:], 0)]
    assert plain
    assert list(run(together(quiet(4), carried))) == plain


@pytest.mark.parametrize("answers", [20, 80, 400])
def test_a_remark_in_passing_makes_no_incident_of_what_is_said_after_it(answers: int) -> None:
    """Under a post about a closed library somebody is reminded of Acme; each later answer was about Acme then."""
    thread = pile_on(AT, answers=answers)[1:]
    assert not list(run(together(quiet(4), below(thread, 1))))


def test_many_who_name_it_in_a_thread_about_something_else_are_a_pile_on() -> None:
    thread = pile_on(AT)[1:]
    naming = [msgspec.structs.replace(m, depth=n % 2) for n, m in enumerate(thread)]
    assert any(event.kind == "pile_on" for event in run(together(quiet(4), naming)))
