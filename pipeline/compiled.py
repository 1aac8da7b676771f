"""Hot modules in compiled form, of the detector and of the linker: found when there is one, made by

    python -m pipeline.compiled

Most sources are compiled as they are (mypyc), a few of the detector's are written anew in C (`detect/native/`); the
plain modules are the oracle of both.  Nothing needs the compiled form: without a C compiler everything runs as plain
Python, only slower.  A compiled form is used only when it was made from the very sources and the very interpreter at
hand, so it can never be out of date.
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
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PURE = "GROUNDSWELL_PURE"
"""Set to anything, this environment variable leaves every compiled form aside."""

_ROOT = Path(__file__).parent
_MARK = "made_from"


@dataclass(frozen=True, slots=True)
class Hot:
    """The hot modules of a package, which is `folder` of ours; told of by its `name`.

    `modules` are compiled as they are; `native` are written anew in C, in a folder of that name.
    """

    name: str
    folder: str
    modules: tuple[str, ...]
    native: tuple[str, ...] = ()
    within: Path = _ROOT
    """Where the folder that the compiled form lies in is."""

    @property
    def package(self) -> str:
        return f"pipeline.{self.folder.replace('/', '.')}"

    @property
    def group(self) -> str:
        """The module that holds the code of all those that are compiled as they are."""
        return f"{self.package}.hot"

    @property
    def sources(self) -> Path:
        return _ROOT / self.folder

    @property
    def compiled(self) -> Path:
        """Where the compiled form lies."""
        return self.within / self.folder / "compiled"

    def prefer(self, path: list[str]) -> bool:
        """Let the package's search path find the compiled modules first; gives whether it does."""
        if os.environ.get(PURE) or not self._is_current():
            return False
        path.insert(0, str(self.compiled))
        try:
            import_module(f"{self.group}__mypyc")
        except ImportError:  # made for another system: a folder that was carried along
            path.remove(str(self.compiled))
            return False
        return True

    def fingerprint(self) -> str:
        """What the compiled form depends on: the sources and the interpreter."""
        parts = hashlib.sha256(f"{sys.version} {sysconfig.get_config_var('SOABI')}".encode())
        written = [self.sources / f"{name}.py" for name in (*self.modules, *self.native)]
        for source in (*written, *sorted((self.sources / "native").glob("*.[ch]"))):
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
            done = subprocess.run(command, cwd=_ROOT.parent, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                said = (done.stderr or done.stdout).strip().splitlines()
                return f"compiling failed ({said[-1] if said else done.returncode})"
            shutil.rmtree(self.compiled, ignore_errors=True)
            self.compiled.mkdir(parents=True)
            for library in Path(folder).rglob(f"lib/**/*{sysconfig.get_config_var('EXT_SUFFIX')}"):
                shutil.copy2(library, self.compiled)
            (self.compiled / _MARK).write_text(made_from)
        return None

    def _is_current(self) -> bool:
        try:
            return (self.compiled / _MARK).read_text() == self.fingerprint()
        except OSError:
            return False


DETECTOR = Hot("detector", "detect", modules=(
    "baseline", "detector", "entity", "evidence", "explain", "grouping", "groundswell", "keeping", "lifecycle",
    "outlook", "phrases", "regulars", "review", "severity", "shares", "spans", "telling", "threads", "together",
    "weighed",
), native=("memory", "ring", "trees", "vectors", "weight", "words", "wordvector"))  # fmt: skip
"""What runs at every mention, and what costs most in an incident.  Structs of msgspec stay outside, since a compiled
class can be none; in C are tables that Python has no small form of, and what asks structs for many fields."""

LINKER = Hot("linker", "enrich/linking", modules=(
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
    options: list[str] = ["--config-file=", "--ignore-missing-imports", "--follow-imports=silent"]
    paths = [str(hot.sources / f"{name}.py") for name in hot.modules]
    extensions: list[Any] = mypycify(
        [*options, *paths], group_name=hot.group, debug_level="0", target_dir=str(into / "c")
    )
    c = hot.sources / "native"
    extensions += [setuptools.Extension(name, [str(c / f"{name}.c")], include_dirs=[str(c)]) for name in hot.native]
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
        told = "is compiled" if reason is None else f"runs as plain Python: {reason}"
        print(f"The {hot.name} {told}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
