"""Templates and indices of Elasticsearch: created once, renewed safely, dropped by slice.

Needs nothing that a small or free server lacks: no life-cycle policies, data streams, pipelines or scripts.
"""

from __future__ import annotations

import asyncio
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from elasticsearch import ApiError, AsyncElasticsearch, NotFoundError

from pipeline.errors import TerminalError, TransientError
from pipeline.index.elastic.client import explained, reason_of
from pipeline.index.elastic.slices import end_of

_log = structlog.get_logger()
_FOLDERS = (Path(__file__).parent / "data", Path(__file__).parents[3] / "deploy" / "elasticsearch")
"""Where the templates are in an installed package, and in a checkout."""

_TEMPLATES = ("mentions", "deletions", "incidents", "dead-letters")


class Names:
    """The names of everything under one prefix."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.mentions = f"{prefix}-mentions"
        self.deletions = f"{prefix}-deletions"
        self.incidents = f"{prefix}-incidents"
        self.incident_events = f"{prefix}-incident-events"
        self.dead_letters = f"{prefix}-dead-letters"
        self.english = f"{prefix}-english"

    @property
    def single(self) -> tuple[str, ...]:
        """The indices that are not sliced."""
        return (self.deletions, self.incidents, self.incident_events, self.dead_letters)

    def slice(self, name: str) -> str:
        """The index of a time slice."""
        return f"{self.mentions}-{name}"


class Setup:
    """Makes, renews and drops what the index consists of."""

    def __init__(self, client: AsyncElasticsearch, url: str, names: Names) -> None:
        self._client = client
        self._url = url
        self._names = names

    async def check(self) -> None:
        """Set up unless it has been done: a missing template would let the server guess the mappings."""
        with explained(self._url):
            templates = [f"{self._names.prefix}-{name}" for name in _TEMPLATES]
            found = [bool(await self._client.indices.exists_index_template(name=name)) for name in templates]
            if all(found):
                return
        await self.setup()

    async def setup(self) -> None:
        """Put the templates and bring existing indices up to them.  Mappings only ever grow."""
        with explained(self._url):
            english = await self._has_english()
            if english:
                template = _read("english", self._names.prefix)
                await self._client.cluster.put_component_template(name=self._names.english, **_known(template))
            await asyncio.gather(*(self._put(name, english) for name in _TEMPLATES))
            await asyncio.gather(*(self.create(name) for name in await self._missing()))
        _log.info("search index set up", prefix=self._names.prefix, english=english)

    async def _put(self, name: str, english: bool) -> None:
        """Put a template and renew the indices that it has made."""
        template = _read(name, self._names.prefix)
        if name == "mentions" and english:
            template["composed_of"] = [self._names.english]
            del template["template"]["mappings"]["properties"]["text"]
        await self._client.indices.put_index_template(name=f"{self._names.prefix}-{name}", **_known(template))
        await self._renew(template)

    async def _missing(self) -> list[str]:
        """Those of the single indices that are not there."""
        found = await self._client.indices.get_alias(index=list(self._names.single), ignore_unavailable=True)
        return [name for name in self._names.single if name not in found.body]

    async def _renew(self, template: dict[str, Any]) -> None:
        """Give existing indices the fields that the template has gained."""
        mappings = template["template"]["mappings"]
        properties = dict(mappings["properties"])
        if "composed_of" in template:
            properties |= _read("english", self._names.prefix)["template"]["mappings"]["properties"]
        for pattern in template["index_patterns"]:
            found = await self._client.indices.get_alias(index=pattern, ignore_unavailable=True)
            for index in found.body:
                await self._client.indices.put_mapping(index=index, dynamic="strict", properties=properties)

    async def create(self, name: str) -> None:
        """Make an index by its template; nothing happens when it is there already.

        Raises `TransientError` when the cluster holds as many shards as it may: a person can change that.
        """
        with explained(self._url):
            try:
                await self._client.indices.create(index=name)
            except ApiError as error:
                words = reason_of(error.body)
                if "resource_already_exists" in words:  # another worker was quicker
                    return
                if "validation_exception" in words:
                    raise TransientError(
                        f"index {name} cannot be made ({words})",
                        subject=self._url,
                        todo="Drop old slices with `groundswell index expire`, or raise cluster.max_shards_per_node",
                    ) from error
                raise

    async def _has_english(self) -> bool:
        """Ask the server whether it has the analyzer; a minimal one has not."""
        try:
            await self._client.indices.analyze(analyzer="english", text="parcels")
        except ApiError as error:
            if error.status_code == 400:
                return False
            raise
        return True

    async def slices(self) -> list[tuple[str, datetime]]:
        """(index, end) of every slice."""
        with explained(self._url):
            try:
                found = await self._client.indices.get_alias(index=f"{self._names.mentions}-*")
            except NotFoundError:
                return []
        ends = [(name, end_of(name.removeprefix(f"{self._names.mentions}-"))) for name in found.body]
        return [(name, end) for name, end in ends if end is not None]

    async def drop_before(self, before: datetime) -> int:
        """Drop the slices that end before or at a time; gives their number."""
        dropped = 0
        for name, end in await self.slices():
            if end <= before:
                with explained(self._url):
                    await self._client.indices.delete(index=name, ignore_unavailable=True)
                _log.info("time slice dropped", index=name)
                dropped += 1
        return dropped

    async def remove(self) -> None:
        """Remove everything under the prefix, data included (tests)."""
        names = [name for name, _ in await self.slices()] + list(self._names.single)
        with explained(self._url):
            await self._client.indices.delete(index=names, ignore_unavailable=True)
            quiet = self._client.options(ignore_status=404)
            await quiet.indices.delete_index_template(name=[f"{self._names.prefix}-{name}" for name in _TEMPLATES])
            await quiet.cluster.delete_component_template(name=self._names.english)


def _read(name: str, prefix: str) -> dict[str, Any]:
    """A template of the repository, for a prefix."""
    for folder in _FOLDERS:
        path = folder / f"{name}.json"
        if path.is_file():
            template: dict[str, Any] = json.loads(re.sub(r"\$\{prefix\}", prefix, path.read_text()))
            return template
    raise TerminalError("is not there", subject=f"template {name}.json", todo="Install Groundswell anew")


def _known(template: dict[str, Any]) -> dict[str, Any]:
    """A template as the client's arguments: `_meta` is `meta` there."""
    return {key.lstrip("_"): value for key, value in template.items()}
