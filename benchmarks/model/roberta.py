"""A `transformers` pipeline of RoBERTa-base's shape with random weights: the model peer, without a hub.

Its speed does not depend on the weights.  The tokenizer is the shipped one, so that both sides read as many tokens.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from typing import Any

from models.manifest import SHIPPED, TOKENIZER

LABELS = ("negative", "neutral", "positive")

Classify = Callable[[str], list[dict[str, Any]]]
"""A text in; a list with its label and score out, as `transformers` has it."""


def roberta_base(threads: int, **shape: int) -> Any:
    """A text-classification pipeline, fp32: 12 layers × 768, 12 heads, 50,265 word pieces, three labels.

    `threads` 0: as many as torch takes by itself.  `shape` overrides parts of the configuration: tests want a tiny one.
    """
    import torch
    import transformers
    from tokenizers import Tokenizer

    if threads:
        torch.set_num_threads(threads)
    library: Any = transformers  # its own types are not those of what it takes
    tokenizer = Tokenizer.from_file(str(SHIPPED / TOKENIZER))
    tokenizer.no_truncation()
    with tempfile.TemporaryDirectory() as folder:
        library.PreTrainedTokenizerFast(
            tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", model_max_length=512
        ).save_pretrained(folder)
        fast = library.PreTrainedTokenizerFast.from_pretrained(folder)
    names = dict(enumerate(LABELS))
    size = {"vocab_size": 50_265, "max_position_embeddings": 514, "type_vocab_size": 1, **shape}
    configuration = library.RobertaConfig(**size, id2label=names, label2id={name: n for n, name in names.items()})
    torch.manual_seed(0)
    model = library.RobertaForSequenceClassification(configuration)
    model.eval()
    return library.pipeline("text-classification", model=model, tokenizer=fast, device="cpu")


def balance(classify: Any, texts: Sequence[str]) -> None:
    """Shift the answers so that each label comes about as often on `texts`: random weights give one label alone."""
    import torch

    with torch.inference_mode():
        means = sum(classify.model(**classify.tokenizer(text, return_tensors="pt")).logits[0] for text in texts)
        classify.model.classifier.out_proj.bias -= means / len(texts)
