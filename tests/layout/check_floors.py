#!/usr/bin/env python3
"""Checks the #include lines of a source tree against the floors of the design.

check_floors.py ROOT: prints a line for each include that is not allowed and each file name that
two folders of src/ share; exits 1 if there was any.
"""

import pathlib
import re
import sys

FLOORS = {
    "base": 0,
    "config": 1,
    "tensor": 1,
    "dnn": 2,
    "ops": 3,
    "data": 4,
    "formats": 4,
    "net": 4,
    "train": 5,
    "report": 6,
    "cli": 7,
}

# Headers of libraries that are kept behind one folder, by how their names begin.
SEAMS = {"yaml.h": "config", "dnnl": "dnn", "oneapi/dnnl": "dnn"}

INCLUDE = re.compile(r"^\s*#\s*include\b\s*(.*)", re.MULTILINE)
TARGET = re.compile(r'(["<])([^">]+)[">]')


def problem_of_target(folder, target):
    """What is wrong with folder's including target, or None. folder is "" for public headers."""
    for prefix, owner in SEAMS.items():
        if target.startswith(prefix) and folder != owner:
            return f"only src/{owner} includes <{target}>"
    first, *rest = target.split("/")
    if ".." in rest or first == "..":
        return "an include names a file from the root of src/, without '..'"
    if first == "gnet" or (first == folder and folder):
        return None
    if first in FLOORS:
        if folder in ("", "cli"):
            return f"{folder or 'a public header'} includes nothing of the project but <gnet/...>"
        if FLOORS[first] >= FLOORS[folder]:
            return f"{folder} does not stand above {first}"
    return None


def problem_of(path, folder, operand):
    match = TARGET.match(operand)
    if not match:
        return "an include has to name its header"
    quote, target = match.groups()
    problem = problem_of_target(folder, target)
    if problem or quote == "<" or target.split("/")[0] in FLOORS:
        return problem
    if not (path.parent / target).exists():
        return "a quoted include is FOLDER/NAME, from the root of src/, or a file beside this one"
    return None


def check_file(root, path, folder):
    text = path.read_text()
    for match in INCLUDE.finditer(text):
        problem = problem_of(path, folder, match.group(1))
        if problem:
            line = text.count("\n", 0, match.start(1)) + 1
            yield f"{path.relative_to(root)}:{line}: {match.group(1).strip()}: {problem}"


def check_names(root, paths):
    seen = {}
    for path in paths:
        if path.name == "meson.build":
            continue
        if path.name in seen:
            yield f"{path.relative_to(root)}: {seen[path.name].relative_to(root)} has that name too"
        seen[path.name] = path


def check_tree(root):
    """Yields every problem, and one if there is nothing to check."""
    files = sorted(path for path in (root / "src").rglob("*") if path.is_file())
    sources = [path for path in files if path.suffix in (".c", ".h")]
    if not sources:
        yield f"{root}: no sources under src/"
    for path in sources:
        folder = path.relative_to(root / "src").parts[0]
        if folder in FLOORS:
            yield from check_file(root, path, folder)
        else:
            yield f"{path.relative_to(root)}: '{folder}' is no floor of the design"
    for path in sorted((root / "include").rglob("*.h")):
        yield from check_file(root, path, "")
    yield from check_names(root, files)


def main():
    problems = list(check_tree(pathlib.Path(sys.argv[1])))
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
