"""`groundswell explain`: candidates with scores, and the reason for each that was left out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner

from pipeline.commands.main import app
from pipeline.contracts.messages import Author
from pipeline.enrich.explanation import PartialPost, explanation, read_posts, why
from pipeline.enrich.linking.linker import Linker
from pipeline.enrich.linking.log_odds import cut
from pipeline.errors import TerminalError


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """The command sends logs to the standard error of the test's runner, which is closed afterwards."""
    yield
    structlog.reset_defaults()


def told(post: str, text: str = "", *options: str) -> list[dict[str, Any]]:
    done = CliRunner().invoke(app, ["explain", post, "--json", *options], input=text, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


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


def test_the_command_takes_text_json_and_standard_input() -> None:
    [text] = told("Ryanair is late")
    [post] = told('{"type":"post","text":"Ryanair is late","network":"bluesky","kind":"reply"}')
    [piped] = told("-", "Ryanair is late\n")
    both = told("-", '{"text":"Ryanair is late"}\n{"text":"nobody"}\n')
    assert text == piped == both[0]
    assert post["candidates"] == text["candidates"]
    assert both[1]["candidates"] == []


def test_the_command_takes_a_file(tmp_path: Path) -> None:
    posts, text = tmp_path / "posts.jsonl", tmp_path / "post.txt"
    posts.write_text('{"text":"Ryanair is late"}\n{"text":"nobody"}\n', encoding="utf-8")
    text.write_bytes(b"Ryanair is late \xff\n")
    command = ["explain", "--json", "--file"]
    done = CliRunner().invoke(app, [*command, str(posts)], catch_exceptions=False)
    first, second = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert ([c["entity"] for c in first["candidates"]], second["candidates"]) == (["Ryanair"], [])
    done = CliRunner().invoke(app, [*command, str(text)], catch_exceptions=False)
    assert '"entity":"Ryanair"' in done.stdout


def test_a_catalogue_can_be_tried_before_it_takes_force(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("- {id: z, name: Zorbexium}\n", encoding="utf-8")
    [found] = told("Zorbexium is late", "", "--catalogue", str(own))
    assert [c["id"] for c in found["candidates"]] == ["z"]
    [without] = told("Zorbexium is late")
    assert without["candidates"] == []


@pytest.mark.parametrize("given", [[], ["a text", "--file", "x"], ["--file", "no-such-file"]])
def test_the_command_takes_one_thing_that_is_there(given: list[str]) -> None:
    done = CliRunner().invoke(app, ["explain", *given])
    assert done.exit_code != 0
    assert isinstance(done.exception, TerminalError | SystemExit)


def test_of_a_long_post_it_shows_what_the_model_reads_for_whom(linker: Linker) -> None:
    filler = "and then we went on with our day. " * 40
    found = explanation(linker, PartialPost(f"{filler} Ryanair is bad. {filler}\n> said who\n@Delta was fine"))
    reads = {c["entity"]: c["model_reads"] for c in found["candidates"] if c["linked"]}
    assert "Ryanair is bad" in reads["Ryanair"]
    assert "@Delta was fine" in reads["Delta Air Lines"]
    assert "said who" not in reads["Delta Air Lines"]


def test_the_command_shows_a_table() -> None:
    done = CliRunner().invoke(app, ["explain", "the gap in my [bold]tooth"], env={"COLUMNS": "200"})
    assert done.exit_code == 0
    assert "ordinary word" in done.stdout
    assert "[bold]tooth" in done.stdout


@pytest.mark.parametrize("text", ['{"text":5}', '{"no":"text"}', "{", '{"text":"a"}\n{"x":1}'])
def test_what_is_no_post_is_refused(text: str) -> None:
    with pytest.raises(TerminalError, match="Give a text"):
        read_posts(text, "twitter")


def test_half_a_pair_does_no_harm(linker: Linker) -> None:
    [given] = read_posts("half \ud83d pair", "twitter")
    assert explanation(linker, given)["candidates"] == []
