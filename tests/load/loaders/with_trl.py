"""TRL's data_utils, with which its trainers prepare rows: what they make of each is what the row says."""

import json
import sys

import datasets
import trl
from manifest import each, must_be, must_be_same, program, releases
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast
from trl import data_utils

program("trl", trl.__version__)
datasets.disable_progress_bars()

# A template that shows each turn as it came; no model's own, for these would have to be downloaded.
template = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({"?": 0}, unk_token="?")))
tokenizer.chat_template = template

looked_at = ("messages", "prompt", "completion", "chosen", "rejected", "label")


def shown(messages):
    return "".join(f"<|{m['role']}|>{m['content']}<|end|>" for m in messages)


def as_text(row):
    """What the template makes of a row, by the formats' definition."""
    if "messages" in row:
        return {"text": shown(row["messages"])}
    if "prompt" not in row:
        return {side: shown(row[side]) for side in ("chosen", "rejected")}
    prompt = shown(row["prompt"]) + "<|assistant|>"
    sides = {s: shown(row["prompt"] + row[s])[len(prompt) :] for s in ("completion", "chosen", "rejected") if s in row}
    return {"prompt": prompt, **sides, **({"label": row["label"]} if "label" in row else {})}


def load_all(release):
    return datasets.load_dataset(release["folder"], cache_dir=sys.argv[2])


def explicit_twin(release):
    name = release["name"].replace("trl_implicit", "trl")
    return next(one for one in releases if one["name"].split(" ")[:2] == name.split(" ")[:2])


def load(release):
    did = []
    loaded = load_all(release)
    for split, part in loaded.items():
        rows = part.to_list()
        for row in rows:
            must_be(data_utils.is_conversational(row), True, "is_conversational")
            taken = {key: row[key] for key in looked_at if key in row}
            must_be(data_utils.maybe_apply_chat_template(dict(row), tokenizer), as_text(taken), "in the template")
        did = ["is_conversational", "maybe_apply_chat_template"]
        if release["format"] == "trl_implicit":
            found = [{key: one[key] for key in looked_at if key in one} for one in map(data_utils.extract_prompt, rows)]
            explicit = {row["id"]: row for row in load_all(explicit_twin(release))[split].to_list()}
            expected = [{key: explicit[row["id"]][key] for key in ("prompt", "chosen", "rejected")} for row in rows]
            must_be_same(found, expected, f"{split}, prompt extracted")
            did.append("extract_prompt, equal to the explicit form")
        if release["format"] == "trl" and release["kind"] == "comparisons":
            asked = part.select_columns(["prompt", "chosen", "rejected"])
            unpaired = data_utils.unpair_preference_dataset(asked).to_list()
            good = [{"prompt": r["prompt"], "completion": r["chosen"], "label": True} for r in rows]
            bad = [{"prompt": r["prompt"], "completion": r["rejected"], "label": False} for r in rows]
            ordered = lambda some: sorted(some, key=json.dumps)
            must_be_same(ordered(unpaired), ordered(good + bad), f"{split}, unpaired")
            did.append("unpair_preference_dataset")
    return ", ".join(did)


def wanted(release):
    if release["container"] != "parquet" and release["folder"] != release["plain"]:
        return False
    return release["format"].startswith("trl") or (release["kind"], release["format"]) == ("sft", "openai")


each(load, wanted)
