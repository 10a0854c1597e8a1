"""Order the channels of one image, or of a set that need not fit into memory."""

import inspect
from collections.abc import Iterable, Mapping
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import numpy as np
from numpy.typing import ArrayLike

from cnnvis.errors import OrderingError, did_you_mean
from cnnvis.ordering import sums
from cnnvis.ordering.components import every_slice
from cnnvis.ordering.methods import METHODS
from cnnvis.ordering.result import Ordering
from cnnvis.ordering.sums import Sums


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
    blocks: Iterable[ArrayLike] | Sums, method: str, *, source: str = "set", **options: object
) -> Ordering:
    """Order channels by the maps of many images: as if all their pixels were those of one image.

    Every block is the maps (channel, row, col) of one image. Blocks are taken one at a time and let
    go, so memory does not depend on how many there are. Sums over the maps, which several methods
    can share, may come in their place. Otherwise as :func:`order`.
    """
    function = METHODS.get(method)
    if function is None:
        raise OrderingError(
            f"no ordering method {method!r}; there are {', '.join(METHODS)}"
            f"{did_you_mean(method, METHODS)}."
        )
    params = complete(method, options)
    found = function(sums.of(blocks), **params)
    settled = {**params, **found.settled}
    return Ordering(found.permutation, found.score, found.cluster, method, settled, source)


def order_slices(
    blocks: Iterable[ArrayLike] | Sums,
    *,
    axis: str = "row",
    component: int = 0,
    source: str = "set",
) -> list[Ordering | None]:
    """Order channels by every single row (or col) of their maps, as ``pca_slice`` does.

    Blocks (channel, row, col) are taken one at a time; or sums come in their place. A slice in
    which all channels are alike has no order: None.

    Raises:
        OrderingError: no such axis or component, or maps that cannot be ordered.
    """
    made: list[Ordering | None] = []
    for found in every_slice(sums.of(blocks), axis=axis, component=component):
        if found is None:
            made.append(None)
            continue
        params = {**found.settled, "component": component}
        made.append(Ordering(found.permutation, found.score, None, "pca_slice", params, source))
    return made


def complete(method: str, options: Mapping[str, object]) -> dict[str, object]:
    """Return all options of a method, checked, those not given at their defaults.

    Raises:
        OrderingError: no such option, or a value of another type.
    """
    known = inspect.signature(METHODS[method]).parameters
    params = {name: p.default for name, p in known.items() if p.kind is p.KEYWORD_ONLY}
    for name, value in options.items():
        if name not in params:
            raise OrderingError(
                f"method {method!r} has no option {name!r}; it has {', '.join(params) or 'none'}"
                f"{did_you_mean(name, params)}."
            )
        params[name] = _allowed(f"{method} {name}", value, known[name].annotation)
    return params


def _allowed(name: str, value: object, annotation: Any) -> object:
    """Return a value as a builtin, if it is of a type or one of the words that are annotated."""
    value = value.item() if isinstance(value, np.generic) else value
    kinds = get_args(annotation) or (annotation,)
    words = [word for kind in kinds if get_origin(kind) is Literal for word in get_args(kind)]
    if type(value) not in kinds and value not in words:
        names = [k.__name__ for k in kinds if isinstance(k, type) and k is not NoneType]
        takes = [*names, *map(repr, words), *(["nothing"] if NoneType in kinds else [])]
        raise OrderingError(f"option {name!r} takes {' or '.join(takes)}; got {value!r}.")
    return value
