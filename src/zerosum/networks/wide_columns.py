"""Columns of very many codes, read through short vectors and predicted in two stages."""

import torch
from torch import Tensor, nn

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

    def log_probs(self, head: Tensor) -> Tensor:
        """Log-probabilities of all codes, `[B, size]`, by heads `[B, head]`."""
        of_runs = head[:, : self.count].log_softmax(dim=1)
        logits = torch.einsum("clr,br->bcl", self.predict, head[:, self.count :])
        inside = (logits + self.inner).log_softmax(dim=2)
        return (of_runs[:, :, None] + inside).flatten(1)[:, : self.size]
