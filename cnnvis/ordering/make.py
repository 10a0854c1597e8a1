"""Order the channels of one image, or of a set that need not fit into memory."""

import inspect
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import ArrayLike

from cnnvis.errors import OrderingError, did_you_mean
from cnnvis.ordering.gram import checked
from cnnvis.ordering.methods import METHODS
from cnnvis.ordering.result import Ordering


def order(maps: ArrayLike, method: str, *, source: str = "image", **options: object) -> Ordering:
    """Order the channels of maps (channel, row, col) by a method of ``METHODS``.

    Args:
        maps: the feature maps of one layer, of one image or the mean over several.
        method: the name of the method.
        source: what the maps are of, for the record.
        options: the options of the method, as keywords; see :mod:`cnnvis.ordering.methods`.

    Raises:
        OrderingError: no such method or option, a value that cannot be, or maps that cannot be
            ordered: NaN, another shape, fewer channels than clusters.

    >>> maps = np.array([3.0, 1.0, 2.0])[:, None, None] * np.ones((3, 2, 4))
    >>> order(maps, "pca_image").permutation.tolist()
    [1, 2, 0]
    """
    return order_set([maps], method, source=source, **options)


def order_set(
    blocks: Iterable[ArrayLike], method: str, *, source: str = "set", **options: object
) -> Ordering:
    """Order channels by the maps of many images: as if all their pixels were those of one image.

    Every block is the maps (channel, row, col) of one image. Blocks are taken one at a time and let
    go, so memory does not depend on how many there are. Otherwise as :func:`order`.
    """
    function = METHODS.get(method)
    if function is None:
        raise OrderingError(
            f"no ordering method {method!r}; there are {', '.join(METHODS)}"
            f"{did_you_mean(method, METHODS)}."
        )
    params = _complete(method, options)
    found = function(checked(blocks), **params)
    settled = {**params, **found.settled}
    return Ordering(found.permutation, found.score, found.cluster, method, settled, source)


def _complete(method: str, options: Mapping[str, object]) -> dict[str, object]:
    """Return all options of a method, checked, those not given at their defaults."""
    known = inspect.signature(METHODS[method]).parameters
    params = {name: p.default for name, p in known.items() if p.kind is p.KEYWORD_ONLY}
    for name, value in options.items():
        if name not in params:
            raise OrderingError(
                f"method {method!r} has no option {name!r}; it has {', '.join(params) or 'none'}"
                f"{did_you_mean(name, params)}."
            )
        params[name] = _like(f"{method} {name}", value, params[name])
    return params


def _like(name: str, value: object, default: object) -> object:
    """Return a value as a builtin of the default's type; an index may be None, as its default."""
    value = value.item() if isinstance(value, np.generic) else value
    kinds = (int, type(None)) if default is None else (type(default),)
    if type(value) not in kinds:
        words = " or ".join(kind.__name__ for kind in kinds).replace("NoneType", "nothing")
        raise OrderingError(f"option {name!r} takes {words}; got {value!r}.")
    return value
