"""Saved objects of Kibana by kind: one JSON object a line, parts of it JSON in a string.

Queries are in Lucene's syntax, so that the tests can run them against Elasticsearch as they stand.
"""

from __future__ import annotations

import json
from typing import Any

Object = dict[str, Any]

LAYER = "layer"
ROWS = "___records___"


def data_view(title: str, time_field: str, name: str) -> Object:
    """An index or alias that Kibana may look at; its id is its title."""
    return _object("index-pattern", title, {"title": title, "name": name, "timeFieldName": time_field}, [], "8.0.0")


def search(id: str, title: str, view: str, query: str, columns: list[str], newest_by: str) -> Object:
    """A table of documents in Discover."""
    source = {
        "query": {"query": query, "language": "lucene"},
        "filter": [],
        "indexRefName": "kibanaSavedObjectMeta.searchSourceJSON.index",
    }
    attributes = {
        "title": title,
        "description": "",
        "columns": columns,
        "sort": [[newest_by, "desc"]],
        "kibanaSavedObjectMeta": {"searchSourceJSON": json.dumps(source)},
    }
    references = [{"name": "kibanaSavedObjectMeta.searchSourceJSON.index", "type": "index-pattern", "id": view}]
    return _object("search", id, attributes, references, "8.0.0")


def over_time(field: str) -> Object:
    """A column: spans of time, their length chosen by Kibana."""
    params = {"interval": "auto", "includeEmptyRows": True, "dropPartials": False}
    return _column("date_histogram", "Time", field, "date", "interval", params, bucketed=True)


def top(field: str, label: str, size: int, by: str = "count") -> Object:
    """A column: the most frequent values of a field."""
    params = {
        "size": size,
        "orderBy": {"type": "column", "columnId": by},
        "orderDirection": "desc",
        "otherBucket": False,
        "missingBucket": False,
        "parentFormat": {"id": "terms"},
    }
    return _column("terms", label, field, "string", "ordinal", params, bucketed=True)


def count(label: str) -> Object:
    """A column: the number of documents."""
    return _column("count", label, ROWS, "number", "ratio", {}, bucketed=False)


def average(field: str, label: str) -> Object:
    """A column: the mean of a number."""
    return _column("average", label, field, "number", "ratio", {}, bucketed=False)


def maximum(field: str, label: str) -> Object:
    """A column: the largest value of a number."""
    return _column("max", label, field, "number", "ratio", {}, bucketed=False)


def bars(id: str, title: str, view: str, query: str, columns: dict[str, Object], *, flat: bool = False) -> Object:
    """Stacked bars: the first column along the axis, a second bucketed one as colours, the others as heights."""
    buckets = [name for name, column in columns.items() if column["isBucketed"]]
    kind = "bar_horizontal_stacked" if flat else "bar_stacked"
    layer: Object = {
        "layerId": LAYER,
        "layerType": "data",
        "seriesType": kind,
        "xAccessor": buckets[0],
        "accessors": [name for name in columns if name not in buckets],
    }
    if len(buckets) > 1:
        layer["splitAccessor"] = buckets[1]
    look = {
        "legend": {"isVisible": True, "position": "right"},
        "valueLabels": "hide",
        "preferredSeriesType": kind,
        "layers": [layer],
    }
    return _lens(id, title, view, query, columns, "lnsXY", look)


def table(id: str, title: str, view: str, query: str, columns: dict[str, Object]) -> Object:
    """A table with one row a value of the bucketed columns."""
    look = {"layerId": LAYER, "layerType": "data", "columns": [{"columnId": name} for name in columns]}
    return _lens(id, title, view, query, columns, "lnsDatatable", look)


def dashboard(id: str, title: str, description: str, rows: list[tuple[int, list[Object]]], since: str) -> Object:
    """Panels in rows of equal widths; `rows` gives each row's height and its objects, `since` the time range shown."""
    panels: list[Object] = []
    references: list[Object] = []
    y = 0
    for height, objects in rows:
        width = 48 // len(objects)
        for place, shown in enumerate(objects):
            number = str(len(panels) + 1)
            panels.append(
                {
                    "type": shown["type"],
                    "panelIndex": number,
                    "panelRefName": f"panel_{number}",
                    "gridData": {"x": place * width, "y": y, "w": width, "h": height, "i": number},
                    "embeddableConfig": {"enhancements": {}},
                }
            )
            references.append({"name": f"{number}:panel_{number}", "type": shown["type"], "id": shown["id"]})
        y += height
    attributes = {
        "title": title,
        "description": description,
        "panelsJSON": json.dumps(panels),
        "optionsJSON": json.dumps({"useMargins": True, "syncColors": False, "hidePanelTitles": False}),
        "timeRestore": True,
        "timeFrom": since,
        "timeTo": "now",
        "refreshInterval": {"pause": False, "value": 30_000},
        "version": 1,
        "kibanaSavedObjectMeta": {
            "searchSourceJSON": json.dumps({"query": {"query": "", "language": "lucene"}, "filter": []})
        },
    }
    return _object("dashboard", id, attributes, references, "8.9.0")


def _column(operation: str, label: str, field: str, data: str, scale: str, params: Object, *, bucketed: bool) -> Object:
    return {
        "operationType": operation,
        "label": label,
        "customLabel": True,
        "sourceField": field,
        "dataType": data,
        "scale": scale,
        "isBucketed": bucketed,
        "params": params,
    }


def _lens(
    id: str, title: str, view: str, query: str, columns: dict[str, Object], kind: str, visualization: Object
) -> Object:
    layer = {"columnOrder": list(columns), "columns": columns, "incompleteColumns": {}, "sampling": 1}
    state = {
        "datasourceStates": {"formBased": {"layers": {LAYER: layer}}},
        "visualization": visualization,
        "query": {"query": query, "language": "lucene"},
        "filters": [],
        "internalReferences": [],
        "adHocDataViews": {},
    }
    attributes = {"title": title, "description": "", "visualizationType": kind, "state": state}
    references = [{"type": "index-pattern", "id": view, "name": f"indexpattern-datasource-layer-{LAYER}"}]
    return _object("lens", id, attributes, references, "8.9.0")


def _object(type: str, id: str, attributes: Object, references: list[Object], version: str) -> Object:
    return {
        "id": id,
        "type": type,
        "attributes": attributes,
        "references": references,
        "coreMigrationVersion": "8.8.0",
        "typeMigrationVersion": version,
    }
