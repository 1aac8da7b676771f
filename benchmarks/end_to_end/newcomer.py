"""The afternoon's peer: what a competent newcomer writes in an afternoon with the parts that Groundswell stands on.

One Faust agent reads every post with a RoBERTa-base-shaped `transformers` pipeline, finds companies by searching for
their names, counts negatives in a hopping table, and makes one call to Elasticsearch a post.  It is written to be good
at that, not to be slow: a loaded model, an asynchronous client, the committing that Faust does by itself.  It knows no
copies, edits, deletions, threads, hours of the day or promise.

It runs as ``python -m benchmarks.end_to_end.newcomer``, set up by the environment (see `main`).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import faust

from benchmarks.model.roberta import Classify
from pipeline.contracts.topics import POSTS_RAW

WINDOW = timedelta(hours=1)
STEP = timedelta(minutes=5)
EXPIRES = timedelta(hours=2)

Write = Callable[[dict[str, Any]], Awaitable[Any]]
"""Puts one document into the index."""


def companies_in(text: str, names: Mapping[str, str]) -> set[str]:
    """The ids of the companies that a text names; `names` maps a name in small letters to an id."""
    small = text.lower()
    return {company for name, company in names.items() if name in small}


def newcomer_app(
    bootstrap: str, classify: Classify, names: Mapping[str, str], write: Write, **settings: Any
) -> faust.App:
    """The whole of it; `settings` are further ones of Faust."""
    broker = [f"kafka://{address}" for address in bootstrap.split(",")]
    options = {"store": "memory://", "web_enabled": False, "topic_partitions": POSTS_RAW.partitions, **settings}
    app = faust.App("afternoon", broker=broker, **options)
    posts = app.topic(POSTS_RAW.name, value_serializer="json")
    negatives = app.Table("negatives", default=int).hopping(WINDOW, STEP, expires=EXPIRES)

    @app.agent(posts)
    async def read(stream: Any) -> None:
        async for post in stream:
            sentiment = classify(post["text"])[0]
            companies = sorted(companies_in(post["text"], names))
            if sentiment["label"] == "negative":
                for company in companies:
                    negatives[company] += 1
            await write(
                {
                    "post_id": post["post_id"],
                    "text": post["text"],
                    "created_at": post["created_at"],
                    "companies": companies,
                    "sentiment": sentiment,
                    "negatives": {company: negatives[company].current() for company in companies},
                }
            )

    return app


def main() -> None:
    """Run until stopped.

    Reads AFTERNOON, a JSON object: `bootstrap`, `url`, `username`, `password`, `index`, `threads`, `names`, and
    `sample`, texts on which the model's answers are balanced.
    """
    from elasticsearch import AsyncElasticsearch

    from benchmarks.model.roberta import balance, roberta_base

    given = json.loads(os.environ["AFTERNOON"])
    classify = roberta_base(given["threads"])
    balance(classify, given["sample"])
    elasticsearch = AsyncElasticsearch(given["url"], basic_auth=(given["username"], given["password"]))

    async def write(document: dict[str, Any]) -> None:
        await elasticsearch.index(index=given["index"], document=document)

    app = newcomer_app(given["bootstrap"], classify, given["names"], write)
    sys.argv = ["newcomer", "worker", "--loglevel=warn"]
    app.main()


if __name__ == "__main__":
    main()
