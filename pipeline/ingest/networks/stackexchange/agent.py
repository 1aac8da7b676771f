"""The Stack Exchange agent: questions by their last activity, and all that hangs on them.

A question moves to the end of its list when it is edited or answered, so that reading on from the last activity misses
nothing, however long ago.  Comments move nothing: questions that were active within some days are asked for again from
time to time, which shows new comments, edits of comments, and what is gone.  The network's texts are CC BY-SA: posts
carry their author and link.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import partial

import msgspec

from pipeline.contracts.decode import decode
from pipeline.errors import Busy, Malformed, TransientError
from pipeline.ingest.agent import Checkpoint, DecodedFrame, Item
from pipeline.ingest.http.client import HttpClient, RefusedByServer
from pipeline.ingest.networks.memory import Bounded
from pipeline.ingest.networks.stackexchange import wire
from pipeline.settings.networks import StackExchangeSettings

PAGE = 100
OVERLAP = 120
"""Seconds before a position that are read again: the network's caches lag."""
THROTTLED = 120.0
"""Seconds of rest after a refusal, which is how the API shows a spent quota or too many requests."""
REMEMBERED = 100_000
"""Questions, answers and comments whose edits are seen."""
FOLLOWED = 5_000
"""Questions that are asked for again, at most."""
MAX_PAGES = 1_000
UNSURE = 20_000
"""Frames that are remembered until a later position is known to be stored."""


