"""DuckDB's read_parquet and read_json on the pattern that the card names: the rows are those of the JSON."""

import os
import uuid

import duckdb
from manifest import each, head, must_be, must_be_same, offers, plain_rows, program, told_counts

program("duckdb", duckdb.__version__)


def plain(value):
    """What it took for an id is text again."""
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


def load(release):
    parquet = release["container"] == "parquet"
    for part in head(release)["configs"][0]["data_files"]:
        pattern = os.path.join(release["folder"], part["path"])
        read = "read_parquet($1)" if parquet else "read_json($1, format = 'newline_delimited', maximum_object_size = 100000000)"
        # Rows that have no columns in common are only counted.
        if not offers(release, "duckdb"):
            [(count,)] = duckdb.execute(f"select count(*) from {read}", [pattern]).fetchall()
            must_be(count, release["splits"][part["split"]]["rows"], part["split"])
            continue
        found = duckdb.execute(f"select * from {read}", [pattern])
        names = [column[0] for column in found.description]
        rows = [dict(zip(names, map(plain, row))) for row in found.fetchall()]
        must_be_same(rows, plain_rows(release, part["split"]), part["split"])
    return told_counts(release) + (", rows the same" if offers(release, "duckdb") else ", counted")


each(load)
