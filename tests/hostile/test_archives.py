"""Archives that lead out, link, lie or burst."""

import gzip
import io
import os
import tarfile
import zipfile

import pytest

from cnnvis import assets
from cnnvis.errors import AssetError

KINDS = {
    "soft link": tarfile.SYMTYPE,
    "hard link": tarfile.LNKTYPE,
    "character device": tarfile.CHRTYPE,
    "block device": tarfile.BLKTYPE,
    "pipe": tarfile.FIFOTYPE,
    "folder": tarfile.DIRTYPE,
}
OUT = ["/etc/passwd", "../up", "a/../../up", "..\\up", "C:\\up", "\\\\host\\up", "..", "."]


@pytest.fixture
def place(tmp_path):
    return tmp_path / "net.bin"


def tar(path, entries, mode="w:gz"):
    """Write an archive of (name, kind, link or content)."""
    with tarfile.open(path, mode) as archive:
        for name, kind, content in entries:
            info = tarfile.TarInfo(name)
            info.type = kind
            if kind == tarfile.REGTYPE:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
            else:
                info.linkname = content
                archive.addfile(info)


def plain(name, content=b"evil"):
    return name, tarfile.REGTYPE, content


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_what_is_no_plain_file_is_not_read(kind, place, sealed):
    tar(place, [("x", kind, "/etc/hostname"), plain("y")])
    with sealed(), pytest.raises(AssetError, match=r"net\.bin: 'x' is a link or a folder"):
        assets.member(place, "x")


def test_a_file_behind_a_link_is_not_followed(place, sealed):
    """``x`` is a link to /etc, and ``x/hostname`` a file of the archive: nothing is unpacked."""
    tar(place, [("x", tarfile.SYMTYPE, "/etc"), plain("x/hostname")])
    with sealed():
        assert assets.member(place, "x/hostname") == b"evil"


@pytest.mark.parametrize("name", OUT)
@pytest.mark.parametrize("pack", ["tar", "zip"])
def test_a_path_that_leads_out_writes_nothing(name, pack, place, sealed):
    if pack == "tar":
        tar(place, [plain(name), plain("y", b"good")])
    else:
        with zipfile.ZipFile(place, "w") as archive:
            archive.writestr(name, b"evil")
            archive.writestr("y", b"good")
    with sealed():
        assert assets.member(place, "y") == b"good"
        if name not in ("C:\\up", "\\\\host\\up", "."):
            with pytest.raises(AssetError, match=r"net\.bin: .*no path inside an archive"):
                assets.member(place, name)


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
@pytest.mark.parametrize("pack", ["tar", "zip"])
def test_two_members_of_one_name_are_refused(pack, place, sealed):
    if pack == "tar":
        tar(place, [plain("x", b"good"), plain("x", b"evil")])
    else:
        with zipfile.ZipFile(place, "w") as archive:
            archive.writestr("x", b"good")
            archive.writestr("x", b"evil")
    with sealed(), pytest.raises(AssetError, match=r"net\.bin holds 2 members 'x'"):
        assets.member(place, "x")


def test_a_bomb_in_a_tar_is_not_unpacked(place, sealed, monkeypatch):
    monkeypatch.setattr(assets, "_ARCHIVE_BYTES", 1_000_000)
    tar(place, [plain("zeros", bytes(2_000_000)), plain("x")])
    with sealed(), pytest.raises(AssetError, match=r"net\.bin unpacks to more than"):
        assets.member(place, "x")


def test_a_tar_of_countless_members_is_not_looked_through(place, sealed, monkeypatch):
    monkeypatch.setattr(assets, "_ARCHIVE_MEMBERS", 10)
    tar(place, [plain(str(number), b"") for number in range(11)])
    with sealed(), pytest.raises(AssetError, match="10 members"):
        assets.member(place, "1")


def test_a_sparse_file_in_a_tar_is_refused_by_its_true_size(place, sealed):
    """GNU's sparse files hold a few bytes and stand for as many as they like."""
    info = tarfile.TarInfo("x")
    info.size = 512
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[156:157] = tarfile.GNUTYPE_SPARSE
    header[386:398] = b"%011o\0" % 0  # one piece, at the beginning
    header[398:410] = b"%011o\0" % 512
    header[483:495] = b"%011o\0" % (1 << 32)  # the size that it stands for
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    place.write_bytes(bytes(header) + bytes(512) + bytes(1024))
    with sealed(), pytest.raises(AssetError, match="unpacks to 4294967296 bytes"):
        assets.member(place, "x")


def test_a_size_beyond_the_file_is_damage(place, sealed):
    info = tarfile.TarInfo("x")
    info.size = 1 << 20
    place.write_bytes(gzip.compress(info.tobuf() + b"short"))
    with sealed(), pytest.raises(AssetError, match=r"net\.bin: cannot be read"):
        assets.member(place, "x")


def test_a_zip_that_lies_about_a_size_is_damage(place, sealed):
    """It says 4 bytes and holds a million: no more than it says is made, and that is refused."""
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x", bytes(1_000_000))
    size, lie = (1_000_000).to_bytes(4, "little"), (4).to_bytes(4, "little")
    assert place.read_bytes().count(size) == 2
    place.write_bytes(place.read_bytes().replace(size, lie))
    with sealed(), pytest.raises(AssetError, match=r"net\.bin: cannot be read"):
        assets.member(place, "x")


def test_a_zip_with_a_password_or_an_unknown_packing_is_named(place, sealed):
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr("x", b"text")
    whole = place.read_bytes()
    central = whole.index(b"PK\x01\x02")
    for at, value in ((central + 8, b"\x01"), (central + 10, b"\x63")):
        place.write_bytes(whole[:at] + value + whole[at + 1 :])
        with sealed(), pytest.raises(AssetError, match=r"net\.bin: cannot be read"):
            assets.member(place, "x")


def test_a_bomb_in_an_archive_in_an_archive_is_not_unpacked(place, sealed):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(5_000_000))
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr("in.zip", inner.getvalue())
    with sealed(), pytest.raises(AssetError, match=r"net\.bin!in\.zip: 'zeros' unpacks to 5000000"):
        assets.member(place, "in.zip", "zeros", max_bytes=1_000_000)


def test_an_archive_that_is_a_pipe_is_no_archive(tmp_path, sealed):
    os.mkfifo(tmp_path / "net.bin")
    with sealed(), pytest.raises(AssetError, match="there is no archive"):
        assets.member(tmp_path / "net.bin", "x")
