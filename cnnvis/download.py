"""Getting a file from a package index or a URL, with retries, a bound, and words for what fails.

The index is the one that pip is set up to use; proxies and certificates likewise.
"""

import ast
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import requests
from pypi_simple import (
    NoSuchProjectError,
    ProjectPage,
    PyPISimple,
    UnsupportedContentTypeError,
    UnsupportedRepoVersionError,
)

from cnnvis.entries import Archive
from cnnvis.errors import AssetError

_TIMEOUT = (15, 60)
"""Seconds to wait for a connection, and for the next bytes of an answer."""

_FIRST_PAUSE = 1.0
"""Seconds before the first retry; each further one waits twice as long."""

_BLOCK = 1 << 16
_LARGEST = 4 << 30
"""Bound in bytes for a file whose size is not known beforehand."""


class _TruncatedError(Exception):
    """The connection ended before the file did."""


_FAILURES = (
    _TruncatedError,
    requests.RequestException,
    UnsupportedContentTypeError,
    UnsupportedRepoVersionError,
)


def download(
    archive: Archive, path: Path, target: Path, *, retries: int = 3, progress: bool = True
) -> None:
    """Write an archive to ``path``; ``target`` is where it is meant to end up, for the messages.

    The hash is not checked here: see :func:`cnnvis.assets.fetch`.

    Raises:
        AssetError: no network, no such project or file, an answer that is too short or too long.
    """
    settings = _pip_settings()
    with _session(settings) as session:
        for attempt in range(retries + 1):
            try:
                url = archive.url or _file_url(archive, session, _indexes(settings))
                _stream(session, url, archive, path, progress=progress)
                return
            except _FAILURES as error:
                if attempt == retries or not _transient(error):
                    raise _explained(error, archive, target) from error
                time.sleep(_FIRST_PAUSE * 2**attempt)


def _transient(error: Exception) -> bool:
    """Whether trying again may help."""
    if isinstance(error, requests.HTTPError):
        return error.response.status_code in (408, 429) or error.response.status_code >= 500
    passing = (
        _TruncatedError,
        requests.ConnectionError,
        requests.Timeout,
        requests.exceptions.ChunkedEncodingError,
    )
    return isinstance(error, passing) and not isinstance(error, requests.exceptions.SSLError)


def _explained(error: Exception, archive: Archive, target: Path) -> AssetError:
    if isinstance(error, requests.exceptions.SSLError):
        advice = "Name the certificates of your site with PIP_CERT or REQUESTS_CA_BUNDLE"
    elif isinstance(error, _TruncatedError):
        advice = "Try again; a proxy or a login page may stand in between"
    else:
        advice = (
            "Check the network, the proxy (HTTPS_PROXY) and the package index (PIP_INDEX_URL or "
            "pip's own configuration)"
        )
    return AssetError(
        f"{archive.filename} cannot be downloaded: {_without_password(str(error))}. {advice}. Or "
        f"get the file by other means and put it at {target}: it is used if its sha256 begins "
        f"with {archive.sha256[:16]}."
    )


def _without_password(text: str) -> str:
    return re.sub(r"//[^/@\s]+@", "//***@", text)


def _stream(
    session: requests.Session, url: str, archive: Archive, path: Path, *, progress: bool
) -> None:
    bound = archive.size or _LARGEST
    # A server that packs the answer once more would have us store something else than the file.
    headers = {"Accept-Encoding": "identity"}
    with session.get(url, stream=True, timeout=_TIMEOUT, headers=headers) as response:
        response.raise_for_status()
        received = 0
        with path.open("wb") as file, _reporting(archive, on=progress) as advance:
            for block in response.iter_content(_BLOCK):
                received += len(block)
                if received > bound:
                    raise AssetError(
                        f"{archive.filename}: the server sends more than the {bound} bytes "
                        "expected, so it is another file. Nothing was kept."
                    )
                file.write(block)
                advance(len(block))
    if archive.size and received < archive.size:
        raise _TruncatedError(f"only {received} of {archive.size} bytes came")


@contextmanager
def _reporting(archive: Archive, *, on: bool) -> Iterator[Callable[[int], object]]:
    """Yield a function to call with every number of bytes; plain lines where nobody watches."""
    if on and sys.stderr.isatty():
        from tqdm import tqdm

        with tqdm(
            total=archive.size or None, desc=archive.filename, unit="B", unit_scale=True
        ) as bar:
            yield bar.update
        return
    size = f" ({archive.size / 1e6:.1f} MB)" if archive.size else ""
    if on:
        print(f"downloading {archive.filename}{size}", file=sys.stderr, flush=True)
    yield lambda count: None


def _file_url(archive: Archive, session: requests.Session, indexes: list[str]) -> str:
    """Find a file of a project in the first index that has it."""
    seen: list[str] = []
    for index in indexes:
        client = PyPISimple(index, session=session) if index else PyPISimple(session=session)
        try:
            page = client.get_project_page(archive.project, timeout=_TIMEOUT)
        except NoSuchProjectError:
            continue
        for package in page.packages:
            if package.filename == archive.filename:
                return str(package.url)
        seen += _versions(page)
    offered = f"it offers versions {', '.join(seen[-8:])}" if seen else "it has no such project"
    raise AssetError(
        f"the package index has no file {archive.filename} (project '{archive.project}', version "
        f"{archive.version}): {offered}. Choose an index that has it: PIP_INDEX_URL, or pip's "
        "configuration."
    )


def _versions(page: ProjectPage) -> list[str]:
    return list(dict.fromkeys(package.version for package in page.packages if package.version))


def _session(settings: Mapping[str, str]) -> requests.Session:
    """Return a session that trusts what pip trusts and goes the way pip goes."""
    session = requests.Session()
    if settings.get("cert"):
        session.verify = settings["cert"]
    if settings.get("proxy"):
        session.proxies = {"http": settings["proxy"], "https": settings["proxy"]}
    return session


def _indexes(settings: Mapping[str, str]) -> list[str]:
    """Return the indexes that pip asks, its own default as ''; folders on disk are left out."""
    urls = [settings.get("index-url", ""), *settings.get("extra-index-url", "").split()]
    return [url for url in urls if not url or url.startswith(("http://", "https://"))]


def _pip_settings() -> dict[str, str]:
    """Return pip's settings by name: files of configuration first, the environment over them."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    ).stdout
    found = re.findall(r"^(global|download|install)\.([a-z-]+)=(.+)$", listed, flags=re.MULTILINE)
    settings = {name: str(ast.literal_eval(value)) for _, name, value in found}
    for variable, value in os.environ.items():
        if variable.startswith("PIP_"):
            settings[variable[4:].lower().replace("_", "-")] = value
    return settings
