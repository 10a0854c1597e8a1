"""The page that is opened first: what was made, in pictures, and where everything lies.

It loads nothing from a network and works from the disk: its style is inside, its links are
relative.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import jinja2

from cnnvis.errors import CnnvisError, FileError
from cnnvis.files import write_text

DATA_FILES = (
    "pages/templates/index.html",
    "pages/templates/index.css",
    "pages/templates/colours.css",
)


@dataclass(frozen=True)
class Picture:
    """A figure of the page.

    Attributes:
        path: of the picture, relative to the page.
        alt: what is seen on it, for who cannot see it.
        caption: below it; "" where the picture tells its own.
        others: the same in other formats, by their names, such as ``{"PDF": "a.pdf"}``.
        wide: whether it needs the whole width of the page.
    """

    path: str
    alt: str
    caption: str = ""
    others: Mapping[str, str] = field(default_factory=dict)
    wide: bool = True


@dataclass(frozen=True)
class Link:
    """A file or page to go to: its path relative to the page, its name, what is in it."""

    path: str
    title: str
    text: str = ""


@dataclass(frozen=True)
class Section:
    """A part of the page; ``anchor`` names it in addresses."""

    anchor: str
    title: str
    text: str = ""
    pictures: tuple[Picture, ...] = ()
    links: tuple[Link, ...] = ()


@dataclass(frozen=True)
class Prediction:
    """What a network says of an image.

    Attributes:
        network: its name.
        image: its name.
        role: of the image; may be "".
        truth: the true class; "" where it is not known.
        best: (class, probability), the best first.
        place: where the true class stands among the best, 0 for first; None: it is not among them.
            (Two classes may have one name, so that names cannot tell.)
    """

    network: str
    image: str
    role: str
    truth: str
    best: tuple[tuple[str, float], ...]
    place: int | None

    @property
    def verdict(self) -> str:
        """Say whether the best class is the true one."""
        if not self.truth:
            return "no label"
        return "correct" if self.place == 0 else "misclassified"


@dataclass(frozen=True)
class Care:
    """What to keep in mind about a part of the study: where, and sentences."""

    where: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Page:
    """All that the page shows.

    Attributes:
        title: of the page.
        lead: what it is, in a sentence or two.
        sections: its parts, in order.
        predictions: the table of best classes; may be empty.
        next_steps: what to open next.
        cautions: what to keep in mind, by part of the study; parts without any are left out.
        provenance: facts by their names: versions, hashes, settings.
    """

    title: str
    lead: str
    sections: tuple[Section, ...]
    predictions: tuple[Prediction, ...] = ()
    next_steps: tuple[Link, ...] = ()
    cautions: tuple[Care, ...] = ()
    provenance: Mapping[str, str] = field(default_factory=dict)


def render(page: Page) -> str:
    """Return the page as HTML; all text in it is taken as text, never as HTML.

    Raises:
        CnnvisError: a path that is not relative, a picture without a description, two parts of one
            name.
    """
    _check(page)
    return environment().get_template("index.html").render(page=page)


def environment() -> jinja2.Environment:
    """Return what makes pages from templates: text stays text, paths become addresses."""
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters["address"] = address
    templates.filters["percent"] = percent
    return templates


def write(path: str | os.PathLike[str], page: Page) -> None:
    """Write the page, whole or not at all.

    Raises:
        CnnvisError: see :func:`render`.
        FileError: a file it links to is missing, the disk is full, or the folder is read-only.
    """
    text = render(page)
    folder = Path(path).parent
    missing = sorted(link for link in set(_links(page)) if not (folder / link).exists())
    if missing:
        raise FileError(
            f"the page {path} links to {len(missing)} files that are not there, first "
            f"{missing[0]!r}. Make them first, or leave them out of the page."
        )
    write_text(path, text)


def address(path: str) -> str:
    """Return a relative path as it stands in a link.

    Raises:
        CnnvisError: the path is absolute or leads to a network.

    >>> address("figures/a b#1.png")
    'figures/a%20b%231.png'
    """
    first = path.split("/", 1)[0]
    if not path or path.startswith(("/", "\\")) or ":" in first or "\\" in path:
        raise CnnvisError(f"the page links to files by relative paths; got {path!r}.")
    return quote(path)


def percent(share: float) -> str:
    """Return a probability in percent, in as many digits as tell something.

    >>> percent(0.4389), percent(0.0001)
    ('43.9 %', '< 0.1 %')
    """
    return "< 0.1 %" if share < 0.001 else f"{100 * share:.1f} %"


def _links(page: Page) -> Iterator[str]:
    """Yield every path the page links to."""
    for section in page.sections:
        for picture in section.pictures:
            yield picture.path
            yield from picture.others.values()
        for link in section.links:
            yield link.path
    for link in page.next_steps:
        yield link.path


def _check(page: Page) -> None:
    """Refuse a page with parts that cannot be reached or read."""
    anchors = [section.anchor for section in page.sections]
    repeated = sorted({anchor for anchor in anchors if anchors.count(anchor) > 1})
    if repeated:
        raise CnnvisError(f"every section of a page has its own anchor; {repeated[0]!r} is twice.")
    for section in page.sections:
        for picture in section.pictures:
            if not picture.alt.strip():
                raise CnnvisError(
                    f"picture {picture.path!r} has no description. Give it an alt text: what is "
                    "seen on it, for who cannot see it."
                )
    for path in _links(page):
        address(path)
