"""The code that a stage depends on, as a digest: scripts, modules of the package, data files."""

import ast
import contextlib
import hashlib
import importlib.util
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from cnnvis.entries import prototxt
from cnnvis.own_modules import working_directory_first

PACKAGE = Path(__file__).resolve().parent
_DIGEST_LENGTH = 16
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class _Source:
    """What one file of Python says: its code, the modules it imports, the data files it names."""

    code: bytes
    modules: frozenset[str]
    data_files: tuple[str, ...]


def source_digest(script: str | Path) -> str:
    """Return a digest of all source that a thin script depends on.

    It covers the script, every module of the package that the script imports, what those import
    from the package in turn (inside functions and relative imports too, and the ``__init__`` of
    each package on the way), and the data files that a module names in its constant
    ``DATA_FILES``. Comments, layout and docstrings do not count. Snakemake by itself sees a change
    of the script only: given as a parameter, the digest makes exactly the stages rerun that use
    changed code.

    Raises:
        FileNotFoundError: the script does not exist.
    """
    digest = hashlib.sha256(_read(Path(script)).code)
    for file in sorted(_dependencies(Path(script))):
        digest.update(file.relative_to(PACKAGE).as_posix().encode() + b"\0")
        digest.update(_read(file).code if file.suffix == ".py" else file.read_bytes())
    return digest.hexdigest()[:_DIGEST_LENGTH]


def module_digest(architecture: str) -> str:
    """Return a digest of the module behind an own architecture ``package.module:factory``.

    Of ``caffe:deploy.prototxt`` it is that of the description. Empty for the name of a catalogued
    architecture, whose source the stages' digests cover already, and for a module or a description
    that cannot be found or read here: the job that builds it says so.
    """
    description = prototxt(architecture)
    if description:
        file = Path(description)
        content = file.read_bytes() if file.is_file() else b""
        return hashlib.sha256(content).hexdigest()[:_DIGEST_LENGTH] if content else ""
    module, found, _ = architecture.partition(":")
    if not found:
        return ""
    with contextlib.suppress(ImportError, ValueError, SyntaxError, OSError):
        spec = _spec(module)
        if spec is not None and spec.origin is not None and Path(spec.origin).suffix == ".py":
            code = _parsed(Path(spec.origin).read_text(encoding="utf-8"), "").code
            return hashlib.sha256(code).hexdigest()[:_DIGEST_LENGTH]
    return ""


def _spec(module: str) -> ModuleSpec | None:
    """Find a module where jobs find it, in the working directory first, and import nothing.

    Snakemake's own process has that on its path only where the Snakefile lies there.
    """
    first, *inner = module.split(".")
    with working_directory_first():
        spec = importlib.util.find_spec(first)
        for name in inner:
            places = spec and spec.submodule_search_locations
            spec = PathFinder.find_spec(name, places) if places else None
    return spec


def share_package() -> None:
    """Let the jobs of a run import this very package, whose source the digests cover.

    Jobs in an environment of their own (``--sdm conda``) find it by ``PYTHONPATH``, and an own
    network in the working directory of the study, too.
    """
    folders = [str(PACKAGE.parent), str(Path.cwd()), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(filter(None, folders)))


def _dependencies(script: Path) -> set[Path]:
    """Return the package's files that ``script`` depends on, data files included."""
    found: set[Path] = set()
    todo = [script]
    while todo:
        source = _read(todo.pop())
        found.update(file for pattern in source.data_files for file in PACKAGE.glob(pattern))
        new = {file for name in source.modules for file in _files_of(name)} - found
        found |= new
        todo.extend(new)
    return found


@cache
def _read(file: Path) -> _Source:
    return _parsed(file.read_text(encoding="utf-8"), _package_of(file))


def _parsed(text: str, package: str) -> _Source:
    """Read source in one pass over its syntax tree, which knows no comments and no layout."""
    tree = ast.parse(text)
    words: list[str] = []
    imports: list[ast.Import | ast.ImportFrom] = []
    _spell(tree, words, imports)
    modules: set[str] = set()
    for node in imports:
        base = _absolute(node, package) if isinstance(node, ast.ImportFrom) else ""
        names = [f"{base}.{alias.name}" if base else alias.name for alias in node.names]
        modules.update([base, *names] if base else names)
    return _Source("\n".join(words).encode(), frozenset(modules), _data_files(tree))


def _spell(part: object, words: list[str], imports: list[ast.Import | ast.ImportFrom]) -> None:
    """Add the words that a part of a syntax tree is told from all others by, and its imports.

    A node's fields are known from its type, a list's length is said: no two trees have equal words.
    (``ast.dump`` takes three times as long, which every start of Snakemake would pay.)
    """
    if isinstance(part, ast.AST):
        words.append(type(part).__name__)
        if isinstance(part, _DOCUMENTED) and ast.get_docstring(part, clean=False) is not None:
            del part.body[0]
        elif isinstance(part, ast.Import | ast.ImportFrom):
            imports.append(part)
        for field in part._fields:
            _spell(getattr(part, field, None), words, imports)
    elif isinstance(part, list):
        words.append(str(len(part)))
        for item in part:
            _spell(item, words, imports)
    else:
        words.append(repr(part))


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parents = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join([*parents, node.module] if node.module else parents)


@cache
def _files_of(name: str) -> tuple[Path, ...]:
    """Return the files that ``import name`` runs, as far as they are ours."""
    return tuple(_on_the_way(name))


def _on_the_way(name: str) -> Iterator[Path]:
    root, *parts = name.split(".")
    if root != PACKAGE.name:
        return
    folder = PACKAGE
    yield folder / "__init__.py"
    for part in parts:
        if (folder / f"{part}.py").is_file():
            yield folder / f"{part}.py"
            return
        folder = folder / part
        if not (folder / "__init__.py").is_file():
            return
        yield folder / "__init__.py"


def _package_of(file: Path) -> str:
    """Return the package a file belongs to; empty for one that is not ours."""
    if not file.is_relative_to(PACKAGE):
        return ""
    return ".".join([PACKAGE.name, *file.relative_to(PACKAGE).parent.parts])


def _data_files(tree: ast.Module) -> tuple[str, ...]:
    """Return the patterns that a module declares in ``DATA_FILES``."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value:
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name) and target.id == "DATA_FILES":
                return tuple(ast.literal_eval(node.value))
    return ()
