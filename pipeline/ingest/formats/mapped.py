"""Files of any layout, read by a mapping from the settings (``[ingest.formats.NAME]``)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import msgspec

from pipeline.contracts.decode import MAX_BYTES, decode
from pipeline.contracts.posts import RawMessage
from pipeline.errors import Malformed
from pipeline.ingest.formats.fields import message_from, moment
from pipeline.ingest.formats.lines import lines
from pipeline.ingest.formats.posts import is_table
from pipeline.ingest.formats.row import Row
from pipeline.ingest.formats.table import table
from pipeline.settings.ingest import FormatSettings

_IDS = ("post_id", "author_id", "parent_id", "root_id")
_OBJECT = msgspec.json.Decoder(dict[str, Any])


class MappedReader:
    """Posts from a table or from JSON lines whose fields the settings name."""

    def __init__(self, name: str, settings: FormatSettings) -> None:
        self.name = name
        self.time_order = settings.time_order
        self._settings = settings
        self._columns = {field: column for field, column in settings.columns.model_dump().items() if column}

    def assumed(self) -> list[str]:
        return []

    def read(self, stream: io.BufferedReader, path: str) -> Iterator[Row]:
        if is_table(stream, path):
            for line, original, cells in table(stream, path, self._columns.values(), self._settings.delimiter):
                if isinstance(cells, Malformed):
                    yield Row(line, original, cells)
                else:
                    yield Row(line, original, self._message({f: cells[c] for f, c in self._columns.items()}))
            return
        for number, data, whole in lines(stream, path):
            if data.strip():
                yield Row(number, data, self._from_json(data, whole))

    def _from_json(self, data: bytes, whole: bool) -> RawMessage | Malformed:
        if not whole:
            return Malformed("too_large", f"the line has more than the {MAX_BYTES:,} bytes allowed")
        try:
            record = decode(data, _OBJECT)
        except Malformed as error:
            return error
        return self._message({field: _reach(record, column) for field, column in self._columns.items()})

    def _message(self, fields: dict[str, Any]) -> RawMessage | Malformed:
        network = self._settings.network
        try:
            for name in _IDS:
                fields[name] = _id(name, fields.get(name), network)
            if fields.get("lang") is not None:
                fields["lang"] = str(fields["lang"])[:35]
            fields["created_at"] = moment(fields["created_at"], self._settings.time, self._settings.zone)
        except Malformed as error:
            return error
        if not fields.get("kind"):
            fields["kind"] = "reply" if fields["parent_id"] else "post"
        return message_from({**fields, "network": network})


def _id(name: str, value: Any, network: str) -> str | None:
    """An id with the network's prefix; numbers are welcome, nested things are not."""
    if value is None or value == "":
        return None
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise Malformed("wrong_type", f"{name} is {type(value).__name__}, not text or a whole number")
    text = str(value).strip()
    return text if text.startswith(f"{network}:") else f"{network}:{text}"


def _reach(record: dict[str, Any], column: str) -> Any:
    """The value under a name, or under a path of names with dots between them."""
    if column in record:
        return record[column]
    value: Any = record
    for part in column.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(part)
    return value
