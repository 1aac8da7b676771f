"""`groundswell simulate`: a labelled synthetic stream, or a load."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from pipeline.commands import context
from pipeline.errors import TerminalError
from pipeline.simulate.limits import MOST_COMPANIES, MOST_DAYS, MOST_STORIES, STORY_KINDS
from pipeline.terminal import console

if TYPE_CHECKING:
    from pipeline.simulate.companies import Company
    from pipeline.simulate.events import Story
    from pipeline.simulate.schedule import StoryRates
    from pipeline.simulate.streams import Plan

app = context.new_app()


@app.command()
def simulate(
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same stream.")] = 0,
    entities: Annotated[int, typer.Option(min=1, max=MOST_COMPANIES, help="Invented companies.")] = 10,
    days: Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="Days from 1 January 2026.")] = 30,
    null: Annotated[bool, typer.Option("--null", help="Background only: every alarm on it is a false one.")] = False,
    posts: Annotated[
        bool, typer.Option("--posts/--mentions", help="Posts as `replay` reads them, or mentions as `detect` does.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Where to write, JSON lines; - is stdout.")] = Path("-"),
    labels: Annotated[Path | None, typer.Option(help="Write the true stories here, JSON lines.")] = None,
    catalogue: Annotated[Path | None, typer.Option(help="Write the companies here, YAML for the linker.")] = None,
    missed: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of negatives that the model misses.")] = 0.11,
    false: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of others that it calls negative.")] = 0.06,
    story: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND=RATE", help=f"Only these, per company and month: {', '.join(STORY_KINDS)}."),
    ] = None,
    late: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share that comes late, by 40 minutes or so.")] = 0.02,
    repeated: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share that is delivered once more.")] = 0.01,
    outages: Annotated[
        float, typer.Option(min=0.0, max=60.0, help="Silences of a source, then all at once; per company and month.")
    ] = 0.2,
    load: Annotated[int, typer.Option(min=0, help="Write this many posts for a load test instead.")] = 0,
) -> None:
    """Write a labelled synthetic stream: ordinary talk, snowballs, and what only looks like one.

    Events come in order of arrival, some late, some twice.  All companies are invented.

    Examples:

    - `groundswell simulate --seed 7 --days 30 --out mentions.jsonl --labels labels.jsonl`

    - `groundswell simulate --null --entities 100 | groundswell detect -`

    - `groundswell simulate --story cascade=2 --story brigade=1 --missed 0.31 --false 0.22 --late 0.1 --repeated 0.05`

    - `groundswell simulate --posts --days 5 --out posts.jsonl --catalogue companies.yaml`

    - `groundswell simulate --load 300000 --out load.jsonl`
    """
    from pipeline.simulate.companies import catalogue_yaml, companies
    from pipeline.simulate.delivery import Lateness, SentimentErrors
    from pipeline.simulate.streams import Plan

    chosen = companies(entities)
    if catalogue is not None:
        with _writing(catalogue) as file:
            file.write(catalogue_yaml(chosen).encode())
    if load:
        _write_load(load, seed, chosen, out)
        return
    plan = Plan(
        seed=seed, entities=entities, days=days, null=null, prefix="demo", rates=_rates(story),
        names=tuple(company.id for company in chosen), errors=SentimentErrors(missed=missed, false=false),
        lateness=Lateness(late=late, repeated=repeated, outages=outages),
    )  # fmt: skip
    _write_stream(plan, chosen, out, labels, posts=posts)


def _write_load(count: int, seed: int, chosen: tuple[Company, ...], out: Path) -> None:
    from pipeline.simulate.load import load_posts

    with _writing(out) as file:
        written = _write(file, load_posts(count, seed, chosen))
    console.err.print(f"{written:,} posts written, of which as many mentions are to be expected")


def _write_stream(plan: Plan, chosen: tuple[Company, ...], out: Path, labels: Path | None, *, posts: bool) -> None:
    import msgspec

    from pipeline.simulate.scribe import Scribe
    from pipeline.simulate.streams import Stream

    stream = Stream(plan)
    scribe = Scribe(plan.seed, chosen, stream.stories)
    make = scribe.post if posts else scribe.mention
    encode = msgspec.json.Encoder().encode
    with _writing(out) as file:
        count = _write(file, (encode(make(event)) + b"\n" for event in stream))
    if labels is not None:
        with _writing(labels) as file:
            _write_labels(file, stream.stories)
    console.err.print(
        f"{count:,} events written: {plan.entities:,} companies, {plan.days:,} days, {len(stream.stories):,} stories"
    )


def _rates(given: list[str] | None) -> StoryRates:
    """Rates of the kinds that are named; the others do not happen.  The usual ones of all when none is named."""
    from pipeline.simulate.schedule import StoryRates

    if given is None:
        return StoryRates()
    rates: dict[str, float] = dict.fromkeys(STORY_KINDS, 0.0)
    for pair in given:
        kind, sign, number = pair.partition("=")
        try:
            rate = float(number) if sign else 1.0
        except ValueError:
            rate = -1.0
        if kind not in rates or not 0.0 <= rate <= MOST_STORIES:
            raise typer.BadParameter(
                f"{pair!r}: say KIND=RATE, with a kind of {', '.join(STORY_KINDS)} and a rate up to {MOST_STORIES:g}",
                param_hint="--story",
            )
        rates[kind] = rate
    return StoryRates(**rates)


def _write_labels(file: BinaryIO, stories: Iterable[Story]) -> None:
    """The stories, one JSON object a line, by start."""
    import msgspec

    encode = msgspec.json.Encoder().encode
    _write(file, (encode(story) + b"\n" for story in sorted(stories, key=lambda story: story.start)))


def _write(file: BinaryIO, lines: Iterable[bytes]) -> int:
    """Write lines as they come; gives their number."""
    count = 0
    for line in lines:
        file.write(line)
        count += 1
    return count


@contextmanager
def _writing(path: Path) -> Iterator[BinaryIO]:
    """The file, or stdout for `-`.  Raises `TerminalError` that names a path that cannot be written."""
    if str(path) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        file = path.open("wb", buffering=2**20)
    except OSError as error:
        what = f"cannot be written ({error.strerror})"
        raise TerminalError(what, subject=str(path), todo="Name a file in a folder that exists") from error
    with file:
        yield file
