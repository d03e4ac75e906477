"""The gated block in which all mixers but a Transformer's stand."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from sessa_ref.config import SessaConfig


class Block(nn.Module):
    """y = x + W_out(mixer(GELU(a)) * g), with (a, g) = W_in(norm(x)): (9) to (13) around any mixer.

    Parameters are named as in `SessaLayer`, which this is if the mixer is a `SessaMixer`.
    """

    def __init__(self, config: SessaConfig, mixer: nn.Module) -> None:
        super().__init__()
        self.ln = nn.LayerNorm(config.width, eps=config.norm_eps)
        self.W_in = nn.Linear(config.width, 2 * config.width)
        self.mixer = mixer
        self.W_out = nn.Linear(config.width, config.width)

    def forward(self, x: Float[Tensor, "*batch T D"]) -> Float[Tensor, "*batch T D"]:
        """The block's output for x."""
        a, g = self.W_in(self.ln(x)).chunk(2, dim=-1)
        return x + self.W_out(self.mixer(functional.gelu(a)) * g)
