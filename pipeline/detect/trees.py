"""The walk through boosted trees: most of what a forecast takes."""

from __future__ import annotations


def added(
    roots: tuple[int, ...], feature: tuple[int, ...], threshold: tuple[float, ...], left: tuple[int, ...],
    right: tuple[int, ...], x: tuple[float, ...],
) -> float:  # fmt: skip
    """The sum of the leaves that `x` comes to; the layout is that of `forecast.Forest`."""
    total = 0.0
    for root in roots:
        node = root
        child = left[node]
        while child:
            node = root + (child if x[feature[node]] <= threshold[node] else right[node])
            child = left[node]
        total += threshold[node]
    return total
