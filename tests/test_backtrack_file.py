"""The backtrack file: points of every node, apart for every image."""

from types import SimpleNamespace

import h5py
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from result_files import (
    FRAME,
    NODES,
    RANKS,
    backtrack,
    begun,
    images,
    made,
    write_backtracks,
    write_store,
)

from cnnvis import backtrack_file
from cnnvis.backtrack_file import BacktrackImage, Start
from cnnvis.errors import StoreError


def names(folder):
    return sorted(file.name for file in folder.iterdir())


def of_start(points, start):
    """The points of one start, picked one by one."""
    mine = [k for k in range(len(points.start)) if points.start[k] == start]
    return points.index[mine], points.weight[mine]


def test_what_is_written_is_read_back(tmp_path):
    path = tmp_path / "b.h5"
    write_backtracks(path, count=5)
    assert names(tmp_path) == ["b.h5"]
    assert backtrack_file.nodes(path) == NODES
    for start in begun(range(5)):
        found = backtrack([start])
        n, place = divmod(start, RANKS)
        wanted = {"image": f"i{n}", "rank": place + 1}
        trail = backtrack_file.trail(path, **wanted)
        assert list(trail) == list(NODES)
        for node in NODES:
            index, weight = backtrack_file.points(path, node=node, **wanted)
            assert (index.dtype, weight.dtype) == (np.int64, np.float64)
            assert np.array_equal(index, trail[node][0])
            assert np.array_equal(weight, trail[node][1])
            if node == "unvisited":
                assert index.shape == (0, 3)
                assert not backtrack_file.lost(path, node=node).any()
            else:
                assert np.array_equal(index, found.points[node].index)
                assert np.array_equal(weight, found.points[node].weight)
                assert backtrack_file.lost(path, node=node)[n, place] == found.lost[node][0]
    assert backtrack_file.images(path) == tuple(
        BacktrackImage(
            **vars(image),
            starts=tuple(
                Start(rank, start % 7, start / 4, backtrack([start]).arrived[0])
                for rank, start in enumerate(begun([n]), start=1)
            ),
            frame=FRAME,
        )
        for n, image in enumerate(images(5))
    )
    assert backtrack_file.image(path, "i3") == backtrack_file.images(path)[3]
    assert backtrack_file.image(path, "first").id == "i0"
    assert backtrack_file.provenance(path) == made("walk_back", first=0)


@pytest.mark.parametrize("batch", [1, 3, 5])
def test_the_size_of_batches_does_not_show(tmp_path, batch):
    write_backtracks(tmp_path / "a.h5", count=5, batch=2)
    write_backtracks(tmp_path / "b.h5", count=5, batch=batch)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


POINT = st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(0, 3), st.integers(0, 2))


@settings(max_examples=30, deadline=None)
@given(points=st.lists(POINT, max_size=12))
def test_points_of_all_starts_are_told_apart_and_fixations_merged(tmp_path_factory, points):
    """Points come in any order, and any start may have none."""
    path = tmp_path_factory.mktemp("points") / "b.h5"
    ranks = 2
    columns = np.array(points, np.int64).reshape(-1, 4)
    weight = 2.0 ** np.arange(len(points))  # sums tell which were added
    given_points = SimpleNamespace(index=columns[:, 1:], weight=weight, start=columns[:, 0])
    write(path, given_points, ranks=ranks)
    for start in range(3 * ranks):
        wanted = {"image": f"i{start // ranks}", "rank": start % ranks + 1}
        index, kept = backtrack_file.points(path, node="x", **wanted)
        expected = of_start(given_points, start)
        assert np.array_equal(index, expected[0])
        assert np.array_equal(kept, expected[1])
        pixels, total = backtrack_file.fixations(path, **wanted)
        slow = {}
        for (_, row, col), one in zip(*expected, strict=True):
            slow[int(row), int(col)] = slow.get((int(row), int(col)), 0) + one
        assert dict(zip(map(tuple, pixels.tolist()), total.tolist(), strict=True)) == slow
        assert pixels.shape == (len(slow), 2)


