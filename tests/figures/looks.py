"""What a figure looks like, read from its parts: images, words, places; and small orderings."""

from itertools import combinations

import numpy as np
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from cnnvis.figures import style
from cnnvis.ordering import Ordering


def an_ordering(permutation, cluster=None, method="natural", source="image"):
    return Ordering(permutation, None, cluster, method, {}, source)


def shuffled(n, seed=0):
    return an_ordering(np.random.default_rng(seed).permutation(n))


def clustered(sizes, seed=0):
    """An ordering in clusters of these sizes, channels dealt at random."""
    permutation = np.random.default_rng(seed).permutation(sum(sizes))
    cluster = np.empty(sum(sizes), int)
    cluster[permutation] = np.repeat(np.arange(len(sizes)), sizes)
    return an_ordering(permutation, cluster, "kmeans")


def part(figure, name):
    """Return the axes of that name."""
    (found,) = [axes for axes in figure.axes if axes.get_gid() == name]
    return found


def parts(figure, beginning):
    """Return the axes whose names begin so, in the order they were drawn."""
    return [axes for axes in figure.axes if (axes.get_gid() or "").startswith(beginning)]


def image(axes):
    """Return the one image of axes, as an array."""
    (shown,) = axes.images
    return np.ma.getdata(shown.get_array())


def written(artist):
    """Return all words in a figure or in axes."""
    return [text.get_text() for text in artist.findobj(Text) if text.get_text()]


def bars(figure):
    """Return the limits and the label of every colour bar."""
    return {
        axes.get_xlabel(): tuple(axes.get_xlim())
        for axes in figure.axes
        if getattr(axes, "_colorbar", None) is not None
    }


def pixels(figure):
    """Draw a figure and return its pixels (row, col, 3)."""
    with style.look():
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[..., :3]


def ticks_beyond(figure):
    """Labels that matplotlib keeps, though their ticks lie beyond the axis and are not drawn."""
    found = set()
    for axis in figure.findobj(Axis):
        low, high = sorted(axis.get_view_interval())
        room = 1e-6 * (high - low)
        for tick in axis.get_major_ticks():
            if not low - room <= tick.get_loc() <= high + room:
                found |= {tick.label1, tick.label2}
    return found


def assert_readable(figure):
    """Every word lies inside of the figure, is large enough, and covers no other word."""
    with style.look():
        canvas = FigureCanvasAgg(figure)
        figure.draw_without_rendering()
        renderer = canvas.get_renderer()
        beyond = ticks_beyond(figure)
        texts = [
            text
            for text in figure.findobj(Text)
            if text.get_visible() and text.get_text().strip() and text not in beyond
        ]
        boxes = [(text, text.get_window_extent(renderer)) for text in texts]
    width, height = figure.bbox.size
    for text, box in boxes:
        inside = box.x0 >= -1 and box.y0 >= -1 and box.x1 <= width + 1 and box.y1 <= height + 1
        assert inside, f"{text.get_text()!r} is cut: {box} of {width} x {height}"
        assert text.get_fontsize() >= 4.5, f"{text.get_text()!r} is too small"
    level = [(text, box) for text, box in boxes if text.get_rotation() % 90 == 0]
    for (one, a), (other, b) in combinations(level, 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        down = min(a.y1, b.y1) - max(a.y0, b.y0)
        # Boxes include the room of accents and descenders: half of that may be shared.
        shared = across > 1 and down > 0.25 * min(a.height, b.height)
        assert not shared, f"{one.get_text()!r} covers {other.get_text()!r}"


def drawn(axes, name):
    """Return the one line of axes of that name, as x and y."""
    (found,) = [line for line in axes.lines if line.get_gid() == name]
    return np.asarray(found.get_xdata(), float), np.asarray(found.get_ydata(), float)


def drawn_names(axes, beginning):
    """Return how the names of lines go on that begin so, in the order they were drawn."""
    names = [line.get_gid() or "" for line in axes.lines]
    return [name.removeprefix(beginning) for name in names if name.startswith(beginning)]


def assert_equal_bytes(draw, folder):
    """Drawn twice, a figure is the same to the last byte."""
    for name in ("one", "other"):
        style.save(draw(), folder / name, formats=("png",))
    assert (folder / "one.png").read_bytes() == (folder / "other.png").read_bytes()
