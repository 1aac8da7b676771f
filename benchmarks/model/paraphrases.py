"""Whether embeddings still find paraphrases after fine-tuning: the model beside the base that its training began with.

    python -m benchmarks.model.paraphrases ~/data/target_sentiment/brands_kaggle/brands_train.csv.gz --label Irrelevant

The file is a CSV, maybe gzipped, with the columns `group_id` and `text`; texts with the same group say the same.  With
`--label` only groups with that label are taken: such as the training does not read.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from models.evaluation.record import record
from models.evaluation.retrieval import Embed, pairs_of, read_groups, retrieval, scorer_embeds
from models.load import load_scorer
from models.manifest import SHIPPED
from models.text import normalise
from pipeline.settings.model import ModelSettings


def base_embeds(config: Path, data: Path) -> tuple[str, Embed]:
    """The mean of the token states of the untouched base, as it was trained to be compared."""
    import torch

    from models.network import mean
    from models.training.config import read_config
    from models.training.pretrained import open_base

    settings = read_config(config, data=data)
    base = open_base(settings.base, settings.max_tokens)
    base.encoder.train(False)

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        rows = []
        with torch.inference_mode():
            for text in texts:
                ids = torch.tensor([base.tokenizer.encode(normalise(text)).ids])
                mask = torch.ones_like(ids)
                states = base.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
                rows.append(mean(states, mask)[0].numpy())
        return np.asarray(rows, np.float32)

    return settings.base.name, embed


def main() -> None:
    """Print one row for each encoder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--label", default="")
    parser.add_argument("--groups", type=int, default=1_000)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--config", type=Path, help="also the base of this configuration (needs the train extra)")
    parser.add_argument("--record", action="store_true", help="keep the figures in the artefact, for its card")
    arguments = parser.parse_args()

    pairs = pairs_of(read_groups(arguments.file, arguments.label), arguments.groups)
    scorer = load_scorer(ModelSettings(path=arguments.model))
    encoders = [(f"{scorer.ref.name} {scorer.ref.version}", scorer_embeds(scorer))]
    if arguments.config:
        encoders.insert(0, base_embeds(arguments.config, arguments.file.parent))
    table = Table("embedding of", "groups", "recall at 1", "mean reciprocal rank")
    found = [retrieval(embed, pairs, encoder=name, data=arguments.file.name) for name, embed in encoders]
    for one in found:
        table.add_row(one.encoder, str(one.groups), f"{one.recall_at_1:.3f}", f"{one.mean_reciprocal_rank:.3f}")
    Console().print(table)
    if arguments.record:
        record(arguments.model or SHIPPED, retrieval=found)


if __name__ == "__main__":
    main()
