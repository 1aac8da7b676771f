"""Report of a backtest: the findings as one HTML file that stands alone.

Posts are strangers' words: everything is escaped, control and bidirectional characters are taken out, nothing is
loaded, and no script is in the file; its own policy forbids both.  The markup is well-formed XML as well, so that a
strict reader takes it.  The same findings give the same bytes: no clock is read.
"""

from __future__ import annotations

import os
import tempfile
from base64 import b64encode
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader
from markupsafe import Markup

from pipeline.backtest.findings import LISTED, Findings
from pipeline.backtest.labels import delay
from pipeline.backtest.own_rate import FEWEST, OwnRate
from pipeline.errors import TerminalError
from pipeline.simulate.verdicts import StoryVerdict
from pipeline.text.duration import duration
from pipeline.text.incident_words import KIND_WORDS, SEVERITY_WORDS
from pipeline.web import render as page

HERE = Path(__file__).parent / "templates"


def environment() -> Environment:
    """The report's template, with the words, macros and charts of the page."""
    made = page.environment()
    made.loader = ChoiceLoader([FileSystemLoader(HERE), FileSystemLoader(page.HERE / "templates")])
    made.filters |= {"lasted": lasted, "waited": waited, "standing": standing}
    return made


def render(found: Findings) -> str:
    """The report."""
    style = stylesheet()
    return (
        environment()
        .get_template("report.html")
        .render(
            found=found,
            style=Markup(style),  # ours, not a stranger's; checked below to hold no markup
            policy=f"default-src 'none'; style-src 'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'",
            episodes=found.episodes[:LISTED],
            unlisted=max(0, len(found.episodes) - LISTED),
            kinds=KIND_WORDS,
            severities=SEVERITY_WORDS,
        )
    )


def stylesheet() -> str:
    """The page's style and the report's, as one inline sheet."""
    sheets = (page.HERE / "static" / "page.css", HERE / "report.css")
    style = "".join(sheet.read_text(encoding="utf-8") for sheet in sheets)
    if "<" in style or "&" in style:
        raise ValueError("a style sheet with < or & in it cannot stand inline in a strict document")
    return style


def check_writable(path: Path) -> None:
    """Before hours of work: raises `TerminalError` when the report could not be written there."""
    folder = path.parent
    if path.is_dir():
        raise TerminalError("is a folder", subject=str(path), todo="Name a file for --out")
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise TerminalError("cannot be written", subject=str(path), todo="Name a file in a folder that exists")


def write(path: Path, text: str) -> None:
    """Put the report in place at once: nobody sees half of it.  Raises `TerminalError` when that fails."""
    try:
        with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="utf-8", delete=False) as file:
            file.write(text)
        os.chmod(file.name, 0o644)
        os.replace(file.name, path)
    except OSError as error:
        raise TerminalError(
            str(error.strerror), subject=str(path), todo="Name a file in a folder that exists, with room on the disk"
        ) from error


def lasted(span: timedelta) -> str:
    """A span in words."""
    return duration(span.total_seconds())


def standing(own: OwnRate) -> str:
    """What a company's own rate says, and suggests."""
    if own.standing == "too_short":
        return f"too short a history: {own.weeks} whole weeks of the {FEWEST} at least"
    if own.standing == "as_promised":
        says = "not to be told from the promise"
        return says if own.pages or own.weeks >= own.needed else f"{says}; {own.needed} weeks without a page would tell"
    more = own.standing == "more"
    if own.suggested is None or own.thresholds is None:
        return "more than promised, at every promise compared" if more else "fewer than promised"
    limits = own.thresholds
    return (
        f"{'more' if more else 'fewer'} than promised: detect.false_alarms = {own.suggested:g} would give it what was"
        f" promised (thresholds: together {limits.together:.2f}, groundswell {limits.groundswell:.2f},"
        f" amplification {limits.amplification:.2f})"
    )


def waited(verdict: StoryVerdict) -> str:
    """How long a story went on before it was noticed."""
    wait = delay(verdict)
    return "" if wait is None else lasted(wait)
