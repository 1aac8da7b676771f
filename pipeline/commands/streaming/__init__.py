"""Commands for live streams: everything at once, stages, agents, the page, replays."""
