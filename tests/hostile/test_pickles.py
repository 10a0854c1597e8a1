"""Pickles that would run code, by every way a pickle has, are refused before anything happens."""

import copyreg
import io
import pickle
import zipfile

import numpy as np
import pytest
import torch

from cnnvis import assets, weights
from cnnvis.errors import CnnvisError
from hostile import canaries

HERE = b"hostile.canaries"
CALL = b"c%s\ntouch\n" % HERE
STACKED = b"\x8c\x10%s\x8c\x05touch\x93" % HERE
ARRAY = pickle.dumps(np.ones(2), protocol=3).replace(b"numpy._core.", b"numpy.core.")


def named(module, name):
    """Bytes that push what a module calls by a name, in the form of protocol 4."""
    return b"".join(b"\x8c" + bytes([len(word)]) + word for word in (module, name)) + b"\x93"


#: Each leaves a canary if it is loaded without care, or reaches for what could.
PICKLES = {
    "GLOBAL and REDUCE": CALL + b"(S'x'\ntR.",
    "GLOBAL alone": CALL + b".",
    "STACK_GLOBAL": b"\x80\x04" + STACKED + b"\x8c\x01x\x85R.",
    "STACK_GLOBAL by memo": b"\x80\x04\x8c\x10%s\x94\x8c\x05touch\x94h\x00h\x01\x93)R." % HERE,
    "INST": b"(S'x'\ni%s\ntouch\n." % HERE,
    "OBJ": b"(c%s\nNew\nS'x'\no." % HERE,
    "NEWOBJ": b"\x80\x02c%s\nNew\n)\x81." % HERE,
    "NEWOBJ_EX": b"\x80\x04" + named(HERE, b"New") + b")}\x92.",
    "BUILD": b"\x80\x02c%s\nState\n)\x81}b." % HERE,
    "BUILD of a class": b"c%s\nState\n}S'x'\nI1\nsb." % HERE,
    "BUILD of numpy's own": b"cnumpy\ndtype\n(N}S'__class__'\nI1\nstb.",
    "EXT1": b"\x80\x02\x82\xee(S'x'\ntR.",
    "EXT2": b"\x80\x02\x83\xee\x00(S'x'\ntR.",
    "EXT4": b"\x80\x02\x84\xee\x00\x00\x00(S'x'\ntR.",
    "PERSID": b"Pcanary\n.",
    "BINPERSID": b"S'canary'\nQ.",
    "NEXT_BUFFER": b"\x80\x05\x97\x98.",
    "in a list in a dict": b"}S'a'\n](" + CALL + b"(S'x'\ntRes.",
    "as a key": b"}" + CALL + b"(S'x'\ntRI1\ns.",
    "thrown away": CALL + b"(S'x'\ntR0}.",
    "behind an array": ARRAY[:-1] + CALL + b"(S'x'\ntR0.",
    "a pickle in a pickle": b"cpickle\nloads\n(C" + bytes([len(CALL) + 9])
    + CALL + b"(S'x'\ntR." + b"tR.",
    "eval": b"cbuiltins\neval\n(S'print(1)'\ntR.",
    "old eval": b"c__builtin__\neval\n(S'print(1)'\ntR.",
    "import": b"cbuiltins\n__import__\n(S'antigravity'\ntR.",
    "getattr": b"cbuiltins\ngetattr\n(cnumpy\nndarray\nS'tofile'\ntR.",
    "a name with points": b"\x80\x04" + named(b"numpy", b"ndarray.tofile") + b".",
    "a module below": b"\x80\x04" + named(b"numpy.core.multiarray", b"_reconstruct.x") + b".",
    "numpy's own exec": b"cnumpy.testing._private.utils\nrunstring\n(S'1'\n}tR.",
    "numpy's load": b"cnumpy\nload\n(S'x.npy'\nNI01\ntR.",
    "torch's load": b"ctorch.serialization\nload\n(S'x.pth'\ntR.",
    "a file": b"c_io\nFileIO\n(S'canary'\nS'w'\ntR.",
    "posix": b"cposix\nsystem\n(S'touch canary'\ntR.",
    "a process": b"csubprocess\nPopen\n(S'touch canary'\nI-1\nNNNNNI01\nI01\ntR.",
}  # fmt: skip
PICKLES |= {
    f"protocol {protocol}": pickle.dumps({"a": canaries.Reduced()}, protocol=protocol)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
}


