"""Columns of very many codes, read through short vectors and predicted in two stages."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

_AT_ONCE = 512
"""Rows whose codes are picked at once: of each the vectors of a run are held."""

_NEVER = -1e4
"""Log-odds of a code that does not exist; finite, so that weights can be averaged."""


class Runs(nn.Module):
    """A column of very many codes, predicted as a run of codes and then the code in that run.

    A head is the logits of the runs, and `rank` numbers that are multiplied with a vector of each
    code. Learning costs about twice the root of the number of codes.

    Attributes:
        count: number of runs.
        head: length of a head.
        vectors: what each code is read as, `[size, rank]`.
    """

    inner: Tensor

    def __init__(self, size: int, rank: int) -> None:
        super().__init__()
        self.size, self.length = size, int((size - 1) ** 0.5) + 1
        self.count = -(-size // self.length)
        self.head = self.count + rank
        self.vectors = nn.Parameter(torch.randn(size, rank) * rank**-0.5)
        self.predict = nn.Parameter(torch.randn(self.count, self.length, rank) * rank**-0.5)
        inner = torch.zeros(self.count * self.length)
        inner[size:] = _NEVER
        self.register_buffer("inner", inner.view(self.count, self.length))

    def set_marginals(self, logs: Tensor) -> Tensor:
        """Take log-probabilities of the codes, `[size]`; return those of the runs, `[count]`."""
        padded = torch.full((self.count * self.length,), _NEVER, dtype=logs.dtype)
        padded[: self.size] = logs
        self.inner.copy_(padded.view_as(self.inner).log_softmax(dim=1))
        return padded.view_as(self.inner).logsumexp(dim=1)

    def log_prob(self, head: Tensor, codes: Tensor) -> Tensor:
        """Log-probability of each code, `[B]`, by heads `[B, head]`."""
        run, place = codes // self.length, codes % self.length
        of_run = head[:, : self.count].log_softmax(dim=1).gather(1, run[:, None])[:, 0]
        logits = torch.einsum("blr,br->bl", self.predict[run], head[:, self.count :])
        inside = (logits + self.inner[run]).log_softmax(dim=1)
        return of_run + inside.gather(1, place[:, None])[:, 0]

    def pick(self, head: Tensor, chance: Tensor, forbidden: Sequence[int] = ()) -> Tensor:
        """The code at a share `chance` `[B]` of the odds that heads `[B, head]` give, int64 `[B]`.

        The run is chosen first and then the code in it, by one inverse CDF over all codes but those
        that are forbidden; so the odds of other runs are never worked out.
        """
        rows = zip(head.split(_AT_ONCE), chance.split(_AT_ONCE), strict=True)
        return torch.cat([self._pick(one, share, forbidden) for one, share in rows])

    def _pick(self, head: Tensor, chance: Tensor, forbidden: Sequence[int]) -> Tensor:
        of_run = head[:, : self.count].double().softmax(dim=1)
        for run in {code // self.length for code in forbidden}:
            inside = self._inside(head, torch.full_like(chance, run, dtype=torch.int64), ())
            gone = [code % self.length for code in forbidden if code // self.length == run]
            of_run[:, run] *= (1 - inside[:, gone].sum(1)).clamp_min(0)
        edges = of_run.cumsum(dim=1)
        total = edges[:, -1:]
        at = torch.minimum(chance[:, None] * total, total.nextafter(torch.zeros_like(total)))
        run = torch.searchsorted(edges, at, right=True).clamp_(max=self.count - 1)
        before = edges.gather(1, run) - of_run.gather(1, run)
        share = ((at - before) / of_run.gather(1, run)).clamp(0, 1)
        run = run[:, 0]
        inside = self._inside(head, run, forbidden).cumsum(dim=1)
        most = inside[:, -1:].nextafter(torch.zeros_like(inside[:, -1:]))
        place = torch.searchsorted(inside, torch.minimum(share * inside[:, -1:], most), right=True)
        return run * self.length + place[:, 0].clamp_(max=self.length - 1)

    def _inside(self, head: Tensor, run: Tensor, forbidden: Sequence[int]) -> Tensor:
        """Odds of the codes in each row's run, `[B, length]`, without those that are forbidden."""
        logits = torch.einsum("blr,br->bl", self.predict[run], head[:, self.count :])
        odds = (logits + self.inner[run]).double().softmax(dim=1)
        for code in forbidden:
            odds[:, code % self.length] *= run != code // self.length
        return odds

    def log_probs(self, head: Tensor) -> Tensor:
        """Log-probabilities of all codes, `[B, size]`, by heads `[B, head]`."""
        of_runs = head[:, : self.count].log_softmax(dim=1)
        logits = torch.einsum("clr,br->bcl", self.predict, head[:, self.count :])
        inside = (logits + self.inner).log_softmax(dim=2)
        return (of_runs[:, :, None] + inside).flatten(1)[:, : self.size]
