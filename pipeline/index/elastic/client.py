"""The Elasticsearch client: no retries of its own; errors split into transient and terminal.

Retries belong to the bulk loop and to the driver, which know what may be repeated and keep the order.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from elastic_transport import TlsError
from elasticsearch import ApiError, AsyncElasticsearch, TransportError, UnsupportedProductError

from pipeline.errors import SettingsError, TerminalError, TransientError
from pipeline.settings.index import IndexSettings

REQUEST_SECONDS = 60.0
TRANSIENT = frozenset((408, 429, 500, 502, 503, 504))
"""HTTP statuses that may pass."""


def connect(settings: IndexSettings) -> AsyncElasticsearch:
    """A client for the server of the settings; connects when it is first used.

    Raises `SettingsError` for an address that is none, or credentials that contradict each other.
    """
    address = urlsplit(settings.url)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise SettingsError("is not an address", subject="index.url", todo="Give one such as https://search:9200")
    if address.username or address.password:
        raise SettingsError(
            "holds a user name or password", subject="index.url", todo="Set index.username and index.password instead"
        )
    api_key = settings.api_key.get_secret_value()
    if api_key and settings.username:
        raise SettingsError("is set, and index.username too", subject="index.api_key", todo="Set one of them")
    options: dict[str, Any] = {}
    if api_key:
        options["api_key"] = api_key
    elif settings.username:
        options["basic_auth"] = (settings.username, settings.password.get_secret_value())
    if settings.ca_file is not None:
        if not settings.ca_file.is_file():
            raise SettingsError(f"no such file: {settings.ca_file}", subject="index.ca_file")
        options["ca_certs"] = str(settings.ca_file)
    port = address.port or (443 if address.scheme == "https" else 80)
    return AsyncElasticsearch(
        [f"{address.scheme}://{_host(address.hostname)}:{port}{address.path.rstrip('/')}"],
        max_retries=0,
        retry_on_timeout=False,
        retry_on_status=(),
        request_timeout=REQUEST_SECONDS,
        **options,
    )


def _host(name: str) -> str:
    return f"[{name}]" if ":" in name else name


@contextmanager
def explained(url: str) -> Iterator[None]:
    """Turns what the client raises into errors that say what to do."""
    try:
        yield
    except ApiError as error:
        raise api_error(error, url) from error
    except TlsError as error:
        raise TerminalError(
            f"the server's certificate is not trusted ({error.message})", subject=url, todo="Set index.ca_file"
        ) from error
    except UnsupportedProductError as error:
        raise TerminalError("does not answer like Elasticsearch", subject=url, todo="Check index.url") from error
    except TransportError as error:
        raise TransientError(f"Elasticsearch cannot be reached ({error.message})", subject=url) from error


def api_error(error: ApiError, url: str) -> TransientError | TerminalError:
    """What an answer with an error status means."""
    status, words = error.status_code, reason_of(error.body)
    if status in TRANSIENT:
        return TransientError(f"Elasticsearch answers {status} ({words})", subject=url)
    if status in (401, 403):
        return TerminalError(
            f"Elasticsearch answers {status} ({words})",
            subject=url,
            todo="Check index.username, index.password or index.api_key, and what they may do",
        )
    return TerminalError(f"Elasticsearch answers {status} ({words})", subject=url)


def kind_of(body: Any) -> str:
    """The type of an error, in the server's word; empty where it names none."""
    error = body.get("error", body) if isinstance(body, dict) else body
    return str(error.get("type", "")) if isinstance(error, dict) else ""


def reason_of(body: Any) -> str:
    """The server's words, with those of the cause, at most 500 characters."""
    error = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(error, dict):
        cause = error.get("caused_by")
        words = f"{error.get('type', 'error')}: {error.get('reason', '')}"
        if isinstance(cause, dict) and cause.get("reason"):
            words += f" ({cause['reason']})"
    else:
        words = str(error)
    return " ".join(words.split())[:500]
