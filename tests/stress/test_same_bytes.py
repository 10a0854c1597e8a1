"""The same bytes on one core as on two, from nothing to the last page."""

import pytest

from workflow import runs

pytestmark = pytest.mark.workflow


@pytest.mark.parametrize(
    ("study", "target"), [(runs.tiny_study, "all"), (runs.evaluated_study, "evaluation")]
)
def test_one_core_gives_the_bytes_of_two(tmp_path, study, target):
    found = {}
    for cores in (1, 2):
        folder = study(tmp_path / str(cores))
        runs.snakemake(folder, "--cores", cores, target)
        found[cores] = runs.digests(folder)
    assert len(found[1]) > 30
    assert found[1] == found[2]
