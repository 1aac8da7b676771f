"""`groundswell web`: the built-in page in a process of its own."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.commands import context

app = context.new_app()


@app.command()
def web(parent: Annotated[int | None, typer.Option(hidden=True)] = None) -> None:
    """Serve the built-in page, on loopback unless web.host says otherwise.

    Example:  `groundswell --set web.port=8801 web`
    """
    import asyncio

    from pipeline.commands.streaming.processes import serve_page

    asyncio.run(serve_page(context.load(), parent))
