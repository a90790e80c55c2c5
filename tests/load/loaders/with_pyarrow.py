"""pyarrow on each file: the nested schema that the card tells, and the rows of the JSON; pyarrow's own reader of JSON for the rest."""

import pyarrow
import pyarrow.json
import pyarrow.parquet
from manifest import each, head, must_be, must_be_same, offers, paths, plain_rows, program, told_counts

program("pyarrow", pyarrow.__version__)

primitives = {"string": pyarrow.string(), "int64": pyarrow.int64(), "float64": pyarrow.float64(), "bool": pyarrow.bool_()}


def told(feature):
    """The type that the card tells of a column or of what a list holds."""
    if isinstance(feature, str):
        return primitives[feature]
    if isinstance(feature, list):
        return pyarrow.struct([(member["name"], told(member)) for member in feature])
    for form in ("dtype", "struct"):
        if form in feature:
            return told(feature[form])
    return pyarrow.list_(told(feature["list"]))


def bare(kind):
    """A type without what the card does not tell: what is never null, and what a list's elements are called."""
    if pyarrow.types.is_list(kind):
        return pyarrow.list_(bare(kind.value_type))
    if pyarrow.types.is_struct(kind):
        return pyarrow.struct([(member.name, bare(member.type)) for member in kind])
    return kind


def columns(schema):
    return [(field.name, bare(field.type)) for field in schema]


def load(release):
    schema = pyarrow.schema([(one["name"], told(one)) for one in head(release)["dataset_info"]["features"]])
    for split in release["splits"]:
        rows = []
        for path in paths(release, split):
            if release["container"] == "parquet":
                table = pyarrow.parquet.read_table(path)
                must_be(columns(table.schema), columns(schema), "schema")
            else:
                # It takes what is null in the first block for null in all of it, unless it is told.
                options = pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error")
                table = pyarrow.json.read_json(path, parse_options=options)
            table.validate(full=True)
            rows.extend(table.to_pylist())
        must_be_same(rows, plain_rows(release, split), split)
    return told_counts(release) + ", schema and rows the same"


each(load, wanted=lambda release: offers(release, "datasets"))
