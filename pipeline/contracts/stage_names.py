"""Names of the stages, in the order in which a record passes them."""

from __future__ import annotations

STAGES = ("enrich", "detect", "index", "alert")
