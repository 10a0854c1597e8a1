"""VTK draws what the package draws; where it cannot, this process lives on and says why."""

import numpy as np
import pytest

from cnnvis import render, vtk_stills
from cnnvis.errors import CnnvisError
from cnnvis.volume import Volume
from cnnvis.volume_groups import limit


@pytest.fixture
def python(tmp_path):
    """Return a function that makes a stand-in for Python of a line of shell."""

    def make(line):
        path = tmp_path / "python"
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)
        return str(path)

    return make


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("exit 0", ""),
        ("kill -SEGV $$", "it crashes on this machine (Segmentation fault), as it does without"),
        ("kill -ABRT $$", "it crashes on this machine (Aborted)"),
        ("echo one >&2; echo 'ModuleNotFoundError: no pyvista' >&2; exit 1", "ModuleNotFoundError"),
        ("exit 3", "it ends with exit code 3"),
    ],
)
def test_a_trial_in_another_process_says_why_it_cannot_draw(python, line, reason):
    found = vtk_stills.refusal(python(line))
    assert found.startswith(reason)
    assert bool(found) == bool(reason)


def test_a_trial_that_hangs_is_given_up(python, monkeypatch):
    monkeypatch.setattr(vtk_stills, "PATIENCE", 0.2)
    assert vtk_stills.refusal(python("exec sleep 30")) == "it did not draw within 0.2 seconds"


def test_where_it_cannot_draw_there_is_another_way(monkeypatch):
    monkeypatch.setattr(vtk_stills, "refusal", lambda: "it crashes on this machine")
    with pytest.raises(CnnvisError, match=r"it crashes .*'cnnvis\[pyvista\]'.*cnnvis.render.still"):
        vtk_stills.still(Volume(np.ones((2, 2, 2))))


@pytest.mark.parametrize("sign", [1, -1])
def test_it_draws_what_the_package_draws(sign):
    reason = vtk_stills.refusal()
    if reason:
        pytest.skip(f"VTK does not draw here: {reason}")
    places = np.mgrid[:12, :10, :14].T
    data = np.zeros((12, 10, 14))
    for centre, value in (((3, 2, 4), 1.0), ((9, 7, 11), 0.7 * sign)):
        away = ((places - centre) ** 2).sum(axis=-1).T
        data += value * np.exp(-away / 4)
    data[np.abs(data) < 0.01] = 0
    largest = limit(data)
    ours = render.still(
        data, limits=(-largest if sign < 0 else 0, largest), signed=sign < 0, size=(300, 200)
    )
    theirs = vtk_stills.still(Volume(data), size=(300, 200))
    assert theirs.shape == ours.shape
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.9
    assert np.array_equal(theirs, vtk_stills.still(Volume(data), size=(300, 200)))
