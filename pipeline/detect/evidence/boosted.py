"""Boosted trees as plain numbers, asked without the library that fitted them."""

from __future__ import annotations

from collections.abc import Sequence


class Node:
    """A node; one without children (`left` None) is a leaf, and its `threshold` the value."""

    __slots__ = ("feature", "left", "right", "threshold")

    def __init__(self, feature: int, threshold: float, left: Node | None, right: Node | None) -> None:
        self.feature = feature
        self.threshold = threshold
        self.left = left
        self.right = right


class Forest:
    """Boosted trees (Friedman 2001): `base`, and `rate` times the sum of the leaves that a question comes to.

    It is made of trees laid end to end: a node whose `left` is 0 holds a value in `threshold`, the others ask whether
    `feature` is at most `threshold` and go left if so.  Children are counted from their tree's root.
    """

    __slots__ = ("_base", "_rate", "_trees")

    def __init__(
        self, base: float, rate: float, roots: Sequence[int], feature: Sequence[int], threshold: Sequence[float],
        left: Sequence[int], right: Sequence[int],
    ) -> None:  # fmt: skip
        def grown(root: int, node: int) -> Node:
            if not left[node]:
                return Node(0, threshold[node], None, None)
            low, high = (grown(root, root + side[node]) for side in (left, right))
            return Node(feature[node], threshold[node], low, high)

        self._base = base
        self._rate = rate
        self._trees: list[Node] = [grown(root, root) for root in roots]

    def predict(self, x: tuple[float, ...]) -> float:
        """The prediction for the features `x`."""
        total = 0.0
        for tree in self._trees:
            node = tree
            left = node.left
            while left is not None:
                if x[node.feature] <= node.threshold:
                    node = left
                else:
                    assert node.right is not None
                    node = node.right
                left = node.left
            total += node.threshold
        return self._base + self._rate * total
