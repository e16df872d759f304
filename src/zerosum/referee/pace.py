"""How often the referee looks at samples."""

from zerosum.referee.quality_probe import SAMPLES

_LOOKS = 50
_SEEN_FOR_A_SAMPLE = 4
"""Images that are trained on for each sample of a look. A training step costs the work of some
eight passes of the generator for each of its samples, so looks take about .03 of the time."""
_LOOKS_AT_PARTS, _SEEN_FOR_PARTS = 10, 32
"""The same, where samples are made part by part."""
_SHARE_OF_TIME = 0.1
"""Of a budget in minutes, at most, for looks between the first and the last."""


def steps_between_looks(
    total: int, batch_size: int, *, in_parts: bool = False, seconds: float | None = None,
    seconds_of_look: float = 0.0,
) -> int:  # fmt: skip
    """Steps from one look to the next.

    Args:
        total: samples of the whole training.
        batch_size: samples of a step.
        in_parts: whether samples are made part by part; see `Game.made_in_parts`.
        seconds: of the whole training, where it has a budget in minutes. Then there are fewer
            looks of generators that sample slowly, such as those that make rows one by one.
        seconds_of_look: what one look takes.

    >>> steps_between_looks(1_000_000, 100)
    200
    >>> steps_between_looks(1_000_000, 100, in_parts=True)
    1000
    >>> steps_between_looks(1_000_000, 100, seconds=60, seconds_of_look=3)
    5000
    """
    looks = _LOOKS_AT_PARTS if in_parts else _LOOKS
    seen = max(total // looks, SAMPLES * (_SEEN_FOR_PARTS if in_parts else _SEEN_FOR_A_SAMPLE))
    usual = max(1, seen // batch_size)
    if seconds is None or seconds_of_look <= 0:
        return usual
    fit = max(_SHARE_OF_TIME * seconds / seconds_of_look, 1.0)
    return max(usual, round(total / batch_size / fit))
