"""The peers that can run here."""

from __future__ import annotations

from benchmarks.detection.peers import ears, gnip, hopping, huginn, min_scan, socialmetrix, trees, week
from benchmarks.detection.peers.stream import Peer

PEERS: tuple[Peer, ...] = (
    min_scan.PEER, huginn.PEER, socialmetrix.PEER, week.PEER, gnip.PEER, ears.PEER, hopping.PEER,
    *((trees.PEER,) if trees.AVAILABLE else ()),
)  # fmt: skip

MISSING = () if trees.AVAILABLE else ("river's half-space trees: left out, they need `pip install river`",)
"""What to say of those that cannot."""
