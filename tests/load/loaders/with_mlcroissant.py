"""mlcroissant on croissant.json: it is valid, and the records of each split are its rows."""

import logging
import os
from importlib import metadata
from urllib.parse import unquote

import mlcroissant
from manifest import Unable, counts, each, must_be, must_be_same, plain_rows, program, told_counts

program("mlcroissant", metadata.version("mlcroissant"))
# Of what it only recommends, such as how to cite.
logging.disable(logging.WARNING)


def plain(value):
    """
    A value without what does not outlast mlcroissant: texts come as bytes, lists as arrays, null as NaN, a struct that is null as one
    of nulls, and of a number in JSON pandas has the first digits.
    """
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, dict):
        members = {unquote(key.split("/")[-1]): plain(member) for key, member in value.items()}
        return members if any(member is not None for member in members.values()) else None
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, float):
        return float(f"{value:.12g}") if value == value else None
    return value


def load(release):
    dataset = mlcroissant.Dataset(jsonld=os.path.join(release["folder"], "croissant.json"))
    must_be(sorted(dataset.metadata.ctx.issues.errors), [], "errors")
    sets = dataset.metadata.record_sets
    if not sets:
        return "valid; no record sets, for its rows have no columns in common"
    must_be(sorted(one.uuid for one in sets), sorted(counts(release)), "record sets")
    if release["compression"] == "zstd":
        raise Unable("valid, but mlcroissant opens nothing that zstd compressed")
    for one in sets:
        split, columns = one.uuid, [unquote(field.uuid.split("/")[-1]) for field in one.fields]
        expected = plain_rows(release, split)
        rows = [plain({name: row.get(name) for name in columns}) for row in expected]
        must_be_same([plain(record) for record in dataset.records(split)], rows, split)
    return f"valid; {told_counts(release)}, {len(columns)} of {len(expected[0])} columns told, rows the same"


each(load)
