"""Another library's metrics say the same, where it is installed: pip install '.[agreement]'."""

import warnings
from pathlib import Path

import pytest

pytest.importorskip("quantus", reason="not installed: pip install '.[agreement]'")

#: How far each may be apart, at most: Quantus adds 1e-7 to every value for its sparseness, and
#: shows a network images in float32.
BOUNDS = {
    "energy, RelevanceMassAccuracy": 1e-12,
    "pointing without tolerance, PointingGame": 0,
    "grid_pointing, Focus": 1e-9,
    "gini, Sparseness": 1e-6,
    "spearman, correlation_spearman": 1e-12,
    "pearson, correlation_pearson": 1e-12,
    "deletion, PixelFlipping": 1e-5,
    "imputed, noisy_linear_imputation": 1e-12,
}


@pytest.fixture(scope="module")
def apart():
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
        import perturbation as measured

        return measured.agreement(1)["largest_difference"]


@pytest.mark.parametrize("name", BOUNDS)
def test_they_agree(apart, name):
    assert apart[name] <= BOUNDS[name]


def test_all_that_is_compared_is_tested(apart):
    assert set(apart) == set(BOUNDS)
