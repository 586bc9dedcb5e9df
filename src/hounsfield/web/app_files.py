"""Serves the built browser app: its files, and its first page for every other path."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from hounsfield.dicomweb.problems import problem

# viewer-facts: WebAssembly decoders need wasm-unsafe-eval, Mantine sets styles, images are made as blobs.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_TYPES = {".wasm": "application/wasm", ".js": "text/javascript", ".svg": "image/svg+xml"}
_NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Hounsfield</title>
<style>body{font:16px system-ui;margin:10vh auto;max-width:40rem;padding:0 1rem;line-height:1.5}</style>
<h1>The browser app is not built</h1>
<p>The archive runs; DICOM, DICOMweb at <code>/dicom-web</code> and the API at <code>/api</code> answer.</p>
<p>To build the app in a checkout: <code>cd viewer &amp;&amp; npm ci &amp;&amp; npm run build</code>, then reload.</p></html>
"""


def app_folder() -> Path | None:
    """Where the built app lies: inside the installed package, or in a checkout's viewer/dist."""
    inside = Path(__file__).parent / "app"
    checkout = Path(__file__).parents[3] / "viewer" / "dist"
    return next(
        (folder for folder in (inside, checkout) if (folder / "index.html").is_file()), None
    )


class AppFiles:
    """Answers GET for any path that no other route took."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    async def answer(self, request: Request) -> Response:
        """Give a file, the first page, or 404 for a file that is not there."""
        folder = self._folder or app_folder()
        headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY}
        if folder is None:
            return HTMLResponse(_NOT_BUILT, headers=headers)
        name = request.path_params.get("path", "")
        path = (folder / name).resolve()
        if name and path.is_relative_to(folder.resolve()) and path.is_file():
            is_hashed = name.startswith("assets/")
            headers["Cache-Control"] = (
                "public, max-age=31536000, immutable" if is_hashed else "no-cache"
            )
            return FileResponse(path, headers=headers, media_type=_TYPES.get(path.suffix))
        if name.startswith("assets/") or Path(name).suffix[1:].isalpha():
            return problem(404, "There is no such file.")
        headers["Cache-Control"] = "no-cache"
        return FileResponse(folder / "index.html", headers=headers, media_type="text/html")
