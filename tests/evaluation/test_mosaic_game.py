"""A map made for one photo of a mosaic should lie on it; and there is no game with one class."""

import numpy as np
import pytest

from cnnvis import evaluation
from cnnvis.errors import ImageError
from cnnvis.evaluation import mosaic_game
from evaluation import known

OPTIONS = {"count": 6, "side": 2, "seed": 3}


@pytest.fixture(scope="module")
def asked():
    return known.asked((0, 1, 2, 3, 1))


def laid_out(asked, **options):
    return mosaic_game.lay_out(
        asked.ids, asked.pixels, asked.truth, asked.best, **(OPTIONS | options)
    )


def test_the_sought_photo_is_in_its_cell(asked):
    game = laid_out(asked)
    assert game.names == tuple(f"mosaic_{number}" for number in range(6))
    half = known.SIDE // 2
    for place in range(6):
        photo = asked.ids.index(game.photos[place])
        assert game.targets[place] == asked.best[photo]
        assert game.cells_photos[place][game.cells[place]] == game.photos[place]
        row, col = divmod(game.cells[place], 2)
        row0, col0, row1, col1 = game.sought[place]
        assert (row0, col0) == (row * half, col * half)
        cell = game.pixels[place, :, row0:row1, col0:col1]
        shrunk = asked.pixels[photo].reshape(3, half, 2, half, 2).mean((2, 4))
        assert np.corrcoef(cell.ravel(), shrunk.ravel())[0, 1] > 0.95


def test_photos_that_are_not_recognised_take_no_part(asked):
    truth = [3, *asked.truth[1:]]  # the first is seen as 0
    with pytest.raises(ImageError, match="4 different classes at least; got 4 photos of 3"):
        mosaic_game.lay_out(asked.ids, asked.pixels, truth, asked.best, **OPTIONS)
    with pytest.raises(ImageError, match="recognises none of 5"):
        mosaic_game.lay_out(asked.ids, asked.pixels, [None] * 5, asked.best, **OPTIONS)


def test_a_map_of_the_right_cell_gets_all_and_chance_a_quarter(asked):
    game = laid_out(asked)
    maps = np.zeros((1, 6, known.SIDE, known.SIDE))
    for place, (row0, col0, row1, col1) in enumerate(game.sought):
        maps[0, place, row0:row1, col0:col1] = 2
    table = mosaic_game.table(game, ["right"], maps)
    by_method = table.groupby("method")["value"].unique()
    assert by_method["right"].tolist() == [1]
    assert by_method["chance"].tolist() == [0.25]
    assert table[table.method == "right"].photo.tolist() == list(game.photos)
    assert set(table.metric) == {"grid_pointing"}


def test_a_game_played_has_maps_and_pictures_of_its_mosaics(asked):
    methods = evaluation.chosen(["gradient", "guided_backprop", "centre"])
    played = mosaic_game.play(known.corners(), asked, methods, OPTIONS)
    assert played.maps.methods == ("gradient", "centre")
    assert set(played.refused) == {"guided_backprop"}
    assert set(played.table.method) == {"gradient", "centre", "chance"}
    game = laid_out(asked)
    assert played.maps.marked == game.sought
    seen = played.maps.pictures[0].transpose(2, 0, 1) / 255
    np.testing.assert_allclose(seen, np.clip(game.pixels[0], 0, 1), atol=0.1)


def test_where_there_is_no_game_it_is_said_why():
    asked = known.asked((2, 2))
    played = mosaic_game.play(known.corners(), asked, evaluation.chosen(["centre"]), OPTIONS)
    assert played.table.empty
    assert played.maps.ids == ()
    assert "4 different classes" in played.refused["mosaics"]