class StackExchangeAgent:
    """Questions of the chosen sites and tags with their answers and comments, edits and deletions."""

    name = network = wire.NETWORK

    def __init__(self, settings: StackExchangeSettings, client: HttpClient) -> None:
        self._settings = settings
        self._client = client
        self._watches = [Watch(text) for text in settings.watch]
        self._contents: Bounded[str, int] = Bounded(REMEMBERED)
        self._unsure: deque[tuple[str, int, Callable[[], None]]] = deque(maxlen=UNSURE)
        """What was yielded, at which position of which stream, and what makes it new again."""
        self._resume = 0.0
        """When a question may be asked, on the monotonic clock."""
        self._quota: int | None = None
        self._filter = ""
        self._answered = False

    async def listen(self, since: Mapping[str, str]) -> AsyncGenerator[Item, None]:
        """What is new on each site and tag; positions are seconds since 1970 on the network's clock: the last activity
        that was read, and under the name with ``again`` when questions were last asked for again."""
        self._forget_unsafe(since)
        try:
            self._filter = self._filter or await self._new_filter()
            for watch in self._watches:
                if watch.stream not in since:
                    watch.start(now := await self._beginning(watch), now, 0)
                    yield Checkpoint(str(now), watch.stream)
                    yield Checkpoint(str(now), watch.again)
                else:
                    position = int(since[watch.stream])
                    back = self._settings.follow_days * 86_400
                    watch.start(position, int(since.get(watch.again, position)), back)
            while True:
                for watch in self._watches:
                    async for item in self._active(watch):
                        yield item
                    if time.monotonic() >= watch.next_recheck:
                        async for item in self._again(watch):
                            yield item
                        watch.next_recheck = time.monotonic() + self._settings.recheck_every
                await asyncio.sleep(self._pause())
        finally:
            await self._client.close()

    def _forget_unsafe(self, since: Mapping[str, str]) -> None:
        """What was yielded after the stored positions comes again: it may never have got to Kafka."""
        while self._unsure:
            stream, position, renew = self._unsure.pop()
            if position >= int(since.get(stream, "0")):
                renew()

    def read(self, frame: bytes) -> DecodedFrame:
        """The message of a question, answer or comment.  Raises `Malformed`."""
        return wire.read(frame)

    async def _active(self, watch: Watch) -> AsyncGenerator[Item, None]:
        """Questions from the position on, in the order of their activity, until there are no more."""
        page, start = 1, watch.begin
        for _ in range(MAX_PAGES):
            given = await self._ask(
                "questions", watch, order="asc", sort="activity", min=str(start), page=str(page), tagged=watch.tag
            )
            last = start
            for raw in given.items:
                thread = self._thread(watch, bytes(raw), watch.stream, watch.position)
                if thread.question is not None:
                    last = max(last, thread.question.last_activity_date)
                    watch.follow(thread.question, thread.items)
                for frame in thread.frames:
                    yield frame
            if last > watch.position:
                watch.position = last
                yield Checkpoint(str(last), watch.stream)
            if not given.has_more or not given.items:
                break
            page, start = (1, last) if last > start else (page + 1, start)
        watch.begin = max(watch.begin, watch.position - OVERLAP)

    async def _again(self, watch: Watch) -> AsyncGenerator[Item, None]:
        """What has changed on, or has gone from, the questions that are followed."""
        begun = watch.now()
        numbers = [*watch.followed][-self._settings.recheck_questions :]
        for begin in range(0, len(numbers), PAGE):
            asked = numbers[begin : begin + PAGE]
            given = await self._ask(f"questions/{';'.join(map(str, asked))}", watch)
            if not given.items and len(asked) > 1:
                continue  # cannot be true of all of them
            missing = set(asked)
            for raw in given.items:
                thread = self._thread(watch, bytes(raw), watch.again, watch.checked)
                if thread.question is None:
                    missing.clear()
                    continue
                missing.discard(thread.question.question_id)
                for frame in (*thread.frames, *self._gone(watch, thread)):
                    yield frame
            for number in () if given.has_more else sorted(missing):
                for frame in self._gone(watch, _Thread(None, [], [], True), number):
                    yield frame
        watch.checked = max(watch.checked, begun)
        yield Checkpoint(str(watch.checked), watch.again)

    def _thread(self, watch: Watch, raw: bytes, stream: str, position: int) -> _Thread:
        """A question with frames of what is new or edited; what makes no sense is framed once, to be rejected."""
        try:
            question, items, wrong, complete = wire.unfold(raw)
        except Malformed:
            return _Thread(None, [], [*self._wrong(watch, [raw], stream, position)], False)
        frames = [*self._wrong(watch, wrong, stream, position)]
        for item in items:
            changed = self._change(watch, item, stream, position)
            if changed is not None:
                frames.append(wire.frame_of(watch.site, item, question.question_id, changed))
        return _Thread(question, items, frames, complete)

    def _change(self, watch: Watch, item: wire.Item, stream: str, position: int) -> int | None:
        """When it was edited, 0 for what is new; None for what was taken in as it is."""
        key, now = f"{watch.site}/{wire.item_id(item)}", hash((wire.edited(item), wire.content(item)))
        before = self._contents.get(key)
        self._contents[key] = now
        when = wire.edited(item)
        if before == now or (before is None and max(item.creation_date, when) < watch.floor):
            return None
        self._unsure.append((stream, position, partial(self._renew, key, before)))
        return when if before is None else when or watch.now()

    def _renew(self, key: str, before: int | None) -> None:
        if before is None:
            self._contents.pop(key)
        else:
            self._contents[key] = before

    def _wrong(self, watch: Watch, wrong: Sequence[bytes], stream: str, position: int) -> Iterator[bytes]:
        for raw in wrong:
            key = f"{watch.site}/raw {hash(raw)}"
            if key not in self._contents:
                self._contents[key] = 0
                self._unsure.append((stream, position, partial(self._renew, key, None)))
                yield raw

    def _gone(self, watch: Watch, thread: _Thread, question: int = 0) -> Iterator[bytes]:
        """What was missing twice in a row: one answer without it may be a cache's."""
        number = thread.question.question_id if thread.question is not None else question
        followed = watch.followed.get(number)
        if followed is None or not thread.complete:
            return
        given = {wire.item_id(item) for item in thread.items}
        missing = followed.known - given
        gone = missing & followed.missing
        followed.known = (followed.known | given) - gone
        followed.missing = missing - gone
        if gone:
            self._unsure.append((watch.again, watch.checked, partial(followed.missed_again, gone)))
        for known in sorted(gone):
            yield wire.frame_gone(watch.site, known, number, watch.now())

    async def _beginning(self, watch: Watch) -> int:
        """The network's own time, so that neither clock has to be right."""
        address = f"{self._settings.url}/questions"
        parameters = self._parameters(watch, order="desc", sort="activity", pagesize="1", tagged=watch.tag)
        answer = await self._client.get(address, parameters)
        self._note(answer.body)
        try:
            return int(parsedate_to_datetime(answer.headers.get("date", "")).timestamp())
        except (ValueError, TypeError):
            return int(time.time())

    async def _new_filter(self) -> str:
        """The name of the set of fields that we want; the API gives the same name each time."""
        parameters = {"include": wire.FILTER, "base": "default", "unsafe": "false", **self._key()}
        answer = await self._client.get(f"{self._settings.url}/filters/create", parameters)
        given = self._note(answer.body)
        try:
            return str(msgspec.json.decode(bytes(given.items[0]))["filter"])
        except (IndexError, KeyError, TypeError, msgspec.DecodeError):
            raise TransientError("the answer has no filter", subject=self._settings.url) from None

    async def _ask(self, path: str, watch: Watch, **more: str) -> wire.Wrapper:
        """An answer of the API, after the rest that the last one asked for."""
        await asyncio.sleep(max(0.0, self._resume - time.monotonic()))
        try:
            answer = await self._client.get(f"{self._settings.url}/{path}", self._parameters(watch, **more))
        except RefusedByServer as error:
            if error.status == 400 and self._answered:
                why = "the quota is spent, or it was too much at once"
                raise Busy(why, subject=wire.NETWORK, after=THROTTLED) from None
            raise
        return self._note(answer.body)

    def _note(self, body: bytes) -> wire.Wrapper:
        try:
            given = decode(body, wire.WRAPPER, limit=len(body))
        except Malformed as error:
            raise TransientError(f"the answer makes no sense ({error.code})", subject=self._settings.url) from None
        self._answered = True
        self._quota = given.quota_remaining
        if given.backoff > 0.0:
            self._resume = time.monotonic() + min(given.backoff, 3_600.0)
        return given

    def _parameters(self, watch: Watch, **more: str) -> dict[str, str]:
        fixed = {"site": watch.site, "filter": self._filter, "pagesize": str(PAGE)}
        return {name: value for name, value in {**fixed, **more, **self._key()}.items() if value}

    def _key(self) -> dict[str, str]:
        key = self._settings.key.get_secret_value()
        return {"key": key} if key else {}

    def _pause(self) -> float:
        """Seconds until the next round, such that what is left of the day's quota lasts until midnight (UTC)."""
        if self._quota is None:
            return self._settings.poll
        left = 86_400.0 - time.time() % 86_400.0
        return max(self._settings.poll, left * 2 * len(self._watches) / max(1, self._quota))


