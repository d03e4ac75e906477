"""The calls that are measured: forward, forward and backward, and decoding."""

import copy
from typing import Any

import torch

from benchmarks.settings import Settings
from benchmarks.timing import Task


def forward(name: str, layer: Any, settings: Settings, T: int) -> Task:
    """The mixer's output, with nothing kept for gradients."""
    (u,) = _random(settings, T, 1)

    @torch.no_grad()
    def run(_: None) -> None:
        layer.mixer(u)

    return Task(name, run)


def forward_backward(name: str, layer: Any, settings: Settings, T: int) -> Task:
    """The gradients of sum(s * cotangent) with respect to u and to every parameter of the mixer."""
    u, cotangent = _random(settings, T, 2)
    leaves = [u.requires_grad_(), *layer.mixer.parameters()]

    def run(_: None) -> None:
        torch.autograd.grad((layer.mixer(u) * cotangent).sum(), leaves)

    return Task(name, run)


def decode(name: str, layer: Any, settings: Settings, context: int) -> Task:
    """Some steps of the whole layer after a prefill of `context` tokens; every call starts from that prefill."""
    prompt, tokens = _random(settings, context, 2)
    tokens = tokens[:, torch.arange(settings.decode_steps) % context]
    with torch.no_grad():
        _, prefilled = layer.prefill(prompt, layer.init_cache(settings.batch, max_len=context + settings.decode_steps))

    @torch.no_grad()
    def run(cache: Any) -> None:
        for t in range(settings.decode_steps):
            _, cache = layer.decode_step(tokens[:, t], cache)

    return Task(name, run, lambda: copy.deepcopy(prefilled))


CALLS = {"forward": forward, "forward_backward": forward_backward, "decode": decode}
"""Every call by the name of its measurement."""


def _random(settings: Settings, T: int, count: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    shape = (settings.batch, T, settings.width)
    return [torch.randn(shape, generator=generator).to(settings.torch_dtype) for _ in range(count)]
