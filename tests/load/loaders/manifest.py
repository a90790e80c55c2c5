"""What the programs beside this have in common: which releases there are, what they hold, and how it is told what came of it."""

import json
import os
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    releases = json.load(file)


def program(name, version):
    print(json.dumps({"program": name, "version": version}), flush=True)


class Unable(Exception):
    """Why the program cannot do what was tried, where that is no fault of the release."""


def each(load, wanted=lambda release: True):
    """Calls `load(release)`, which answers what to tell, for each release that is wanted; an exception but `Unable` is a failure."""
    for release in filter(wanted, releases):
        try:
            outcome, told = "loaded", load(release)
        except Unable as reason:
            outcome, told = "unable", str(reason)
        except Exception as error:
            outcome, told = "failed", " ".join(f"{type(error).__name__}: {error}".split())[:600]
        print(json.dumps({"release": release["name"], "outcome": outcome, "told": told}), flush=True)


def offers(release, command):
    """Whether the card has a command for it; it has none for rows without columns in common."""
    return command in release["offered"]


def paths(release, split):
    return [os.path.join(release["folder"], name) for name in release["splits"][split]["files"]]


def plain_rows(release, split):
    """The rows of a split as Python's own reader of JSON has them."""
    folder = os.path.join(release["plain"], "data")
    rows = []
    for name in sorted(os.listdir(folder)):
        if name.startswith(split + "-"):
            with open(os.path.join(folder, name), encoding="utf-8", newline="\n") as lines:
                rows.extend(json.loads(line) for line in lines)
    return rows


def head(release):
    """The YAML at the head of README.md."""
    import yaml

    with open(os.path.join(release["folder"], "README.md"), encoding="utf-8") as card:
        return yaml.safe_load(card.read().split("---\n")[1])


def difference(found, expected, at="row"):
    """Where two values differ, or None. A member that is absent is null, as it is for a column."""
    if isinstance(expected, dict) or isinstance(found, dict):
        if not (isinstance(expected, dict) and isinstance(found, dict)):
            return f"{at}: {found!r} instead of {expected!r}"
        members = ((key, found.get(key), expected.get(key)) for key in {**expected, **found})
        return next((one for key, a, b in members if (one := difference(a, b, f"{at}.{key}"))), None)
    if isinstance(expected, list) or isinstance(found, list):
        if not (isinstance(expected, list) and isinstance(found, list)) or len(found) != len(expected):
            return f"{at}: {found!r} instead of {expected!r}"
        pairs = enumerate(zip(found, expected))
        return next((one for n, (a, b) in pairs if (one := difference(a, b, f"{at}[{n}]"))), None)
    same = found == expected and isinstance(found, bool) == isinstance(expected, bool)
    return None if same else f"{at}: {found!r} instead of {expected!r}"


def must_be_same(found, expected, what):
    if len(found) != len(expected):
        raise AssertionError(f"{what}: {len(found)} rows instead of {len(expected)}")
    told = difference(found, expected, what)
    if told:
        raise AssertionError(told)


def must_be(found, expected, what):
    if found != expected:
        raise AssertionError(f"{what}: {found!r} instead of {expected!r}")


def counts(release):
    return {split: of["rows"] for split, of in release["splits"].items()}


def told_counts(release):
    return ", ".join(f"{split} {rows}" for split, rows in counts(release).items())