@pytest.fixture(autouse=True)
def extension():
    """A number that stands for the canary in pickles, as a program may have given it one.

    Once such a number has been used, Python looks it up without asking for a name again.
    """
    copyreg.add_extension("hostile.canaries", "touch", 0xEE)
    assert pickle.loads(b"\x80\x02\x82\xee.") is canaries.touch
    yield
    copyreg.remove_extension("hostile.canaries", "touch", 0xEE)


def bare(evil):
    return evil


def legacy(place):
    """Put a pickle into a file of torch as it was before 1.6, in place of one of its pickles."""

    def packed(evil):
        buffer = io.BytesIO()
        torch.save({"a": torch.ones(2)}, buffer, _use_new_zipfile_serialization=False)
        buffer.seek(0)
        ends = [0]
        for _ in range(place + 1):  # the magic number, the protocol, the machine, the state dict
            _skip(buffer)
            ends.append(buffer.tell())
        data = buffer.getvalue()
        return data[: ends[place]] + evil + data[ends[place + 1] :]

    return packed


def _skip(file):
    """Read past one pickle without loading it."""
    import pickletools

    for _code, _argument, _place in pickletools.genops(file):
        pass


def zipped(evil):
    """Put a pickle into a file of torch as it is today."""
    buffer, changed = io.BytesIO(), io.BytesIO()
    torch.save({"a": torch.ones(2)}, buffer)
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            new.writestr(name, evil if name.endswith("data.pkl") else old.read(name))
    return changed.getvalue()


@pytest.mark.parametrize("evil", PICKLES.values(), ids=PICKLES)
def test_a_bare_pickle_with_code_is_refused(evil, sealed):
    with sealed(), pytest.raises(CnnvisError, match=r"layers\.pkl"):
        assets.restricted_pickle(evil, "net.whl: layers.pkl")


FORMS = {"zip": zipped, "bare": bare} | {
    f"legacy, {what}": legacy(place)
    for place, what in enumerate(["magic number", "protocol", "machine", "state dict"])
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("evil", PICKLES.values(), ids=PICKLES)
def test_weights_with_code_are_refused(evil, form, tmp_path, sealed):
    path = tmp_path / "net.pth"
    path.write_bytes(form(evil))
    with sealed(), pytest.raises(CnnvisError, match=r"net\.pth (is damaged|cannot be read|holds)"):
        weights.read_file(path)


@pytest.mark.parametrize("name", ["x.npy", "data.pkl"])
def test_objects_in_npz_are_refused(name, tmp_path, sealed):
    buffer = io.BytesIO()
    np.save(buffer, np.array([canaries.Reduced()]), allow_pickle=True)
    with zipfile.ZipFile(tmp_path / "net.npz", "w") as archive:
        archive.writestr("x.npy", buffer.getvalue())
        if name != "x.npy":
            archive.writestr(name, PICKLES["INST"])
    with sealed(), pytest.raises(CnnvisError, match=r"net\.npz cannot be read"):
        weights.read_file(tmp_path / "net.npz")


def test_the_pickles_do_harm_where_nobody_takes_care(tmp_path, monkeypatch):
    """Else the tests above would prove nothing."""
    monkeypatch.chdir(tmp_path)
    harmless = []
    for name in ("GLOBAL and REDUCE", "STACK_GLOBAL", "INST", "OBJ", "NEWOBJ", "NEWOBJ_EX",
                 "BUILD", "EXT1", "EXT4", "in a list in a dict", "a pickle in a pickle",
                 "protocol 0", "protocol 5"):  # fmt: skip
        (tmp_path / "canary").unlink(missing_ok=True)
        pickle.loads(PICKLES[name])
        if not (tmp_path / "canary").exists():
            harmless.append(name)
    assert harmless == []


def test_a_pickle_cannot_change_what_it_is_given():
    with pytest.raises(CnnvisError, match="is damaged"):
        assets.restricted_pickle(b"cnumpy\ndtype\nN}S'__doc__'\nI1\ns\x86b.")
    assert assets.restricted_pickle(b"cnumpy\ndtype\n(S'f4'\ntR.") == np.float32


def test_a_pickle_that_asks_for_much_room_is_refused(sealed):
    with sealed(), pytest.raises(CnnvisError, match="counts to 4294967295 in 7 bytes"):
        assets.restricted_pickle(b"Nr\xff\xff\xff\xff.")
