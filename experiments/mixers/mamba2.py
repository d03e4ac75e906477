"""Mamba-2 (arXiv 2405.21060), as `transformers` has it: a state that decays at a rate that each token sets."""

from torch import nn

from sessa_ref.config import SessaConfig


def mamba2(config: SessaConfig, state: int) -> nn.Module:
    """h_t = e^(-Delta_t A) h_(t-1) + Delta_t x_t b_t^T and y_t = h_t c_t + d x_t, head by head; then a gated norm.

    x, b and c go through a short convolution and SiLU; b and c are shared by the heads. The module is `Mamba2Mixer` of
    `transformers`, with its initial parameters. The inner width is D, and not the usual 2 D, because the block around
    it has a gate and an output projection already. GELU stands in front. Weight decay reaches all parameters; the authors
    leave out A, d and the bias of Delta.

    Args:
        config: width and heads.
        state: numbers in b and c.

    Raises:
        ModuleNotFoundError: there is no `transformers`.
    """
    from transformers.models.mamba2.configuration_mamba2 import Mamba2Config
    from transformers.models.mamba2.modeling_mamba2 import Mamba2Mixer

    theirs = Mamba2Config(
        hidden_size=config.width,
        num_hidden_layers=1,
        expand=1,
        num_heads=config.heads,
        head_dim=config.width // config.heads,
        state_size=state,
        n_groups=1,
        chunk_size=64,
    )
    return Mamba2Mixer(theirs, 0)
