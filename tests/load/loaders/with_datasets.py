"""datasets.load_dataset on the folder: the splits, their counts and the features are those of the card, the rows those of the JSON."""

import sys
from importlib.util import find_spec

import datasets
from manifest import Unable, counts, each, head, must_be, must_be_same, offers, plain_rows, program, told_counts

program("datasets", datasets.__version__)
datasets.disable_progress_bars()


def load(release):
    if release["compression"] == "zstd" and find_spec("zstandard") is None:
        raise Unable("the package zstandard is missing")
    try:
        loaded = datasets.load_dataset(release["folder"], cache_dir=sys.argv[2])
    except Exception:
        if offers(release, "datasets"):
            raise
        raise Unable("its rows have no columns in common, and the card does not say that it loads")
    must_be({split: part.num_rows for split, part in loaded.items()}, counts(release), "rows by split")
    card = head(release)["dataset_info"]
    must_be({one["name"]: one["num_examples"] for one in card["splits"]}, counts(release), "rows in the card")
    for split, part in loaded.items():
        if "features" in card:
            must_be(part.features, datasets.Features._from_yaml_list(card["features"]), "features")
            must_be_same(part.to_list(), plain_rows(release, split), split)
    return told_counts(release) + (", features and rows the same" if "features" in card else ", no columns told")


each(load)
