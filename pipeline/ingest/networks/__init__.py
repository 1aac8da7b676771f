"""Agents, one module a network: its wire, its paging, its quirks."""