def write(path, points, count=3, ranks=1, **changes):
    starts = count * ranks
    found = SimpleNamespace(
        points={"x": points},
        lost=changes.pop("lost", {"x": np.zeros(starts)}),
        arrived=changes.pop("arrived", np.ones(starts)),
    )
    options = {
        "target": np.arange(starts).reshape(count, ranks),
        "score": np.ones((count, ranks)),
        "frames": [FRAME] * count,
        **changes,
    }
    with backtrack_file.create(
        path,
        nodes={"x": (4, 4, 3)},
        image_node="x",
        images=images(count),
        provenance=made(),
        ranks=ranks,
    ) as writer:
        writer.append([f"i{n}" for n in range(count)], found, **options)


def some_points(start):
    count = len(start)
    return SimpleNamespace(
        index=np.zeros((count, 3), np.int64), weight=np.ones(count), start=np.array(start)
    )


def test_more_points_than_a_chunk_holds(tmp_path):
    rng = np.random.default_rng(0)
    points = SimpleNamespace(
        index=rng.integers(0, 4, (20_000, 3)),
        weight=rng.random(20_000),
        start=np.arange(20_000) % 3,
    )
    write(tmp_path / "b.h5", points)
    for start in range(3):
        index, weight = backtrack_file.points(tmp_path / "b.h5", node="x", image=f"i{start}")
        assert np.array_equal(index, points.index[start::3])
        assert np.array_equal(weight, points.weight[start::3])


def test_a_walk_of_this_package_is_written(tmp_path):
    """What the walk hands over are tensors."""
    import torch

    from cnnvis.backtrack.points import Points

    points = Points.of([[1, 2, 0], [3, 3, 2]], weight=[0.25, 0.5], start=[2, 0])
    found = SimpleNamespace(
        points={"x": points},
        lost={"x": torch.tensor([0.5, 1.0, 0.75])},
        arrived=torch.tensor([0.5, 0.0, 0.25]),
    )
    with backtrack_file.create(
        tmp_path / "b.h5",
        nodes={"x": (4, 4, 3)},
        image_node="x",
        images=images(3),
        provenance=made(),
    ) as writer:
        writer.append(
            ["i0", "i1", "i2"],
            found,
            target=[[1], [2], [3]],
            score=[[0.5]] * 3,
            frames=[FRAME] * 3,
        )
    index, weight = backtrack_file.fixations(tmp_path / "b.h5", image="i2")
    assert (index.tolist(), weight.tolist()) == ([[2, 0]], [0.25])
    assert backtrack_file.lost(tmp_path / "b.h5", node="x").tolist() == [[0.5], [1.0], [0.75]]
    read = backtrack_file.images(tmp_path / "b.h5")
    assert [row.starts[0].arrived for row in read] == [0.5, 0.0, 0.25]


def test_xarray_sees_coordinates(tmp_path):
    write_backtracks(tmp_path / "b.h5")
    with xr.open_dataset(tmp_path / "b.h5", engine="h5netcdf") as data:
        assert data.frame.sel(field="crop_left").values.tolist() == [2, 2, 2]
        assert data.frame.sel(field="photo_rows").values.tolist() == [60, 60, 60]
        assert data.target.sel(rank=2).values.tolist() == [1, 3, 5]
    with xr.open_dataset(tmp_path / "b.h5", engine="h5netcdf", group="nodes/features.0") as data:
        assert data["index"].dims == ("point", "axis")
        assert data.axis.values.tolist() == ["channel", "row", "col"]
        assert data.start_edge.values.tolist() == [0, 0, 1, 3, 6, 10, 15]
        assert data.weight.dims == ("point",)
        assert data.lost.dims == ("image", "rank")
    with xr.open_dataset(tmp_path / "b.h5", engine="h5netcdf", group="nodes/scores") as data:
        assert data.axis.values.tolist() == ["channel"]


