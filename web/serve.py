"""Serves the page on this machine alone, with threads and without a way to any other machine.

python web/serve.py [PORT] [FOLDER]

Port 0 stands for any that is free.
"""

import contextlib
import functools
import http.server
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
HEADERS = {
    # pictures cannot leave: the browser refuses
    "Content-Security-Policy": (
        "default-src 'self' blob: data:; script-src 'self' 'wasm-unsafe-eval'"
    ),
    # what browsers want before they give threads
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cache-Control": "no-cache",
}


class Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = {
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
        ".wasm": "application/wasm",
    }

    def end_headers(self):
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, *arguments):
        pass


def main(port=8000, folder=HERE):
    handler = functools.partial(Handler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), handler) as server:
        print(f"open http://localhost:{server.server_port}/ in a browser; Ctrl-C stops", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
