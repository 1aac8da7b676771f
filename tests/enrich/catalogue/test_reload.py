"""The catalogue is read anew while the stage runs: a good file takes force, a bad one changes nothing and says why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from pipeline.enrich.catalogue import Catalogue, Entity, load_catalogue
from pipeline.enrich.linking.linker import Linker
from pipeline.enrich.linking.reader import Question
from pipeline.enrich.load import CHECK_EVERY, NAMED, Renewal, changes, in_background, open_linker
from pipeline.enrich.stage import Enrich
from pipeline.stages.state import MemoryStore, State
from tests.support.messages import post, records
from tests.support.scorers import FixedScorer

FIRST = "- {id: zorbex, name: Zorbex}\n"


class Scene:
    """A catalogue file, a clock that is set by hand, work that is done when told."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "own.yaml"
        self.write(FIRST)
        self.now = 0.0
        self.waiting: list[Callable[[], None]] = []
        self.renewal = Renewal(
            self.file, Linker(load_catalogue(self.file)), clock=lambda: self.now, start=self.waiting.append
        )

    def write(self, text: str) -> None:
        self.file.write_text(text, encoding="utf-8")

    def look(self) -> Linker | None:
        self.now += CHECK_EVERY
        return self.renewal()

    def settle(self) -> Linker | None:
        """Looks until a change has been read and built; the linker that then takes force."""
        taken = None
        for _ in range(4):
            taken = self.look() or taken
            while self.waiting:
                self.waiting.pop()()
        return taken


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def linked(linker: Linker, text: str) -> list[str]:
    return [one.entity.id for one in linker.link(text)]


def test_nothing_changes_while_the_file_does_not(scene: Scene) -> None:
    assert scene.settle() is None
    assert scene.waiting == []


def test_a_change_takes_force_with_an_audit_line(scene: Scene) -> None:
    scene.write(FIRST.replace("Zorbex}", "Zorbex, aliases: [Zorbi]}") + "- {id: quill, name: Quillomat}\n")
    with capture_logs() as lines:
        linker = scene.settle()
    assert linker is not None
    assert linked(linker, "my Quillomat and my Zorbi are bad") == ["quill", "zorbex"]
    [line] = lines
    assert (line["event"], line["added"], line["changed"], line["removed"]) == ("catalogue reloaded", 1, 1, 0)
    assert (line["added_first"], line["changed_first"]) == (["quill (Quillomat)"], ["zorbex (Zorbex)"])
    assert scene.settle() is None


def test_a_file_that_is_still_being_written_is_not_read(scene: Scene) -> None:
    for length in range(1, 5):
        scene.write(FIRST + "# " + "x" * length)
        scene.look()
        assert scene.waiting == []


def test_a_bad_file_changes_nothing_and_says_why_once(scene: Scene) -> None:
    scene.write("- {id: zorbex, name: }\n- [")
    with capture_logs() as lines:
        assert scene.settle() is None
        assert scene.settle() is None
    [line] = lines
    assert (line["event"], line["log_level"]) == ("catalogue not reloaded, the one before stays in force", "error")
    assert "own.yaml" in line["reason"]
    scene.write(FIRST + "- {id: quill, name: Quillomat}\n")
    assert scene.settle() is not None


def test_a_file_that_is_gone_changes_nothing(scene: Scene) -> None:
    scene.file.unlink()
    with capture_logs() as lines:
        assert scene.settle() is None
    assert [line["log_level"] for line in lines] == ["error"]
    scene.write(FIRST + "- {id: quill, name: Quillomat}\n")
    assert scene.settle() is not None


def test_a_change_during_the_reading_is_read_again(scene: Scene) -> None:
    scene.write(FIRST + "- {id: quill, name: Quillomat}\n")
    scene.look()
    scene.look()
    [build] = scene.waiting
    scene.waiting.clear()
    original = load_catalogue(scene.file)
    assert len(original.entities) > 1
    scene.write(FIRST + "- {id: quill, name: Quillomatic}\n")
    scene.renewal._read = ((scene.file.name, 0, 0),)  # what was there when the reading began
    build()
    assert scene.renewal() is None
    linker = scene.settle()
    assert linker is not None
    assert linked(linker, "Quillomatic is bad") == ["quill"]


def test_the_stage_goes_on_with_the_new_one_from_the_next_batch(scene: Scene) -> None:
    answers: list[Linker | None] = [None]
    stage = Enrich(Linker(load_catalogue(scene.file)), FixedScorer(), renewed=lambda: answers.pop())
    state = State(MemoryStore(), stage.codec)
    assert stage.handle(records([post(1, "Quillomat is bad")]), state).publish == []
    scene.write(FIRST + "- {id: quill, name: Quillomat}\n")
    answers.append(scene.settle())
    assert len(stage.handle(records([post(2, "Quillomat is bad")], 1), state).publish) == 1


def test_a_long_audit_line_is_cut() -> None:
    many: dict[str, Entity] = {f"e{n:03}": Entity(id=f"e{n:03}", name=f"Name {n}") for n in range(100)}
    told: dict[str, Any] = changes(Catalogue(entities={}), Catalogue(entities=many))
    assert (told["added"], len(told["added_first"])) == (100, NAMED)


def test_the_linker_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(FIRST, encoding="utf-8")
    assert linked(open_linker(tmp_path), "Zorbex is bad") == ["zorbex"]


def test_background_work_is_done_in_a_daemon_thread() -> None:
    import threading

    done = threading.Event()
    found: list[bool] = []

    def work() -> None:
        found.append(threading.current_thread().daemon)
        done.set()

    in_background(work)
    assert done.wait(10.0)
    assert found == [True]


class Silent:
    """A reader that says nothing."""

    def nats(self, questions: Sequence[Question]) -> list[float]:
        return [0.0 for _ in questions]


def test_a_renewed_linker_reads_as_the_one_before(tmp_path: Path) -> None:
    file, reader = tmp_path / "own.yaml", Silent()
    work: list[Callable[[], None]] = []
    file.write_text(FIRST, encoding="utf-8")
    now = iter(range(0, 1000, int(CHECK_EVERY) + 1))
    linker = open_linker(file, reader)
    renewal = Renewal(file, linker, clock=lambda: float(next(now)), start=work.append)
    file.write_text(FIRST + "- {id: qualmix, name: Qualmix}\n", encoding="utf-8")
    assert renewal() is None
    assert renewal() is None
    work.pop()()
    renewed = renewal()
    assert renewed is not None
    assert renewed.reader is reader
