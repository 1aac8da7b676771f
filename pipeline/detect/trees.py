"""The walk through boosted trees: most of what a forecast takes."""

from __future__ import annotations


class Node:
    """A node; one without children (`left` None) is a leaf, and its `threshold` the value."""

    __slots__ = ("feature", "left", "right", "threshold")

    def __init__(self, feature: int, threshold: float, left: Node | None, right: Node | None) -> None:
        self.feature = feature
        self.threshold = threshold
        self.left = left
        self.right = right


class Trees:
    """Trees as they are walked; what is given has the layout of `forecast.Forest`."""

    __slots__ = ("_trees",)

    def __init__(
        self, feature: tuple[int, ...], threshold: tuple[float, ...], left: tuple[int, ...], right: tuple[int, ...],
        roots: tuple[int, ...],
    ) -> None:  # fmt: skip
        def grown(root: int, node: int) -> Node:
            if not left[node]:
                return Node(0, threshold[node], None, None)
            low, high = (grown(root, root + side[node]) for side in (left, right))
            return Node(feature[node], threshold[node], low, high)

        self._trees = [grown(root, root) for root in roots]

    def added(self, x: tuple[float, ...]) -> float:
        """The sum of the leaves that `x` comes to, tree by tree."""
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
        return total
