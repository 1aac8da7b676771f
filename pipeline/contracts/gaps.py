"""What a network did not give, from when to when: the messages on ``gaps.v1``."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from pipeline.contracts.values import Id, Time

GapReason = Literal["too_old", "too_large", "withheld", "slow_consumer", "not_given"]
"""`too_old`: the network no longer had it; `too_large`: a frame that was not taken in; `withheld`: the network refused
(rights, a limit on pages); `slow_consumer`: it let us go since we were behind; `not_given`: it never gives back."""


class NetworkGap(Struct, tag_field="type", tag="network_gap", kw_only=True):
    """A span of a network that nothing was received of, and that will not come any more.

    Posts of that span may be missing everywhere behind: silence in it says nothing about what people wrote.
    """

    gap_id: Id
    """The same for the same gap, whenever it is published."""
    network: Id
    agent: Annotated[str, Meta(max_length=512)]
    """The agent that noticed it: of a network with several servers, which of them."""
    stream: Annotated[str, Meta(max_length=512)] = ""
    """The feed, tag, channel or timeline; empty where the network has only one."""
    since: Time
    until: Time
    reason: GapReason
    noticed_at: Time
