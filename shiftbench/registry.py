"""The one lazy registry: networks, predictors, embeddings, controls and providers by name, imported when asked for."""

import functools
import hashlib
import importlib
import importlib.util
import inspect
import linecache
import sys
from collections.abc import Callable
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from shiftbench import kinds
from shiftbench.errors import InputError
from shiftbench.spec import did_you_mean

T = TypeVar("T")

SOURCE = "__shiftbench_source__"
"""Name in an imported file's module of the bytes that it was made from."""


class Registry:
    """Names of one kind: built in (`module:object`), by decorator, from an entry point, or `path.py:name`."""

    def __init__(self, kind: str, builtin: dict[str, str]) -> None:
        self.kind = kind
        self._where = dict(builtin)
        self._objects: dict[str, Any] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator that enters an object under `name`; `InputError` if the name is taken by another object."""

        def enter(thing: T) -> T:
            where = f"{getattr(thing, '__module__', '?')}:{getattr(thing, '__qualname__', name)}"
            if self._where.get(name, where) != where:
                raise InputError(f"{self.kind} {name!r}: already taken by {self._where[name]}; choose another name")
            self._where[name] = where
            self._objects[name] = thing
            return thing

        return enter

    def names(self) -> list[str]:
        """All known names, sorted; entry points of the group `shiftbench.<kind>s` among them."""
        return sorted({*self._where, *self._entry_points()})

    def get(self, name: str) -> Any:
        """The object behind `name`; `InputError` with a suggestion if there is none."""
        if ".py:" in name:
            return load_path(name)  # of a file that may be edited meanwhile
        if name in self._objects:
            return self._objects[name]
        if name in self._where:
            found = _attribute(self._where[name], self.kind)
        elif name in (plugins := self._entry_points()):
            found = _attribute(plugins[name].value, f"{self.kind} {name!r}, an entry point,")
        elif ":" in name:
            found = _attribute(name, self.kind)
        else:
            raise InputError(f"no {self.kind} {name!r}{did_you_mean(name, self.names())}")
        self._objects[name] = found
        return found

    def locator(self, name: str) -> str:
        """What another process can resolve: a name, an absolute `path.py:name`, or `module:object` if decorated."""
        if ".py:" in name:
            path, _, attribute = name.rpartition(":")
            return f"{Path(path).resolve()}:{attribute}"
        entered = self._where.get(name, "")
        ours = entered.startswith(("shiftbench.", "__main__:")) or name not in self._objects
        return name if ours or not entered else entered

    def origin(self, name: str) -> str:
        """Where a known name comes from: module:object, and the package of an entry point."""
        if name in self._where:
            return self._where[name]
        point = self._entry_points()[name]
        return f"{point.value}, of the package {point.dist.name}" if point.dist else point.value

    def local(self, name: str) -> bool:
        """Whether only this process can resolve `name` (entered by decorator in a script or notebook)."""
        return self._where.get(name, "").startswith("__main__:")

    def code(self, name: str) -> str:
        """Digest of the source file of an object from outside, so that an edited one is a new one; "" for our own.

        With the files that the object `depends` on. `InputError` if there is no source to tell it by.
        """
        if self._where.get(name, "").startswith("shiftbench."):
            return ""
        found = self.get(name)
        try:
            source, folder = _source(found, name)
        except (TypeError, OSError) as error:
            raise InputError(f"{self.kind} {name!r}: no source file to tell it by; put it into a .py file") from error
        digest = hashlib.blake2b(source, digest_size=16)
        for needed in kinds.names(found, "depends"):
            digest.update(content(folder / needed, f"{self.kind} {name!r}: depends on "))
        return digest.hexdigest()

    def _entry_points(self) -> dict[str, EntryPoint]:
        return _installed(f"shiftbench.{self.kind}s")


@cache
def _installed(group: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=group)}


def _defined(thing: Any) -> Any:
    """What has source of its own, below decorators and fixed arguments: the class of an instance, else the thing."""
    while isinstance(thing, functools.partial) or hasattr(thing, "__wrapped__"):
        thing = thing.func if isinstance(thing, functools.partial) else thing.__wrapped__
    return thing if isinstance(thing, type) or inspect.isroutine(thing) else type(thing)


def _source(thing: Any, name: str) -> tuple[bytes, Path]:
    """Source file, or cell of a notebook, in which an object is defined, and its folder; `OSError` without one."""
    try:
        file = Path(name.rpartition(":")[0] if ".py:" in name else inspect.getsourcefile(_defined(thing)) or "")
        return file.read_bytes(), file.parent
    except OSError:
        if cell := _cell(_defined(thing)):
            return cell, Path()
        raise


def _cell(thing: Any) -> bytes:
    """Text of the cells in which the functions of an object are defined, which Python keeps for tracebacks."""
    functions = [thing, *vars(thing).values()] if isinstance(thing, type) else [thing]
    files = dict.fromkeys(each.__code__.co_filename for each in functions if inspect.isfunction(each))
    return "".join(line for file in files for line in linecache.getlines(file)).encode()


def content(file: Path, where: str = "") -> bytes:
    """Digest of what a file holds, 16 bytes; `InputError`, after `where`, if it cannot be read."""
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).digest()
    except OSError as error:
        raise InputError(f"{where}{file}: cannot read ({error.strerror}); expected a file") from error


def load_path(name: str) -> Any:
    """Object `name` of a Python file, given as `path.py:name`; `InputError` says what is missing."""
    path, _, wanted = name.rpartition(":")
    file = Path(path).resolve()
    if not file.is_file():
        raise InputError(f"{path}: no such file; expected path.py:name of a model")
    module = _load_module(file)
    if not hasattr(module, wanted):
        names = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise InputError(f"{path}: no {wanted!r} in it{did_you_mean(wanted, names)}")
    return getattr(module, wanted)


def _load_module(file: Path) -> ModuleType:
    """The module of a file, imported once for each content that the file has had."""
    try:
        source = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file}: cannot read ({error.strerror}); expected a Python file") from error
    name = f"shiftbench_outside_{hashlib.blake2b(str(file).encode(), digest_size=6).hexdigest()}"
    if name in sys.modules and vars(sys.modules[name]).get(SOURCE) == source:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise InputError(f"{file}: not a Python file that can be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        # Not by the loader, whose cache does not see an edit that keeps size and second.
        exec(compile(source, file, "exec"), vars(module))
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise InputError(f"{file}: import failed with {_line(error)}") from error
    setattr(module, SOURCE, source)
    return module


def _attribute(where: str, kind: str) -> Any:
    module, _, name = where.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (Exception, SystemExit) as error:  # whatever a module from outside does
        raise InputError(f"{kind} {where!r}: {_line(error)}; expected an importable module:object") from error


def _line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())


NETWORKS = Registry(
    "network",
    {
        "cnn": "shiftbench.models.cnn:Cnn",
        "bilstm": "shiftbench.models.bilstm:BiLstm",
        "transformer": "shiftbench.models.transformer:Transformer",
    },
)
PREDICTORS = Registry("predictor", {})
EMBEDDINGS = Registry("embedding", {})
MODELS: dict[kinds.Kind, Registry] = {"network": NETWORKS, "callable": PREDICTORS, "embedding": EMBEDDINGS}
"""Registry of each kind of recipe that may come from outside."""
CONTROLS = Registry(
    "control",
    {
        "training_mean": "shiftbench.models.controls:TrainingMean",
        "gc_ridge": "shiftbench.models.controls:GcRidge",
        "kmer_ridge": "shiftbench.models.controls:KmerRidge",
        "pwm_ridge": "shiftbench.models.controls:PwmRidge",
        "motif_prior": "shiftbench.models.controls:MotifPrior",
        "source_oracle": "shiftbench.models.oracle:SourceOracle",
        "oracle": "shiftbench.models.oracle:Oracle",
        "position_mean": "shiftbench.models.annotation:PositionMean",
        "conservation": "shiftbench.models.annotation:Conservation",
        "centre_distance": "shiftbench.models.annotation:CentreDistance",
        "repeat": "shiftbench.models.annotation:Repeat",
    },
)
PROVIDERS = Registry(
    "provider",
    {
        "mpra": "shiftbench.tasks.simulated:Mpra",
        "satmut": "shiftbench.tasks.satmut:Satmut",
        "lentimpra": "shiftbench.tasks.lentimpra_task:LentiMpra",
        "lentimpra_folds": "shiftbench.tasks.lentimpra_folds:LentiMpraFolds",
        "cagi5": "shiftbench.tasks.cagi5:Cagi5",
        "turnover": "shiftbench.tasks.turnover:Turnover",
        "cagi4": "shiftbench.tasks.cagi4:Cagi4",
        "table": "shiftbench.own.provider:OwnTable",
        "variants": "shiftbench.own.variants:OwnVariants",
        "round": "shiftbench.tasks.round:RoundData",
    },
)

register_network = NETWORKS.register


def register_predictor(name: str) -> Callable[[T], T]:
    """Decorator that marks a predictor and enters it under `name`; `InputError` if the name is taken."""
    return lambda thing: PREDICTORS.register(name)(kinds.predictor(thing))


def register_embedding(name: str) -> Callable[[T], T]:
    """Decorator that marks a frozen embedding and enters it under `name`; `InputError` if the name is taken."""
    return lambda thing: EMBEDDINGS.register(name)(kinds.embedding(thing))


register_provider = PROVIDERS.register
