"""What is known of images beside their pixels."""

import pytest

from cnnvis.errors import ImageError
from cnnvis.labels import Image, places_of_roles


@pytest.mark.parametrize(
    ("roles", "wanted", "message"),
    [
        (["reference", "other"], ["reference", "similar"], "'similar'.*other, reference"),
        (
            ["", ""],
            ["reference", "similar"],
            "'reference'.*roles none.*in a sheet.*networks.*filters",
        ),
        (["reference"], ["reference"], "at least two roles"),
    ],
)
def test_a_comparison_without_images_on_both_sides_is_refused(roles, wanted, message):
    with pytest.raises(ImageError, match=message):
        places_of_roles([Image(str(i), role=role) for i, role in enumerate(roles)], wanted)