@dataclass(slots=True)
class _Thread:
    """A question that was given (None: it makes no sense, or is missing), all that hangs on it, and frames of it."""

    question: wire.QuestionItem | None
    items: list[wire.Item]
    frames: list[bytes]
    complete: bool
    """Whether the network says that this is all there is."""


@dataclass(slots=True)
class Followed:
    """What hangs on a question, itself included, and what of it was missing when it was last asked for."""

    known: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)

    def missed_again(self, gone: set[str]) -> None:
        """As if they had been missing only once."""
        self.known |= gone
        self.missing |= gone


class Watch:
    """A site, or one tag of it, and how far it was read.  Times are seconds since 1970."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.again = f"{stream} again"
        self.site, _, self.tag = stream.partition("/")
        self.position = self.checked = 0
        """The last activity that was read; when questions were last asked for again."""
        self.begin = self.floor = 0
        """From when to ask; what is older was taken in before."""
        self.followed: dict[int, Followed] = {}
        self.next_recheck = 0.0

    def start(self, position: int, checked: int, back: int) -> None:
        """Go on from two positions; the first time with the questions that were active in the `back` seconds before."""
        overlap = OVERLAP if back else 0
        self.position, self.checked = position, checked
        self.begin = position - (overlap if self.followed else back)
        self.floor = min(position, checked) - overlap

    def follow(self, question: wire.QuestionItem, items: Sequence[wire.Item]) -> None:
        """Ask for it again from time to time; those active longest ago go first."""
        followed = self.followed.pop(question.question_id, None) or Followed()
        followed.known |= {wire.item_id(item) for item in items}
        self.followed[question.question_id] = followed
        if len(self.followed) > FOLLOWED:
            del self.followed[next(iter(self.followed))]

    def now(self) -> int:
        """For what the network gives no time."""
        return max(self.position, int(time.time()))
