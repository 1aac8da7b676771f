"""The walk through boosted trees: most of what a forecast takes.

A node is an object that holds all that is asked of it, since forecasts are made seldom and their trees have left the
processor's cache by then.
"""

from __future__ import annotations


class Node:
    """A node; one without children (`left` None) is a leaf, and its `threshold` the value."""

    __slots__ = ("feature", "left", "right", "threshold")

    def __init__(self, feature: int, threshold: float, left: Node | None, right: Node | None) -> None:
        self.feature = feature
        self.threshold = threshold
        self.left = left
        self.right = right


def grown(
    feature: tuple[int, ...], threshold: tuple[float, ...], left: tuple[int, ...], right: tuple[int, ...], root: int,
    node: int,
) -> Node:  # fmt: skip
    """The tree below a node; the layout is that of `forecast.Forest`."""
    if not left[node]:
        return Node(0, threshold[node], None, None)
    low, high = (grown(feature, threshold, left, right, root, root + side[node]) for side in (left, right))
    return Node(feature[node], threshold[node], low, high)


def added(trees: list[Node], x: tuple[float, ...]) -> float:
    """The sum of the leaves that `x` comes to."""
    total = 0.0
    for tree in trees:
        node = tree
        left = node.left
        while left is not None:
            if x[node.feature] <= node.threshold:
                node = left
            else:
                right = node.right
                assert right is not None
                node = right
            left = node.left
        total += node.threshold
    return total
