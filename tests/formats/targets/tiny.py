"""A model of one layer and a tokenizer of bytes, made on the spot: trainers run on them."""

from __future__ import annotations

import pytest

from tests.formats.targets.consuming import Module

__all__ = ["CHATML", "made_model", "made_tokenizer"]

_SPECIAL = ("<pad>", "<|start|>", "<|end|>")
CHATML = (
    "{%- if tools %}<|start|>tools\n{{ tools | tojson }}<|end|>\n{% endif %}"
    "{%- for message in messages %}{{ '<|start|>' + message['role'] + '\n' }}"
    "{%- if message['role'] == 'assistant' %}{% generation %}{{ message['content'] }}"
    "{%- if message['tool_calls'] %}{{ message['tool_calls'] | tojson }}{% endif %}<|end|>"
    "{%- endgeneration %}{% else %}{{ message['content'] }}<|end|>{% endif %}{{ '\n' }}{% endfor %}"
    "{%- if add_generation_prompt %}{{ '<|start|>assistant\n' }}{% endif %}"
)
"""A template that says of each turn what is trained."""


def made_tokenizer() -> Module:
    """Return a tokenizer that takes every byte for a token and loses none."""
    tokenizers = pytest.importorskip("tokenizers")
    transformers = pytest.importorskip("transformers")
    bytewise = tokenizers.pre_tokenizers.ByteLevel
    vocabulary = {
        char: place for place, char in enumerate([*_SPECIAL, *sorted(bytewise.alphabet())])
    }
    made = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=vocabulary, merges=[]))
    made.pre_tokenizer = bytewise(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", eos_token="<|end|>",
        additional_special_tokens=["<|start|>"],
    )  # fmt: skip
    tokenizer.chat_template = CHATML
    return tokenizer


def made_model(tokenizer: Module, labels: int | None = None) -> Module:
    """Return a model for the tokenizer that can be trained in an instant.

    Args:
        tokenizer: The tokenizer.
        labels: How many values it gives, for a model that rates answers.
    """
    pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=8, intermediate_size=8, num_hidden_layers=1,
        num_attention_heads=1, max_position_embeddings=4096, pad_token_id=0, eos_token_id=2,
        **({} if labels is None else {"num_labels": labels}),
    )  # fmt: skip
    if labels is None:
        return transformers.LlamaForCausalLM(config)
    return transformers.LlamaForSequenceClassification(config)
