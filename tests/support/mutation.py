"""What `./test mutation` does: small changes to the client's core, one by one; does a test fail?

./test mutation              the modules of MODULES; takes an hour or two
./test mutation auth paging  some of them

mutmut works on a copy in var/mutation, in an environment of its own: nobody else needs it. What
the results mean: docs/mutation-testing.md.
"""

from __future__ import annotations

import ast
import difflib
import json
import os
import re
import shutil
import subprocess
import sys
import venv
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
WORK = ROOT / "var" / "mutation"
MUTMUT = "mutmut==3.8.1"
PROCESSES = "2"

MODULES = ("transport", "auth", "paging", "errors", "decoding", "secret", "wire", "addresses")

TESTS = (
    *("transport", "auth", "paging", "models", "addresses", "client"),
    *("secret", "properties", "misbehaving", "cycles"),
)
"""Of tests/cyclr_api, those that are about these modules."""

CONFIGURATION = """
[tool.pytest.ini_options]
pythonpath = ["."]
addopts = ["--import-mode=importlib", "-p", "no:django", "-p", "no:cacheprovider"]

[tool.mutmut]
source_paths = ["cyclr_api"]
only_mutate = {modules}
pytest_add_cli_args_test_selection = {tests}
pytest_add_cli_args = ["-k", "not megabytes"]
use_git_change_detection = false
timeout_multiplier = 5.0
timeout_constant = 5.0
"""

EXAMPLES = """
from hypothesis import settings

settings.register_profile("mutation", derandomize=True, deadline=None, max_examples=30)
settings.load_profile("mutation")
"""

KILLED, SURVIVED, UNTESTED = "killed", "survived", "no tests"


def verdict(exit_code: int | None) -> str:
    """What mutmut's exit code of a mutant says; time-outs count as killed."""
    return {0: SURVIVED, 5: UNTESTED, 33: UNTESTED, None: "not run"}.get(exit_code, KILLED)


def prepare(modules: Sequence[str]) -> str:
    """Make the copy and the environment; the path of mutmut in it."""
    shutil.rmtree(WORK, ignore_errors=True)
    copy = WORK / "copy"
    (copy / "tests" / "cyclr_api").mkdir(parents=True)
    shutil.copytree(ROOT / "cyclr_api", copy / "cyclr_api")
    for file in (ROOT / "tests" / "cyclr_api").glob("*.py"):
        shutil.copy(file, copy / "tests" / "cyclr_api")
    (copy / "tests" / "conftest.py").write_text(EXAMPLES)
    mutated = [f"cyclr_api/{name}.py" for name in modules]
    tests = [f"tests/cyclr_api/test_{name}.py" for name in TESTS]
    (copy / "pyproject.toml").write_text(
        CONFIGURATION.format(modules=json.dumps(mutated), tests=json.dumps(tests))
    )
    venv.create(WORK / "venv", with_pip=True)
    python = WORK / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", MUTMUT], check=True)
    # Everything else as it is locked for the tests.
    (packages,) = (WORK / "venv" / "lib").glob("python*/site-packages")
    locked = next(path for path in sys.path if path.endswith("site-packages"))
    (packages / "locked.pth").write_text(locked)
    return str(WORK / "venv" / "bin" / "mutmut")


def survivors(module: str, codes: dict[str, int | None]) -> Iterator[str]:
    """Name and changed lines of each mutant that no test noticed."""
    source = (WORK / "copy" / "mutants" / "cyclr_api" / f"{module}.py").read_text()
    lines = source.splitlines()
    functions = {
        node.name: lines[node.lineno : node.end_lineno]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
    }
    for key, code in codes.items():
        if verdict(code) != KILLED:
            name = key.rpartition(".")[2]
            original = re.sub(r"_mutmut_\d+$", "_mutmut_orig", name)
            changes = difflib.unified_diff(functions[original], functions[name], n=0, lineterm="")
            shown = [line for line in changes if not line.startswith(("---", "+++", "@@"))]
            yield "\n".join([f"{module} {name} ({verdict(code)})", *shown])


def report(modules: Sequence[str]) -> str:
    """The survivors, and the score of each module."""
    parts: list[str] = []
    scores: list[str] = []
    total: Counter[str] = Counter()
    for module in modules:
        meta = WORK / "copy" / "mutants" / "cyclr_api" / f"{module}.py.meta"
        codes: dict[str, int | None] = json.loads(meta.read_text())["exit_code_by_key"]
        counts = Counter(map(verdict, codes.values()))
        total += counts
        parts += survivors(module, codes)
        scores.append(score(module, counts))
    return "\n\n".join([*parts, "\n".join([*scores, score("all", total)])]) + "\n"


def score(name: str, counts: Counter[str]) -> str:
    """One line of the table."""
    share = 100 * counts[KILLED] / max(counts.total(), 1)
    return f"{name:10} {counts[KILLED]:5} of {counts.total():5} killed, {share:5.1f} %"


def main(modules: Sequence[str]) -> int:
    """The exit status: 0 if mutmut ran to its end, whatever survived."""
    modules = modules or MODULES
    if unknown := set(modules) - set(MODULES):
        sys.stderr.write(f"No such module: {', '.join(unknown)}; there are {', '.join(MODULES)}\n")
        return 2
    mutmut = prepare(modules)
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [mutmut, "run", "--max-children", PROCESSES],
        cwd=WORK / "copy",
        env=environment,
        check=False,
    )
    if done.returncode == 0:
        text = report(modules)
        (WORK / "report.txt").write_text(text)
        sys.stdout.write(text)
    return done.returncode
