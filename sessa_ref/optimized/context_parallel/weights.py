"""The weights of one block with all others, a part at a time, so that they can be made while the wave is elsewhere."""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor


class Weights:
    """alpha in pieces: a block's rows before its diagonal, or columns below it, in as many parts as there are ranks."""

    def __init__(self, q: Tensor, k: Tensor, block: int, pieces: int) -> None:
        self.q, self.k, self.block, self.pieces = q, k, block, pieces
        self.scale = q.shape[-1] ** -0.5

    def cut(self, start: int, stop: int) -> list[slice]:
        """The tokens start .. stop - 1 in `pieces` parts."""
        edges = [start + (stop - start) * n // self.pieces for n in range(self.pieces + 1)]
        return [slice(low, high) for low, high in pairwise(edges)]

    def logits(self, rows: slice, columns: slice) -> Float[Tensor, "N rows columns"]:
        """<q_t, k_j> / sqrt(d_b)."""
        return torch.baddbmm(self.q.new_zeros(()), self.q[:, rows], self.k[:, columns].mT, beta=0, alpha=self.scale)

    def inside(self, rows: slice) -> Float[Tensor, "N block block"]:
        """Logits of a block with itself."""
        hidden = torch.ones(self.block, self.block, dtype=torch.bool, device=self.q.device).triu()
        return self.logits(rows, rows).masked_fill(hidden, -torch.inf)


class Rows(Weights):
    """Rows of a block; with each slice that is solved, a part of the next block's is made, with its own maxima."""

    def __init__(self, q: Tensor, k: Tensor, block: int, pieces: int) -> None:
        super().__init__(q, k, block, pieces)
        self.waiting: dict[int, list[tuple[slice, Tensor, Tensor]]] = {}

    def prepare(self, rows: slice, part: int) -> None:
        """Make a part of these rows, and with the last part the diagonal block."""
        made = self.waiting.setdefault(rows.start, [])
        columns = self.cut(0, rows.start)[part]
        made.append((columns, *self._exponentials(self.logits(rows, columns))))
        if part == self.pieces - 1:
            made.append((rows, *self._exponentials(self.inside(rows))))

    def finish(self, rows: slice) -> tuple[list[tuple[slice, Tensor, Tensor]], Float[Tensor, "N block"]]:
        """(columns, values and factors whose products are the weights, part by part; the rows' log-sum-exp)."""
        if rows.start not in self.waiting:
            for part in range(self.pieces):
                self.prepare(rows, part)
        made = self.waiting.pop(rows.start)
        largest = torch.stack([maxima for _, _, maxima in made]).amax(0)
        total = torch.stack([(maxima - largest).exp() * values.sum(-1) for _, values, maxima in made]).sum(0)
        lse = torch.where(total > 0, largest + torch.log(total), 0)  # token 0 sees nothing
        return [(columns, values, (maxima - lse).exp()[..., None]) for columns, values, maxima in made], lse

    @staticmethod
    def _exponentials(logits: Tensor) -> tuple[Tensor, Tensor]:
        if logits.shape[-1] == 0:
            return logits, logits.new_full(logits.shape[:-1], torch.finfo(logits.dtype).min)
        maxima = logits.amax(-1).clamp(min=torch.finfo(logits.dtype).min)
        return (logits - maxima[..., None]).exp(), maxima


class Columns(Weights):
    """gamma_t alpha_tj for the j of a block, transposed; with each slice, a part of the next block's is made."""

    def __init__(self, q: Tensor, k: Tensor, gamma: Tensor, lse: Tensor, block: int, pieces: int) -> None:
        super().__init__(q, k, block, pieces)
        self.gamma, self.lse = gamma, lse
        self.waiting: dict[int, list[tuple[slice, Tensor]]] = {}

    def prepare(self, columns: slice, part: int) -> None:
        """Make a part of these columns, and with the last part the diagonal block."""
        made = self.waiting.setdefault(columns.start, [])
        rows = self.cut(columns.stop, self.q.shape[1])[part]
        made.append((rows, self._fed_back(self.logits(rows, columns), rows)))
        if part == self.pieces - 1:
            made.append((columns, self._fed_back(self.inside(columns), columns)))

    def finish(self, columns: slice) -> list[tuple[slice, Tensor]]:
        """(rows and entries of every part)."""
        if columns.start not in self.waiting:
            for part in range(self.pieces):
                self.prepare(columns, part)
        return self.waiting.pop(columns.start)

    def _fed_back(self, logits: Tensor, rows: slice) -> Tensor:
        return (self.gamma[:, rows, None] * (logits - self.lse[:, rows, None]).exp()).mT
