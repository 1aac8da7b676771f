"""The detector's hot modules in compiled form: found when there is one, made by

    python -m pipeline.compiled

Most sources are compiled as they are (mypyc), a few are written anew in C (`detect/native/`); the plain modules are the
oracle of both.  Nothing needs the compiled form: without a C compiler everything runs as plain Python, only slower.  A
compiled form is used only when it was made from the very sources and the very interpreter at hand, so it can never be
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
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PURE = "GROUNDSWELL_PURE"
"""Set to anything, this environment variable leaves the compiled form aside."""

PACKAGE = "pipeline.detect"
MODULES = (
    "baseline", "detector", "entity", "evidence", "explain", "grouping", "groundswell", "keeping", "lifecycle",
    "outlook", "phrases", "regulars", "review", "severity", "shares", "spans", "telling", "threads", "weighed",
)  # fmt: skip
"""What is compiled: what runs at every mention, and what costs most in an incident.  Structs of msgspec stay outside,
since a compiled class can be none."""

NATIVE = ("memory", "ring", "trees", "vectors", "weight", "words", "wordvector")
"""What is written anew in C: tables that Python has no small form of, and what asks structs for many fields."""

SOURCES = Path(__file__).parent / "detect"
COMPILED = SOURCES / "compiled"
"""Where the compiled form lies."""

_C = SOURCES / "native"
_MARK = "made_from"
_GROUP = f"{PACKAGE}.hot"


def prefer(path: list[str]) -> bool:
    """Let a package's search path find the compiled modules first; gives whether it does."""
    if os.environ.get(PURE) or not _is_current():
        return False
    path.insert(0, str(COMPILED))
    try:
        import_module(f"{_GROUP}__mypyc")
    except ImportError:  # made for another system: a folder that was carried along
        path.remove(str(COMPILED))
        return False
    return True


def fingerprint() -> str:
    """What the compiled form depends on: the sources and the interpreter."""
    parts = hashlib.sha256(f"{sys.version} {sysconfig.get_config_var('SOABI')}".encode())
    for source in (*(SOURCES / f"{name}.py" for name in (*MODULES, *NATIVE)), *sorted(_C.glob("*.[ch]"))):
        parts.update(source.read_bytes())
    return parts.hexdigest()


def make() -> str | None:
    """Compile; gives the reason when it cannot be done here.  A form that is there and current is left alone."""
    if _is_current():
        return None
    missing = _missing()
    if missing:
        return missing
    made_from = fingerprint()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pipeline.compiled", "--into", folder]
        done = subprocess.run(command, cwd=SOURCES.parent.parent, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().splitlines()
            return f"compiling failed ({said[-1] if said else done.returncode})"
        shutil.rmtree(COMPILED, ignore_errors=True)
        COMPILED.mkdir()
        for library in Path(folder).rglob(f"lib/**/*{sysconfig.get_config_var('EXT_SUFFIX')}"):
            shutil.copy2(library, COMPILED)
        (COMPILED / _MARK).write_text(made_from)
    return None


def _is_current() -> bool:
    mark = COMPILED / _MARK
    try:
        return mark.read_text() == fingerprint()
    except OSError:
        return False


def _missing() -> str | None:
    compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
    if shutil.which(compiler) is None:
        return f"there is no C compiler ({compiler})"
    for module in ("mypyc", "setuptools"):
        if find_spec(module) is None:
            return f"the package {module} is not installed"
    header = Path(sysconfig.get_paths()["include"]) / "Python.h"
    return None if header.exists() else f"there are no headers of Python ({header})"


def _compile(into: Path) -> None:
    """Compile into a folder, in a process of its own."""
    setuptools = import_module("setuptools")  # before mypyc, which looks whether it is there
    mypycify = import_module("mypyc.build").mypycify
    options: list[str] = ["--config-file=", "--ignore-missing-imports", "--follow-imports=silent"]
    paths = [str(SOURCES / f"{name}.py") for name in MODULES]
    extensions: list[Any] = mypycify([*options, *paths], group_name=_GROUP, debug_level="0", target_dir=str(into / "c"))
    extensions += [setuptools.Extension(name, [str(_C / f"{name}.c")], include_dirs=[str(_C)]) for name in NATIVE]
    for extension in extensions:
        # No product and sum in one step: it rounds once where Python rounds twice.  And no detour at calls, since no
        # other library is to take the place of a function of ours.
        extension.extra_compile_args += ["-O3", "-ffp-contract=off", "-fno-semantic-interposition", "-fno-plt"]
    arguments = ["--quiet", "build_ext", f"--build-lib={into / 'lib'}", f"--build-temp={into / 'temp'}"]
    setuptools.setup(name="groundswell-hot", packages=[], py_modules=[], ext_modules=extensions, script_args=arguments)


def main(arguments: list[str]) -> int:
    """Make the compiled form, or say why there is none; that is no failure."""
    if arguments[:1] == ["--into"]:
        _compile(Path(arguments[1]))
        return 0
    reason = make()
    print("The detector is compiled" if reason is None else f"The detector runs as plain Python: {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
