"""Adapters for the shapes of training corpora, in the order they are tried."""

from __future__ import annotations

from rolethread_store.formats.adapters import (
    alpaca_labelled,
    alpaca_preference,
    clubfloyd,
    crd3,
    dolly,
    gemini,
    gpteacher,
    hh_rlhf,
    kto,
    limarp,
    message_pairs,
    metharme,
    mistral,
    moss,
    oasst,
    openai_preference,
    pippa,
    plain_text,
    preference,
    prompt_completion,
    segments,
    stepwise,
    transcript,
)
from rolethread_store.formats.adapters.adapter import Adapter

__all__ = ["CORPORA"]

# No record is recognised by two of them, so the order decides nothing but the time it takes.
CORPORA: tuple[Adapter, ...] = (
    preference.ADAPTER,
    prompt_completion.ADAPTER,
    gpteacher.ADAPTER,
    dolly.ADAPTER,
    alpaca_labelled.ADAPTER,
    alpaca_preference.ADAPTER,
    message_pairs.ADAPTER,
    openai_preference.ADAPTER,
    hh_rlhf.ADAPTER,
    kto.ADAPTER,
    stepwise.ADAPTER,
    metharme.ADAPTER,
    plain_text.ADAPTER,
    oasst.ADAPTER,
    mistral.ADAPTER,
    gemini.ADAPTER,
    segments.ADAPTER,
    pippa.ADAPTER,
    limarp.ADAPTER,
    moss.ADAPTER,
    clubfloyd.ADAPTER,
    crd3.ADAPTER,
    transcript.ADAPTER,
)
