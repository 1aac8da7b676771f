"""The posts in five languages: their shape, and how what is linked in them is counted."""

from __future__ import annotations

from collections import Counter

from benchmarks.linking.languages import LabelledPost, Outcome, figures, read
from pipeline.enrich.catalogue import load_catalogue


def test_sixty_posts_a_language_half_with_a_name_that_is_a_word_there() -> None:
    posts = read()
    assert Counter(post.lang for post in posts) == dict.fromkeys(("en", "de", "es", "fr", "pt"), 60)
    assert Counter(post.lang for post in posts if post.word) == dict.fromkeys(("en", "de", "es", "fr", "pt"), 30)


def test_about_half_of_the_words_are_only_words() -> None:
    words = [post for post in read() if post.word]
    assert 0.4 < sum(not post.entities for post in words) / len(words) < 0.6


def test_no_post_is_there_twice() -> None:
    posts = read()
    assert len({post.id for post in posts}) == len({post.text.casefold() for post in posts}) == len(posts)


def test_every_expected_entity_is_in_the_shipped_catalogue() -> None:
    expected = frozenset[str]().union(*(post.entities for post in read()))
    assert expected - load_catalogue().entities.keys() == frozenset()


def test_every_link_of_a_post_is_counted() -> None:
    post = LabelledPost("en-1", "en", "bluesky", False, frozenset({"a", "b"}), "A is dearer than B")
    assert figures([Outcome(post, frozenset({"a", "c"}))]) == (1, 1, 1)
