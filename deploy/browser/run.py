"""onnxruntime-web in a real Chromium, for the conformance protocol of ../harness.py.

python run.py --vectors FOLDER MODEL SECONDS

The draw-a-digit program of this runtime is the page in ../web; its installed runtime is used here.
"""

import http.server
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from queue import Empty, Queue

DEPLOY = Path(__file__).parents[1]
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--no-first-run",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 120  # seconds


def find_chromium() -> str | None:
    """Return the path of an installed Chromium or Chrome, or None."""
    return next(filter(None, map(shutil.which, CHROMIUM)), None)


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves the page, the runtime, the model and the vectors; takes what the page posts."""

    folder: Path
    model: Path
    posted: Queue  # of (path, bytes)

    def do_GET(self) -> None:
        """Answer with a file."""
        path = self.path.partition("?")[0]
        file = {
            "/": DEPLOY / "browser/index.html",
            "/vectors.mjs": DEPLOY / "vectors.mjs",
            "/model": self.model,
        }.get(path)
        if path.startswith("/ort/"):
            file = DEPLOY / "web/node_modules/onnxruntime-web/dist" / Path(path).name
        if path.startswith("/folder/"):
            file = self.folder / Path(path).name
        if file is None or not file.is_file():
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", self.content_type(file))
        self.end_headers()
        self.wfile.write(file.read_bytes())

    def content_type(self, file: Path) -> str:
        """Return the type that a browser insists on for scripts and WebAssembly."""
        types = {".html": "text/html", ".mjs": "text/javascript", ".wasm": "application/wasm"}
        return types.get(file.suffix, "application/octet-stream")

    def do_POST(self) -> None:
        """Keep what the page sends."""
        self.posted.put((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Stay quiet: stdout and stderr belong to the protocol."""


def main() -> None:
    """Serve the page on loopback, open it in Chromium, and print what it measured."""
    _, folder, model, seconds = sys.argv[1:]
    chromium = find_chromium() or sys.exit("no Chromium on the PATH")
    Handler.folder, Handler.model, Handler.posted = Path(folder), Path(model), Queue()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/?seconds={seconds}"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [chromium, *FLAGS, f"--user-data-dir={profile}", "--remote-debugging-port=0", url]
        browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            images, result = take("/images"), take("/result")
        finally:
            browser.terminate()
            browser.wait()
    (Handler.folder / "made.raw").write_bytes(images)
    print(result.decode())


def take(wanted: str) -> bytes:
    """Return what the page posts to `wanted`; end the program if it posts something else, or nothing."""
    try:
        path, body = Handler.posted.get(timeout=PATIENCE)
    except Empty:
        sys.exit(f"Chromium sent nothing for {PATIENCE} s")
    return body if path == wanted else sys.exit(body.decode())


if __name__ == "__main__":
    main()
