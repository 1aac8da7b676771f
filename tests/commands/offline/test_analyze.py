"""`groundswell analyze` as a command: with the shipped model, piped, interrupted, cut off."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner

from pipeline.commands import context
from pipeline.commands.main import app
from pipeline.errors import Malformed
from pipeline.ingest.formats.lines import SourceLine
from pipeline.ingest.formats.row import Row
from pipeline.runtime.offline.resumable_output import OutputPiece, OutputProgress, Stop, write_out
from pipeline.terminal.file_progress import FileProgress


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A command sends logs to the standard error of its runner and keeps its flags: neither may stay."""
    monkeypatch.setattr(context, "_flags", {})
    yield
    structlog.reset_defaults()


TEXTS = (
    "I love my Northgrid heater, thank you so much!",
    "Northgrid is terrible, no power for three days and nobody answers.",
    "The office of Northgrid opens at nine on Monday.",
)


def write(path: Path, texts: tuple[str, ...] = TEXTS, **other: object) -> Path:
    posts = [json.dumps({"post_id": f"p{n}", "text": text, **other}) for n, text in enumerate(texts)]
    path.write_text("\n".join(posts) + "\n")
    return path


def rows(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_the_shipped_model_reads_posts_and_names(tmp_path: Path) -> None:
    file = write(tmp_path / "posts.jsonl", target="northgrid")
    for flags in (["--whole"], ["--target"], ["--toward", "Northgrid"]):
        done = CliRunner().invoke(app, ["analyze", str(file), *flags], catch_exceptions=False)
        assert done.exit_code == 0
        found = rows(done.stdout)
        assert [one["post_id"] for one in found] == ["p0", "p1", "p2"]
        assert [one["sentiment"]["label"] for one in found[:2]] == ["positive", "negative"]
        assert all(sum(one["sentiment"][name] for name in ("negative", "neutral", "positive")) == pytest.approx(1.0)
                   for one in found)  # fmt: skip
        assert all(one.get("named", True) for one in found)


def test_one_way_of_asking_at_a_time(tmp_path: Path) -> None:
    file = write(tmp_path / "posts.jsonl")
    done = CliRunner().invoke(app, ["analyze", str(file), "--whole", "--toward", "x"])
    assert done.exit_code == 2


def test_a_broken_line_makes_the_status_1_after_all_others_were_read(tmp_path: Path) -> None:
    file = write(tmp_path / "posts.jsonl")
    file.write_bytes(b"{\n" + file.read_bytes())
    with gzip.open(tmp_path / "posts.gz", "wb") as stream:
        stream.write(file.read_bytes())
    arguments = ["--set", "model.backend=fixed", "analyze", str(tmp_path / "posts.gz"), "--whole"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 1
    assert len(rows(done.stdout)) == 3
    assert "1 rejected as not_json, first at " in done.stderr
    assert "line 1:" in done.stderr


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pipeline.commands.main", "--set", "model.backend=fixed", "analyze", *arguments]


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("GROUNDSWELL_")}


@pytest.mark.slow
def test_an_interrupted_run_says_how_to_go_on_and_then_nothing_is_missing_or_twice(tmp_path: Path) -> None:
    line = b'{"post_id": "p%d", "text": "we waited an hour for the bus"}\n'
    process = subprocess.Popen(
        command("-", "--whole"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"".join(line % n for n in range(600)))
    process.stdin.flush()
    first = [process.stdout.readline() for _ in range(512)]
    process.send_signal(signal.SIGINT)
    rest, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert rest == b"", "600 posts are two pieces and 88 lines that were still waiting for company"
    assert b"stopped after line 512" in said
    assert b"--skip 512" in said
    file = tmp_path / "posts.jsonl"
    file.write_bytes(b"".join(line % n for n in range(600)))
    done = subprocess.run(
        command(str(file), "--whole", "--skip", "512"), capture_output=True, timeout=60, env=environment(), check=True
    )
    ids = [json.loads(one)["post_id"] for one in [*first, *done.stdout.splitlines()]]
    assert ids == [f"p{n}" for n in range(600)]


@pytest.mark.slow
def test_a_reader_who_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    file = tmp_path / "posts.jsonl"
    file.write_bytes(b"".join(b'{"post_id": "p%d", "text": "we waited an hour"}\n' % n for n in range(5_000)))
    process = subprocess.Popen(
        command(str(file), "--whole"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read()
    assert process.wait(timeout=60) == 0
    assert b"Broken" not in said
    assert b"Traceback" not in said


def pieces(stop: Stop | None = None) -> Iterator[OutputPiece]:
    yield OutputPiece(3, b"a\nb\n", 1)
    if stop is not None:
        os.kill(os.getpid(), signal.SIGINT)
    yield OutputPiece(5, b"c\n", 1)
    yield OutputPiece(7, b"d\n", 2)


def test_the_piece_in_hand_is_finished_before_the_end() -> None:
    stop, out, told = Stop(), BytesIO(), []
    before = signal.getsignal(signal.SIGINT)  # ignored, where the tests run in the background of a shell
    with stop.installed():
        done = write_out(pieces(stop), out, stop, lambda done: told.append(done.line))
    assert done == OutputProgress(line=5, bad=1, stopped=True)
    assert out.getvalue() == b"a\nb\nc\n"
    assert told == [3, 5]
    assert signal.getsignal(signal.SIGINT) is before


def test_while_a_line_is_awaited_the_end_is_at_once() -> None:
    stop, out = Stop(), BytesIO()

    def slow() -> Iterator[SourceLine]:
        yield SourceLine(1, b"a\n")
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("the signal ends the wait")

    made = (OutputPiece(line.number, line.data, 0) for line in stop.awaited(slow()))
    with stop.installed():
        done = write_out(made, out, stop, lambda _: None, start=0)
    assert done == OutputProgress(line=1, stopped=True)
    assert out.getvalue() == b"a\n"


def test_a_signal_between_two_lines_does_not_wait_for_more() -> None:
    stop, out = Stop(), BytesIO()
    source = stop.awaited(iter([SourceLine(1, b"a"), SourceLine(2, b"b"), SourceLine(3, b"c")]))

    def made() -> Iterator[OutputPiece]:
        yield OutputPiece(next(source).number, b"a\n", 0)
        next(source)
        os.kill(os.getpid(), signal.SIGINT)
        next(source)
        raise AssertionError("nothing more is read")

    with stop.installed():
        assert write_out(made(), out, stop, lambda _: None) == OutputProgress(line=1, stopped=True)


def test_lines_of_an_earlier_run_count_as_done() -> None:
    assert write_out(iter(()), BytesIO(), Stop(), lambda _: None, start=40).line == 40
    assert write_out(pieces(), BytesIO(), Stop(), lambda _: None, start=40).line == 40


def test_progress_says_lines_speed_and_share(tmp_path: Path) -> None:
    file = tmp_path / "posts.jsonl"
    file.write_bytes(b"0123456789\n" * 10)
    progress = FileProgress(str(file))
    list(progress.counted(Row(n, b"0123456789\n", Malformed("x", "y")) for n in range(1, 5)))
    assert progress.words(4, progress._began + 2.0) == "4 lines, 2 a second, 40% done"
    assert FileProgress(str(file), 2).words(4, FileProgress(str(file))._began + 2.0).startswith("4 lines, 1 a second")
    assert "%" not in FileProgress("-").words(1, 1e9)
    compressed = tmp_path / "posts.gz"
    compressed.write_bytes(gzip.compress(b"x"))
    assert "%" not in FileProgress(str(compressed)).words(1, 1e9)
