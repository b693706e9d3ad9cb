"""Pages go out packed: a list of fifty rows is 70 kB of markup and 8 kB on its way."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware


class PackedPagesMiddleware(GZipMiddleware):
    """Packs pages and parts of pages for browsers that take that.

    Django adds up to a hundred random bytes to each, so that its length does not tell what is in
    it to whoever can have something of theirs shown beside it (BREACH). Streams are left alone:
    packing would hold their first rows back; and so are downloads, which may be large.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """The response, packed if it is a page."""
        is_page = response.headers.get("Content-Type", "").startswith("text/html")
        if response.streaming or not is_page:
            return response
        return super().process_response(request, response)
