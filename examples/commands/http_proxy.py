"""``http_proxy METHOD URL [HEADERS_JSON]``: send an HTTP request with stdin as its body, and print the response's body.

The method ``post`` is POST, any other is GET. Whatever the response's status is, its body is printed. An error ends the
program with status 1 and a line on stderr.

What a person grants is an address, so this goes to no other one: it follows no redirection, and opens no ``file:``.
"""

from __future__ import annotations

import http.client
import json
import sys
import urllib.request

TIMEOUT = 60.0
DEFAULT_HEADERS = '{"Content-Type": "text/plain"}'
USAGE = "usage: http_proxy METHOD URL [HEADERS_JSON]"


def send(method: str, url: str, headers_json: str, body: bytes) -> bytes:
    """Send a request and return the body of the response.

    Raises
    ------
    ValueError
        For an address that is not HTTP, or headers that are no JSON object of texts.
    OSError
        When there is no connection.
    """
    if not url.lower().startswith(("http://", "https://")):
        raise ValueError(f"{url} is no address of HTTP")
    headers = json.loads(headers_json)
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise ValueError("the headers are no JSON object of texts")
    verb = "POST" if method.lower() == "post" else "GET"
    request = urllib.request.Request(url, data=body, headers=headers, method=verb)
    opener = urllib.request.OpenerDirector()  # without handlers for redirections, errors, proxies and files
    opener.add_handler(urllib.request.HTTPHandler())
    opener.add_handler(urllib.request.HTTPSHandler())
    with opener.open(request, timeout=TIMEOUT) as response:
        return response.read()


def main(words: list[str]) -> int:
    """Run the program and return its status."""
    if len(words) not in (2, 3):
        print(USAGE, file=sys.stderr)
        return 1
    method, url, *headers = words
    try:
        body = send(method, url, headers[0] if headers else DEFAULT_HEADERS, sys.stdin.buffer.read())
    except (OSError, ValueError, http.client.HTTPException) as error:
        print(f"http_proxy: {error}", file=sys.stderr)
        return 1
    sys.stdout.buffer.write(body)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
