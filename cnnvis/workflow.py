"""What rules and their thin scripts share: the digest of a stage's source, and the job's log."""

import ast
import contextlib
import hashlib
import importlib.util
import io
import os
import sys
import tokenize
import traceback
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from cnnvis.errors import CnnvisError

PACKAGE = Path(__file__).resolve().parent
_DIGEST_LENGTH = 16
_LAYOUT = (tokenize.COMMENT, tokenize.NL, tokenize.ENCODING)


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
    script = Path(script)
    digest = hashlib.sha256(_code_tokens(script.read_text(encoding="utf-8")))
    for file in sorted(_dependencies(script)):
        digest.update(file.relative_to(PACKAGE).as_posix().encode() + b"\0")
        digest.update(_content(file))
    return digest.hexdigest()[:_DIGEST_LENGTH]


def module_digest(architecture: str) -> str:
    """Return a digest of the module behind an own architecture ``package.module:factory``.

    Empty for the name of a catalogued architecture, whose source the stages' digests cover already,
    and for a module that cannot be found here: the job that builds it says so.
    """
    module, found, _ = architecture.partition(":")
    if not found:
        return ""
    with contextlib.suppress(ImportError, ValueError):
        spec = importlib.util.find_spec(module)
        if spec is not None and spec.origin is not None and Path(spec.origin).suffix == ".py":
            tokens = _code_tokens(Path(spec.origin).read_text(encoding="utf-8"))
            return hashlib.sha256(tokens).hexdigest()[:_DIGEST_LENGTH]
    return ""


def _dependencies(script: Path) -> set[Path]:
    """Return the package's files that ``script`` depends on, data files included."""
    found: set[Path] = set()
    todo = list(_imports(script.read_text(encoding="utf-8"), package=""))
    while todo:
        file = todo.pop()
        if file in found:
            continue
        found.add(file)
        text = file.read_text(encoding="utf-8")
        found.update(_data_files(text))
        todo.extend(_imports(text, package=_package_of(file)))
    return found


@cache
def _content(file: Path) -> bytes:
    if file.suffix == ".py":
        return _code_tokens(file.read_text(encoding="utf-8"))
    return file.read_bytes()


@cache
def _code_tokens(text: str) -> bytes:
    """Return the tokens of Python source without comments, blank lines and docstrings."""
    docstrings = _docstring_starts(text)
    kept = [
        f"{token.type} {token.string}"
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type not in _LAYOUT and token.start not in docstrings
    ]
    return "\n".join(kept).encode()


def _docstring_starts(text: str) -> set[tuple[int, int]]:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    starts = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
            first = node.body[0]
            starts.add((first.lineno, first.col_offset))
    return starts


@cache
def _imports(text: str, package: str) -> tuple[Path, ...]:
    """Return our modules that ``text`` imports, with the ``__init__`` files on the way."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            names.add(base)
            names.update(f"{base}.{alias.name}" for alias in node.names)
    files = {file for name in names for file in _files_of(name)}
    return tuple(sorted(files))


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parents = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join([*parents, node.module] if node.module else parents)


def _files_of(name: str) -> Iterator[Path]:
    """Yield the files that ``import name`` runs, as far as they are ours."""
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
    parts = [PACKAGE.name, *file.relative_to(PACKAGE).parent.parts]
    return ".".join(parts)


def _data_files(text: str) -> set[Path]:
    """Return the files that a module declares in ``DATA_FILES``, patterns spelled out."""
    for node in ast.parse(text).body:
        target = _assigned_name(node)
        if target == "DATA_FILES" and isinstance(node, ast.Assign | ast.AnnAssign) and node.value:
            patterns = ast.literal_eval(node.value)
            return {file for pattern in patterns for file in PACKAGE.glob(pattern)}
    return set()


def _assigned_name(node: ast.stmt) -> str | None:
    target: ast.expr | None = None
    if isinstance(node, ast.Assign):
        target = node.targets[0]
    elif isinstance(node, ast.AnnAssign):
        target = node.target
    return target.id if isinstance(target, ast.Name) else None


def share_package() -> None:
    """Let the jobs of a run import this very package, whose source the digests cover.

    Jobs in an environment of their own (``--sdm conda``) find it by ``PYTHONPATH``, and an own
    network in the working directory of the study, too.
    """
    folders = [str(PACKAGE.parent), str(Path.cwd()), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(filter(None, folders)))


@contextlib.contextmanager
def job(log: str) -> Iterator[None]:
    """Run the body of a script with everything it prints in the rule's log.

    File descriptors are redirected, not Python's streams alone, so that what libraries print from C
    is kept too. An error meant for the user is printed as one paragraph, any other with its
    traceback; both end the script with exit code 1.
    """
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    with Path(log).open("w", buffering=1, encoding="utf-8") as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())
        try:
            yield
        except CnnvisError as error:
            print(f"error: {error}", file=file)
            sys.exit(1)
        except Exception:
            traceback.print_exc(file=file)
            sys.exit(1)
