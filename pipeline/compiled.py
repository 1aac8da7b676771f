"""Hot modules of detector and linker in compiled form: found when there is one, made by

    python -m pipeline.compiled

mypyc compiles the very files that run as plain Python elsewhere, so there is one source of everything; nothing needs
the compiled form.  It is used only when it was made from the sources and the interpreter at hand, so it can never be
out of date.
`GROUNDSWELL_PURE=1` leaves it aside.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

PURE = "GROUNDSWELL_PURE"
"""Set to anything, this environment variable leaves every compiled form aside."""

_ROOT = Path(__file__).parent.parent
_MARK = "made_from"
_SUFFIX = str(sysconfig.get_config_var("EXT_SUFFIX"))


class CompiledFinder(MetaPathFinder):
    """Finds compiled modules, wherever in their package they stand, by their full names."""

    def __init__(self) -> None:
        self.libraries: dict[str, Path] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        library = self.libraries.get(fullname)
        return None if library is None else spec_from_file_location(fullname, library)


FINDER = CompiledFinder()


@dataclass(frozen=True, slots=True)
class Hot:
    """The hot `modules` of a `package`, named as they stand in it; `name` is what a person calls them."""

    name: str
    package: str
    modules: tuple[str, ...]
    within: Path = _ROOT
    """Where the folder that the compiled form lies in is."""

    @property
    def group(self) -> str:
        """The module that holds the code of them all."""
        return f"{self.package}.hot__mypyc"

    @property
    def sources(self) -> list[Path]:
        return [_ROOT.joinpath(*f"{self.package}.{module}".split(".")).with_suffix(".py") for module in self.modules]

    @property
    def compiled(self) -> Path:
        """Where the compiled form lies."""
        return self.within.joinpath(*self.package.split("."), "compiled")

    def prefer(self) -> bool:
        """Let imports find the compiled modules first; gives whether they do."""
        self.leave()
        if os.environ.get(PURE) or not self._is_current():
            return False
        for library in self.compiled.glob(f"*{_SUFFIX}"):
            FINDER.libraries[f"{self.package}.{library.name.removesuffix(_SUFFIX)}"] = library
        if FINDER not in sys.meta_path:
            sys.meta_path.insert(0, FINDER)
        try:
            import_module(self.group)
        except ImportError:  # made for another system: a folder that was carried along
            self.leave()
            return False
        return True

    def leave(self) -> None:
        """Let imports find the sources again."""
        for name in [name for name in FINDER.libraries if name.startswith(f"{self.package}.")]:
            del FINDER.libraries[name]

    def fingerprint(self) -> str:
        """What the compiled form depends on: the sources and the interpreter."""
        parts = hashlib.sha256(f"{sys.version} {sysconfig.get_config_var('SOABI')}".encode())
        for source in self.sources:
            parts.update(source.read_bytes())
        return parts.hexdigest()

    def make(self) -> str | None:
        """Compile; gives the reason when it cannot be done here.  A form that is there and current is left alone."""
        if self._is_current():
            return None
        missing = _missing()
        if missing:
            return missing
        made_from = self.fingerprint()
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "pipeline.compiled", self.name, "--into", folder]
            done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                said = (done.stderr or done.stdout).strip().splitlines()
                return f"compiling failed ({said[-1] if said else done.returncode})"
            shutil.rmtree(self.compiled, ignore_errors=True)
            self.compiled.mkdir(parents=True)
            libraries = Path(folder, "lib", *self.package.split("."))
            for library in libraries.rglob(f"*{_SUFFIX}"):
                shutil.copy2(library, self.compiled / ".".join(library.relative_to(libraries).parts))
            (self.compiled / _MARK).write_text(made_from)
        return None

    def _is_current(self) -> bool:
        try:
            return (self.compiled / _MARK).read_text() == self.fingerprint()
        except OSError:
            return False


DETECTOR = Hot("detector", "pipeline.detect", modules=(
    "detector", "evidence.baseline", "evidence.boosted", "evidence.groundswell", "evidence.pile_on", "evidence.surge",
    "incidents.context", "incidents.counters", "incidents.doubt", "incidents.explain", "incidents.forecast",
    "incidents.forecast_review", "incidents.lifecycle", "incidents.severity", "incidents.usual", "judgement",
    "mentions.weighting", "narratives.clustering", "narratives.phrases", "narratives.vectors", "narratives.vocabulary",
    "narratives.words", "state.entity", "state.keyed_hash", "state.memory", "state.posts", "state.quotable_posts",
    "state.regulars",
))  # fmt: skip
"""What runs at every mention, and what costs most in an incident.  Structs of msgspec stay outside, since a compiled
class can be none."""

LINKER = Hot("linker", "pipeline.enrich.linking", modules=(
    "context", "lexicon", "linker", "log_odds", "markers", "namesakes", "senses", "shape",
))  # fmt: skip
"""What decides whom a post is about; the search itself is in C anyway."""

HOT = (DETECTOR, LINKER)


def _missing() -> str | None:
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        return f"there is no C compiler ({compiler})"
    for module in ("mypyc", "setuptools"):
        if find_spec(module) is None:
            return f"the package {module} is not installed"
    header = Path(sysconfig.get_paths()["include"]) / "Python.h"
    return None if header.exists() else f"there are no headers of Python ({header})"


def _compile(hot: Hot, into: Path) -> None:
    """Compile into a folder, in a process of its own."""
    setuptools = import_module("setuptools")  # before mypyc, which looks whether it is there
    mypycify = import_module("mypyc.build").mypycify
    options = ["--config-file=", "--ignore-missing-imports", "--follow-imports=silent", *map(str, hot.sources)]
    group = hot.group.removesuffix("__mypyc")
    extensions: list[Any] = mypycify(options, group_name=group, debug_level="0", target_dir=str(into / "c"))
    for extension in extensions:
        # No product and sum in one step: it rounds once where Python rounds twice.  And no detour at calls, since no
        # other library is to take the place of a function of ours.
        extension.extra_compile_args += ["-O3", "-ffp-contract=off", "-fno-semantic-interposition", "-fno-plt"]
    arguments = ["--quiet", "build_ext", f"--build-lib={into / 'lib'}", f"--build-temp={into / 'temp'}"]
    setuptools.setup(name="groundswell-hot", packages=[], py_modules=[], ext_modules=extensions, script_args=arguments)


def main(arguments: list[str]) -> int:
    """Make the compiled forms, or say why there is none; that is no failure."""
    if arguments[1:2] == ["--into"]:
        _compile(next(hot for hot in HOT if hot.name == arguments[0]), Path(arguments[2]))
        return 0
    for hot in HOT:
        reason = hot.make()
        outcome = "is compiled" if reason is None else f"runs as plain Python: {reason}"
        print(f"The {hot.name} {outcome}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
