"""Requests on their way in: read piece by piece, within bounds, before anybody handles them."""

from __future__ import annotations

import re
from typing import Any

from gunicorn.http.body import Body, ChunkedReader, LengthReader
from gunicorn.http.errors import InvalidChunkSize, LimitRequestHeaders
from gunicorn.http.parser import RequestParser
from gunicorn.http.unreader import IterUnreader, Unreader

from dashboard.common.request_size import MOST_BYTES

MOST_HEAD = 64 * 1024
"""Bytes of a request's first line and headers."""
LONGEST_LINE = 8190
"""Bytes of the line that begins a chunk, and of all trailers."""

SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}")


class Arrived(Unreader):  # type: ignore[misc]
    """What a client has sent and nobody has read; reading it never waits."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = bytearray()

    def chunk(self, size_hint: int | None = None) -> bytes:
        """All of it."""
        taken, self.bytes = bytes(self.bytes), bytearray()
        return taken


class Chunks:
    """A body in chunks (RFC 9112, section 7.1), put together."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.read = 0
        self._size: int | None = None

    @property
    def is_too_large(self) -> bool:
        """Also by what surrounds the chunks: a byte a chunk is five times as much."""
        return len(self.body) + (self._size or 0) > MOST_BYTES or self.read > 2 * MOST_BYTES

    def take(self, data: bytearray) -> bool:
        """Move what can be read from `data`; whether that was the end. ValueError if it is none."""
        at, is_whole = 0, False
        while not (is_whole or self.is_too_large):
            if self._size:
                end = at + self._size
                if len(data) < end + 2:
                    break
                if data[end : end + 2] != b"\r\n":
                    raise ValueError("a chunk without an end")
                self.body += data[at:end]
                at, self._size = end + 2, None
                continue
            end = data.find(b"\r\n", at)
            if (end if end >= 0 else len(data)) - at > LONGEST_LINE:
                raise ValueError("a long line between chunks")
            if end < 0:
                break
            if self._size is None:
                self._size = self._size_in(data[at:end])
            else:  # a trailer, which says nothing to us, or the empty line behind them
                is_whole = end == at
            at = end + 2
        self.read += at
        del data[:at]
        return is_whole

    def _size_in(self, line: bytearray) -> int:
        digits = line.partition(b";")[0].rstrip(b" \t")
        if not SIZE.fullmatch(digits):
            raise ValueError("a chunk without a size")
        return int(digits, 16)


class Incoming(RequestParser):  # type: ignore[misc]  # gunicorn is not typed
    """The requests of one connection, each given away when it is whole, broken or too large."""

    def __init__(self, cfg: Any, client: Any) -> None:
        super().__init__(cfg, [], client)
        self.unreader = self.arrived = Arrived()
        self.begin()

    def begin(self) -> None:
        """The next request, of which something may be there already."""
        self.found: Any = None
        self.error: Exception | None = None
        self.is_refused = self.wants_continue = False
        self._chunks: Chunks | None = None
        self._searched = 0
        self._put_back()

    @property
    def held(self) -> int:
        """Bytes in memory."""
        return len(self.arrived.bytes) + (len(self._chunks.body) if self._chunks else 0)

    def is_whole(self) -> bool:
        """Whether a thread can take it now."""
        if self.found is None and self.error is None and self._has_head():
            self._read_head()
        return self.error is not None or (self.found is not None and self._has_body())

    def __next__(self) -> Any:
        """The request, or the error, for the thread."""
        if self.error is not None:
            raise self.error
        return self.found

    def finish_body(self, deadline: float | None = None, max_bytes: int | None = None) -> bool:
        """Pass over what nobody read of the body; nothing is waited for, so all of it."""
        return bool(super().finish_body())

    def _put_back(self) -> None:
        self.arrived.bytes[:0] = self.arrived.take_buffered()

    def _has_head(self) -> bool:
        data = self.arrived.bytes
        found = data.find(b"\r\n\r\n", max(0, self._searched - 3))
        self._searched = len(data)
        if found < 0 and len(data) > MOST_HEAD:
            self.error = LimitRequestHeaders("too long")
        return found >= 0

    def _read_head(self) -> None:
        try:
            self.found = super().__next__()
        except Exception as error:  # noqa: BLE001 - raised again in the thread, which answers
            self.error = error
            return
        self._put_back()
        if isinstance(self.found.body.reader, ChunkedReader):
            self._chunks = Chunks()
        self.wants_continue = self.found._expected_100_continue
        self.found._expected_100_continue = False

    def _has_body(self) -> bool:
        if self._chunks is not None:
            return self._has_chunks(self._chunks)
        length: int = self.found.body.reader.length
        if length > MOST_BYTES:
            self._replace_body(b"", length)
            self.is_refused = True
        return self.is_refused or len(self.arrived.bytes) >= length

    def _has_chunks(self, chunks: Chunks) -> bool:
        try:
            is_whole = chunks.take(self.arrived.bytes)
        except ValueError as error:
            self.error = InvalidChunkSize(str(error).encode())
            return True
        self.is_refused = chunks.is_too_large
        if self.is_refused:
            self._replace_body(b"", MOST_BYTES + 1)
        elif is_whole:
            self._replace_body(bytes(chunks.body), len(chunks.body))
        return is_whole or self.is_refused

    def _replace_body(self, data: bytes, length: int) -> None:
        """Another body, said to be so long: Django reads none whose length is not said."""
        request, framing = self.found, {"CONTENT-LENGTH", "TRANSFER-ENCODING"}
        request.headers = [one for one in request.headers if one[0] not in framing]
        request.headers.append(("CONTENT-LENGTH", str(length)))
        request.body = Body(LengthReader(IterUnreader([data]), len(data)))
        request.force_close()