def test_missing_images_leave_nothing(tmp_path):
    with (
        pytest.raises(StoreError, match="3 of 3 images were never written"),
        backtrack_file.create(
            tmp_path / "b.h5",
            nodes={"x": (4, 4, 3)},
            image_node="x",
            images=images(3),
            provenance=made(),
        ),
    ):
        pass
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("start", "changes", "said"),
    [
        ([0, 3], {}, "the images have 3 starts in all; .* starts 0 to 3"),
        ([-1, 0], {}, "starts -1 to 0"),
        ([0], {"target": [[1], [2]]}, r"target: .* \(image, rank\) of shape \(3, 1\) .*\(2, 1\)"),
        ([0], {"score": [1, 2, 3]}, r"score: for 3 images .* \(3, 1\) .* got \(3,\)"),
        ([0], {"frames": [FRAME]}, r"frame: .* \(image, field\) .* got \(1, 8\)"),
        ([0], {"ranks": 2, "arrived": np.ones(3)}, r"arrived: 2 starts .* shape \(3,\)"),
        ([0], {"lost": {"x": np.ones((3, 1))}}, r"lost at x: 1 starts .* shape \(3, 1\)"),
        ([0], {"ranks": 0}, "one start or more; got ranks=0"),
    ],
)
def test_what_does_not_belong_to_the_images_is_refused(tmp_path, start, changes, said):
    with pytest.raises(StoreError, match=said):
        write(tmp_path / "b.h5", some_points(start), **changes)
    assert names(tmp_path) == []


def test_a_node_that_was_not_announced_is_refused(tmp_path):
    elsewhere = SimpleNamespace(points={"y": some_points([0])}, lost={}, arrived=[1.0])
    with (
        pytest.raises(StoreError, match=r"points came to \['y'\], .* announced .*: \['x'\]"),
        backtrack_file.create(
            tmp_path / "b.h5",
            nodes={"x": (4, 4, 3)},
            image_node="x",
            images=images(1),
            provenance=made(),
        ) as writer,
    ):
        writer.append(["i0"], elsewhere, target=[[0]], score=[[0.0]], frames=[FRAME])


def test_an_image_node_that_is_none_is_refused(tmp_path):
    with (
        pytest.raises(StoreError, match=r"image's node 'image' is not among the nodes \['x'\]"),
        backtrack_file.create(
            tmp_path / "b.h5",
            nodes={"x": (4, 4, 3)},
            image_node="image",
            images=images(1),
            provenance=made(),
        ),
    ):
        pass


def test_an_unknown_node_is_named_with_those_that_are_there(tmp_path):
    write_backtracks(tmp_path / "b.h5")
    for read in (
        lambda: backtrack_file.points(tmp_path / "b.h5", node="features.1", image="i0"),
        lambda: backtrack_file.lost(tmp_path / "b.h5", node="features.1"),
    ):
        with pytest.raises(
            StoreError, match=r"no node 'features\.1' in .* did you mean 'features\."
        ):
            read()


@pytest.mark.parametrize("rank", [0, 3])
def test_a_rank_that_there_is_not_is_refused(tmp_path, rank):
    write_backtracks(tmp_path / "b.h5")
    for read in (
        lambda: backtrack_file.points(tmp_path / "b.h5", node="x", image="i0", rank=rank),
        lambda: backtrack_file.trail(tmp_path / "b.h5", image="i0", rank=rank),
        lambda: backtrack_file.fixations(tmp_path / "b.h5", image="i0", rank=rank),
    ):
        with pytest.raises(
            StoreError, match=f"of rank {rank} .* every image has 2, counted from 1"
        ):
            read()


def test_a_file_of_the_older_version_is_refused_with_what_to_do(tmp_path):
    """It had one backtrack of each image."""
    path = tmp_path / "b.h5"
    write_backtracks(path)
    with h5py.File(path, "r+") as file:
        file.attrs["schema_version"] = 1
    with pytest.raises(StoreError, match=r"version 1 .* reads 2\. Rerun the stage 'walk_back'"):
        backtrack_file.images(path)


def test_another_kind_of_file_is_refused(tmp_path):
    write_store(tmp_path / "a.h5")
    with pytest.raises(StoreError, match="is a cnnvis/activations file; a cnnvis/backtracks file"):
        backtrack_file.images(tmp_path / "a.h5")
