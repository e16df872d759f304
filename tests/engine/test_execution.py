"""How arithmetic is done: contexts that leave no trace."""

import pytest
import torch

from zerosum.engine.execution import Execution

CPU = torch.device("cpu")


def test_threads_are_set_and_put_back() -> None:
    before = torch.get_num_threads()
    with Execution(threads=before + 1).applied():
        assert torch.get_num_threads() == before + 1
        assert torch.backends.cudnn.deterministic
    assert torch.get_num_threads() == before
    with Execution().applied():
        assert torch.get_num_threads() == before


def test_threads_are_put_back_after_an_error() -> None:
    before = torch.get_num_threads(), torch.backends.cudnn.deterministic
    with pytest.raises(KeyError), Execution(threads=before[0] + 1).applied():
        raise KeyError
    assert (torch.get_num_threads(), torch.backends.cudnn.deterministic) == before


def test_autocast_is_for_bf16_alone() -> None:
    x = torch.ones(2, 2)
    with Execution().autocast(CPU):
        assert (x @ x).dtype == torch.float32
    with Execution(precision="bf16").autocast(CPU):
        assert (x @ x).dtype == torch.bfloat16
    assert (x @ x).dtype == torch.float32


@pytest.mark.parametrize(
    ("execution", "words"),
    [
        (Execution(), "fp32, contiguous"),
        (Execution(threads=1), "fp32, contiguous, 1 thread"),
        (
            Execution(precision="bf16", layout="channels_last", compile=True, threads=2),
            "bf16, channels last, compiled, 2 threads",
        ),
    ],
)
def test_in_words(execution: Execution, words: str) -> None:
    assert str(execution) == words
