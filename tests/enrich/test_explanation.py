"""Explanations of links: candidates with scores, and the reason for each that was left out."""

from __future__ import annotations

import pytest

from pipeline.contracts.posts import Author
from pipeline.enrich.explanation import PartialPost, explanation, read_posts, why
from pipeline.enrich.linking.linker import Linker
from pipeline.enrich.linking.log_odds import cut
from pipeline.errors import TerminalError


def test_what_was_left_out_and_why(linker: Linker) -> None:
    found = explanation(linker, PartialPost("the target audience of @Ryanair"))
    ryanair, target = found["candidates"]
    assert (ryanair["linked"], ryanair["entity"], ryanair["how"]) == (True, "Ryanair", "handle")
    assert (target["linked"], target["entity"], target["surface"]) == (False, "Target", "target")
    assert "ordinary word" in target["why"]
    assert "does not speak for the company" in target["why"]
    assert target["log_odds"] < 0.0 < ryanair["log_odds"]


def test_what_else_is_known_of_a_post(linker: Linker) -> None:
    post = PartialPost(
        "switched from @Verizon to @TMobile <b>today</b>, glad about the cheaper contract",
        author=Author("t:1", "TMobile"),
    )
    found = explanation(linker, post)
    verizon, mobile = sorted(found["candidates"], key=lambda c: c["start"])
    assert (verizon["compared_with"], mobile["author_role"]) == (mobile["id"], "own")
    assert (found["lang"], found["untrained"], found["owner"]) == ("en", None, "T-Mobile US")
    assert "<b>" not in found["model_reads"]
    assert found["fingerprint"]


def test_the_reason_names_the_bound_that_was_not_reached(linker: Linker) -> None:
    """Names that are ordinary words must be surer than others."""
    for text in ("target", "Target.", "I like Target", "the Gap", "my visa card", "Chase me", "at Target"):
        for one in linker.consider(text):
            if not one.linked:
                assert one.confidence < cut(one.kind)
                assert f"({one.confidence:.2f} < {cut(one.kind):g})" in why(linker, text, one)


def test_the_reason_says_that_a_name_is_a_part_of_another(linker: Linker) -> None:
    text = "two tickets for the Verizon Center tonight"
    (one,) = linker.consider(text)
    assert not one.linked
    assert "a part of the name of a person, a building or a contest" in why(linker, text, one)


def test_a_bare_reply_inherits(linker: Linker) -> None:
    assert explanation(linker, PartialPost("they suck", parent_id="t:1"))["inherits"] is True
    assert explanation(linker, PartialPost("they suck"))["inherits"] is False


def test_of_a_long_post_it_shows_what_the_model_reads_for_whom(linker: Linker) -> None:
    filler = "and then we went on with our day. " * 40
    found = explanation(linker, PartialPost(f"{filler} Ryanair is bad. {filler}\n> said who\n@Delta was fine"))
    reads = {c["entity"]: c["model_reads"] for c in found["candidates"] if c["linked"]}
    assert "Ryanair is bad" in reads["Ryanair"]
    assert "@Delta was fine" in reads["Delta Air Lines"]
    assert "said who" not in reads["Delta Air Lines"]


@pytest.mark.parametrize("text", ['{"text":5}', '{"no":"text"}', "{", '{"text":"a"}\n{"x":1}'])
def test_what_is_no_post_is_refused(text: str) -> None:
    with pytest.raises(TerminalError, match="Give a text"):
        read_posts(text, "twitter")


def test_half_a_pair_does_no_harm(linker: Linker) -> None:
    [given] = read_posts("half \ud83d pair", "twitter")
    assert explanation(linker, given)["candidates"] == []
