"""The methods that are timed, each as a layer whose `mixer` is the map u -> s."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

from benchmarks.attention import AttentionLayer
from benchmarks.settings import Settings
from sessa_ref.config import SessaConfig
from sessa_ref.optimized import SessaLayer


class Method(NamedTuple):
    """Something to time.

    Its layer has `mixer`, `init_cache`, `prefill` and `decode_step` as the published layer has them.
    """

    name: str
    layer: Callable[[SessaConfig], Any]
    is_sessa: bool = True
    """False for the attention baseline, which computes another map."""

    def build(self, settings: Settings) -> Any:
        """The layer in the dtype of the settings, with the parameters that all methods share."""
        layer = self.layer(settings.config)
        outcome = layer.load_state_dict(shared_parameters(settings.config), strict=self.is_sessa)
        if outcome.missing_keys:
            raise RuntimeError(f"{self.name} was not given {outcome.missing_keys}")
        return layer.to(settings.torch_dtype).eval()


def method(name: str, published: str | None = None) -> Method:
    """The method of that name.

    Raises:
        ValueError: there is no published layer in the folder `published`.
    """
    if name == "attention":
        return Method(name, AttentionLayer, is_sessa=False)
    if name == "published":
        layer_class = _published_layer_class(Path(published or "."))
        return Method(name, lambda config: layer_class(**config.published_arguments()))
    return Method(name, lambda config: _own_layer(config, name))


def shared_parameters(config: SessaConfig) -> dict[str, torch.Tensor]:
    """The state_dict of a freshly initialised layer, the same for every method and in every process."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return SessaLayer(**config.published_arguments()).state_dict()


def _own_layer(config: SessaConfig, backend: Any) -> nn.Module:
    return SessaLayer(**config.published_arguments(), rotary_dtype=config.rotary_dtype, backend=backend)


def _published_layer_class(folder: Path) -> Any:
    if not (folder / "sessa" / "layer.py").is_file():
        raise ValueError(f"--published must be a clone of the public repository, with sessa/layer.py; got {folder}")
    if str(folder.resolve()) not in sys.path:
        sys.path.insert(0, str(folder.resolve()))
    return importlib.import_module("sessa.layer").SessaLayer
