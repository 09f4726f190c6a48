"""Style sheets, scripts, fonts and icons: compressed once, cached long under a version."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response

from graph_service.api.problems import Problem
from graph_service.api.request import wants_gzip

FOLDER = Path(__file__).parent / "static"
COMPRESSIBLE = ("text/", "application/javascript", "text/javascript", "image/svg+xml")
TYPES = {".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2"}
router = APIRouter(include_in_schema=False)


@lru_cache(maxsize=256)
def _read(path: Path, modified: int) -> tuple[bytes, bytes, str]:
    """Content, the same compressed (empty when not worth it), and version of a file."""
    content = path.read_bytes()
    media = media_type(path)
    packed = gzip.compress(content, 9, mtime=0) if media.startswith(COMPRESSIBLE) else b""
    return content, packed, hashlib.sha256(content).hexdigest()[:10]


def media_type(path: Path) -> str:
    """The media type of a file by the end of its name."""
    guessed = mimetypes.guess_type(path.name)[0]
    return TYPES.get(path.suffix, guessed or "application/octet-stream")


def static_url(name: str) -> str:
    """The address of a file of ours with its version, so that it can be cached for a year."""
    path = FOLDER / name
    return f"/static/{name}?v={_read(path, path.stat().st_mtime_ns)[2]}"


def has_design_system() -> bool:
    """Whether the public sector's design system was installed at build time."""
    return (FOLDER / "dkfds" / "css" / "dkfds.min.css").is_file()


def _is_ours(path: Path) -> bool:
    try:
        return path.resolve().is_relative_to(FOLDER.resolve()) and path.is_file()
    except (OSError, ValueError):  # a name that no file can have: too long, or with a null
        return False


@router.get("/static/{name:path}", name="static")
def static(request: Request, name: str) -> Response:
    """A file under ``static/``."""
    path = FOLDER / name
    if not _is_ours(path):
        raise Problem("not-found", f"Filen {name[:80]} findes ikke.")
    content, packed, _ = _read(path, path.stat().st_mtime_ns)
    lasting = "public, max-age=31536000, immutable" if "v" in request.query_params else "no-cache"
    headers = {
        "Cache-Control": lasting,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if packed and wants_gzip(request):
        headers["Content-Encoding"] = "gzip"
        return Response(packed, 200, headers, media_type(path))
    return Response(content, 200, headers, media_type(path))


def mount_static(app: FastAPI) -> None:
    """Serve the style sheets, scripts, fonts and icons."""
    app.include_router(router)
