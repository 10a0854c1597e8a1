"""Downloads arrive whole with the right hash or not at all; archives and pickles give data only."""

import errno
import hashlib
import http.server
import io
import os
import pickle
import stat
import sys
import tarfile
import threading
import zipfile

import numpy as np
import pytest

from cnnvis import assets, catalogue, download
from cnnvis.entries import Archive
from cnnvis.errors import AssetError, FileError

CONTENT = bytes(range(256)) * 1000
SHA = hashlib.sha256(CONTENT).hexdigest()


class Index(http.server.ThreadingHTTPServer):
    """A package index of one project; `faults` says how to fail at each request of its file."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.faults = []
        self.requests = []

    @property
    def url(self):
        return f"http://user:secret@127.0.0.1:{self.server_port}/simple/"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append(self.path)
        if self.path == "/simple/toy/":
            links = "".join(
                f'<a href="/files/toy-{v}.tar.gz">toy-{v}.tar.gz</a>' for v in ("1.0", "1.1")
            )
            self.answer(200, f"<html><body>{links}</body></html>".encode(), "text/html")
        elif self.path.startswith("/files/"):
            fault = self.server.faults.pop(0) if self.server.faults else "none"
            self.answer_file(fault)
        else:
            self.answer(404, b"no", "text/plain")

    def answer_file(self, fault):
        if fault == "busy":
            self.answer(503, b"busy", "text/plain")
        elif fault == "gone":
            self.answer(404, b"gone", "text/plain")
        elif fault == "cut":
            self.answer(200, CONTENT[:1000], "application/gzip", length=len(CONTENT))
        elif fault == "page":
            self.answer(200, b"<html>please log in</html>", "text/html")
        elif fault == "longer":
            self.answer(200, CONTENT + b"x", "application/gzip")
        elif fault == "other":
            self.answer(200, CONTENT[::-1], "application/gzip")
        else:
            self.answer(200, CONTENT, "application/gzip")

    def answer(self, status, body, kind, length=None):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        """Say nothing."""


@pytest.fixture
def index(monkeypatch):
    with Index() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setattr(download, "_pip_settings", lambda: {"index-url": server.url})
        monkeypatch.setattr(download, "_FIRST_PAUSE", 0.0)
        yield server
        server.shutdown()
        thread.join()


def archive(**changes):
    entry = {
        "name": "toy",
        "kind": "pypi",
        "project": "toy",
        "version": "1.0",
        "filename": "toy-1.0.tar.gz",
        "sha256": SHA,
        "size": len(CONTENT),
    }
    return Archive(**entry | changes)


def file_requests(index):
    return sum(path.startswith("/files/") for path in index.requests)


def test_a_file_of_the_index_arrives_and_is_not_asked_for_again(index, tmp_path, capsys):
    target = tmp_path / "new" / "toy.tar.gz"
    assets.fetch(archive(), target)
    assets.fetch(archive(), target)
    assert target.read_bytes() == CONTENT
    assert file_requests(index) == 1
    assert capsys.readouterr().err == "downloading toy-1.0.tar.gz (0.3 MB)\n"


def test_somebody_who_watches_sees_a_bar(index, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assets.fetch(archive(), tmp_path / "toy.tar.gz")
    assert "toy-1.0.tar.gz: 100%" in capsys.readouterr().err


def test_a_file_with_another_hash_is_replaced(index, tmp_path):
    target = tmp_path / "toy.tar.gz"
    target.write_bytes(b"an old version")
    assets.fetch(archive(), target, progress=False)
    assert target.read_bytes() == CONTENT


def test_a_url_is_fetched_and_checked_by_the_digits_its_publisher_gives(index, tmp_path):
    url = index.url.replace("/simple/", "/files/net-0123.pth")
    pinned = Archive("net", "url", "net-0123.pth", SHA[:8], url=url)
    assets.fetch(pinned, tmp_path / "net.pth", progress=False)
    assert (tmp_path / "net.pth").read_bytes() == CONTENT
    with pytest.raises(AssetError, match="sha256 should be 01234567, is "):
        assets.fetch(Archive("net", "url", "net-0123.pth", "01234567", url=url), tmp_path / "b.pth")


@pytest.mark.parametrize("fault", ["busy", "cut", "page"])
def test_a_passing_fault_is_tried_again(index, tmp_path, fault):
    index.faults = [fault, fault]
    assets.fetch(archive(), tmp_path / "toy.tar.gz", retries=2, progress=False)
    assert (tmp_path / "toy.tar.gz").read_bytes() == CONTENT
    assert file_requests(index) == 3


@pytest.mark.parametrize(
    ("fault", "requests", "message"),
    [
        ("busy", 3, "cannot be downloaded: 503"),
        ("cut", 3, "cannot be downloaded: .*1000 bytes read"),
        ("page", 3, "only 26 of 256000 bytes came"),
        ("gone", 1, "cannot be downloaded: 404"),
        ("longer", 1, "sends more than the 256000 bytes expected"),
        ("other", 1, f"sha256 should be {SHA}, is [0-9a-f]{{64}}"),
    ],
)
def test_a_lasting_fault_is_explained_and_leaves_nothing(index, tmp_path, fault, requests, message):
    index.faults = [fault] * 9
    with pytest.raises(AssetError, match=message) as caught:
        assets.fetch(archive(), tmp_path / "toy.tar.gz", retries=2, progress=False)
    assert "toy-1.0.tar.gz" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    assert file_requests(index) == requests


def test_a_failed_download_keeps_what_was_there(index, tmp_path):
    target = tmp_path / "toy.tar.gz"
    target.write_bytes(b"mine")
    index.faults = ["other"]
    with pytest.raises(AssetError):
        assets.fetch(archive(), target, progress=False)
    assert target.read_bytes() == b"mine"


def test_an_unknown_version_is_answered_with_those_there_are(index, tmp_path):
    wanted = archive(version="2.0", filename="toy-2.0.tar.gz")
    with pytest.raises(AssetError, match=r"no file toy-2.0.tar.gz .*offers versions 1\.0, 1\.1"):
        assets.fetch(wanted, tmp_path / "a", progress=False)
    with pytest.raises(AssetError, match=r"'nothing'.*it has no such project"):
        assets.fetch(archive(project="nothing"), tmp_path / "a", progress=False)


def test_no_network_is_answered_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "_pip_settings", lambda: {"index-url": "http://127.0.0.1:9/"})
    monkeypatch.setattr(download, "_FIRST_PAUSE", 0.0)
    with pytest.raises(AssetError, match=r"HTTPS_PROXY.*PIP_INDEX_URL.*put it at .*toy\.tar\.gz"):
        assets.fetch(archive(), tmp_path / "toy.tar.gz", retries=1, progress=False)


def test_further_indexes_are_asked_where_the_first_has_no_such_project(
    index, tmp_path, monkeypatch
):
    empty = index.url.replace("/simple/", "/empty/")
    folder = "file:///nowhere"
    monkeypatch.setattr(
        download,
        "_pip_settings",
        lambda: {"index-url": empty, "extra-index-url": f"{folder} {index.url}"},
    )
    assets.fetch(archive(), tmp_path / "toy.tar.gz", progress=False)
    assert index.requests[0] == "/empty/toy/"


def test_a_full_disk_is_a_sentence(index, tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(download, "download", full)
    with pytest.raises(FileError, match="no space left"):
        assets.fetch(archive(), tmp_path / "toy.tar.gz")
    assert list(tmp_path.iterdir()) == []


def test_pips_own_settings_are_used_and_the_environment_wins(tmp_path, monkeypatch):
    config = tmp_path / "pip.conf"
    config.write_text("[global]\nindex-url = https://a.invalid/simple\ncert = /some/ca.pem\n")
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    settings = download._pip_settings()
    assert download._indexes(settings)[0] == "https://a.invalid/simple"
    monkeypatch.setenv("PIP_INDEX_URL", "https://b.invalid/simple")
    assert download._indexes(download._pip_settings())[0] == "https://b.invalid/simple"
    with download._session(settings | {"proxy": "http://p.invalid:1"}) as session:
        assert session.verify == "/some/ca.pem"
        assert session.proxies["https"] == "http://p.invalid:1"


def test_without_settings_the_index_is_pips_default():
    assert download._indexes({}) == [""]


def zipped(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def tarred(members, mode="w:gz"):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@pytest.mark.parametrize("pack", [zipped, tarred, lambda members: tarred(members, "w:")])
def test_a_member_is_read_out_of_any_archive(tmp_path, pack):
    path = tmp_path / "a.bin"
    path.write_bytes(pack({"folder/x.txt": b"one", "y": b"two"}))
    assert assets.member(path, "folder/x.txt") == b"one"
    assert [file.name for file in tmp_path.iterdir()] == ["a.bin"]


def test_a_member_is_read_through_nested_archives(tmp_path):
    path = tmp_path / "a.whl"
    path.write_bytes(zipped({"in.tar.gz": tarred({"deep.zip": zipped({"x": b"found"})})}))
    assert assets.member(path, "in.tar.gz", "deep.zip", "x") == b"found"
    with pytest.raises(AssetError, match=r"a.whl!in.tar.gz: no member 'deep.zp'.*'deep.zip'"):
        assets.member(path, "in.tar.gz", "deep.zp", "x")


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "a/../../x", "a\\..\\x", ""])
def test_a_path_out_of_the_archive_is_refused(tmp_path, name):
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({name or "x": b"evil"}))
    with pytest.raises(AssetError, match="no path inside an archive"):
        assets.member(path, name)


def test_links_are_refused(tmp_path):
    tar, zipfile_ = tmp_path / "a.tar", tmp_path / "a.zip"
    with tarfile.open(tar, "w") as archive:
        for name, kind in (("soft", tarfile.SYMTYPE), ("hard", tarfile.LNKTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    with zipfile.ZipFile(zipfile_, "w") as archive:
        info = zipfile.ZipInfo("soft")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    for path, name in ((tar, "soft"), (tar, "hard"), (zipfile_, "soft")):
        with pytest.raises(AssetError, match=f"'{name}' is a link"):
            assets.member(path, name)


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_member_that_unpacks_too_large_is_refused(tmp_path, pack):
    path = tmp_path / "bomb"
    path.write_bytes(pack({"zeros": bytes(10_000_000)}))
    assert path.stat().st_size < 50_000
    with pytest.raises(
        AssetError, match="unpacks to 10000000 bytes, more than the 1000000 allowed"
    ):
        assets.member(path, "zeros", max_bytes=1_000_000)


@pytest.mark.parametrize("pack", [zipped, tarred])
@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.9])
def test_a_damaged_archive_is_refused(tmp_path, pack, keep):
    data = pack({"x": np.random.default_rng(0).bytes(50_000)})
    path = tmp_path / "cut"
    path.write_bytes(data[: int(keep * len(data)) if keep < 1 else keep])
    with pytest.raises(AssetError, match=r"cut: cannot be read .*damaged"):
        assets.member(path, "x")


def test_a_missing_archive_or_member_is_named(tmp_path):
    with pytest.raises(AssetError, match=r"no archive .*a\.zip"):
        assets.member(tmp_path / "a.zip", "x")
    with pytest.raises(AssetError, match="say which member"):
        assets.member(tmp_path / "a.zip")


def test_a_hash_that_differs_is_named():
    assets.check_sha256(CONTENT, SHA, "it")
    with pytest.raises(AssetError, match=f"photo x is not the expected.*should be {SHA}, is "):
        assets.check_sha256(b"other", SHA, "photo x")


def old_pickle(value):
    """Pickle as NumPy 1 did."""
    return pickle.dumps(value, protocol=3).replace(b"numpy._core.", b"numpy.core.")


def test_arrays_come_out_of_a_pickle():
    value = {"conv1": [np.arange(6, dtype=np.float32).reshape(2, 3), np.ones(2)]}
    found = assets.restricted_pickle(old_pickle(value))
    assert list(found) == ["conv1"]
    assert all(np.array_equal(a, b) for a, b in zip(found["conv1"], value["conv1"], strict=True))


class Evil:
    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    "value",
    [Evil(os.system, "touch owned"), Evil(eval, "1"), Evil(np.load, "x"), hashlib.sha256, Archive],
    ids=["system", "eval", "np.load", "function", "class"],
)
def test_nothing_else_comes_out_of_a_pickle(value, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AssetError, match=r"the pickle asks for '.+'; only NumPy arrays"):
        assets.restricted_pickle(pickle.dumps({"conv1": value}))
    assert list(tmp_path.iterdir()) == []


def test_a_name_below_an_allowed_one_is_refused():
    with pytest.raises(AssetError, match=r"'numpy\.ndarray\.tofile'"):
        assets.restricted_pickle(b"\x80\x04\x8c\x05numpy\x8c\x0endarray.tofile\x93.")


@pytest.mark.parametrize("keep", [0, 1, 20, 60])
def test_a_cut_pickle_is_damaged(keep):
    with pytest.raises(AssetError, match="the pickle is damaged"):
        assets.restricted_pickle(old_pickle({"a": np.ones(100)})[:keep])


def test_the_catalogued_members_are_there(fetched):
    for name in ("squeezenet1_1", "efficientnet_lite0"):
        weights = catalogue.network(name).weights
        data = assets.member(fetched(weights["archive"]), *weights["members"])
        assets.check_sha256(data, weights["member_sha256"], name)
