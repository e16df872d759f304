"""How many samples a training takes, and how that was changed on the way.

A budget in minutes is planned into samples, and planned again as the clock shows how long steps
take. Every schedule follows the share of the budget that is used, so that share may not jump when
the plan changes: what is left of it is spread over the samples that are left.
"""

from dataclasses import dataclass
from typing import Any

from zerosum.errors import RunError

_MOST = 2**53


@dataclass(frozen=True)
class Budget:
    """Totals, each in force from a number of samples on.

    Attributes:
        plans: pairs of the samples seen when a total was set, and that total; the first from 0.
    """

    plans: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, total: int) -> "Budget":
        """A budget of `total` samples that nothing has changed."""
        return cls(((0, total),))

    @classmethod
    def read(cls, value: Any) -> "Budget":
        """The budget that `to_json` wrote.

        Raises:
            RunError: it is another thing, or the totals contradict each other.
        """
        found = value if isinstance(value, list) else []
        pairs = [tuple(pair) for pair in found if isinstance(pair, list) and len(pair) == 2]
        numbers = [number for pair in pairs for number in pair]
        sound = len(pairs) == len(found) > 0 and all(
            type(number) is int and 0 <= number <= _MOST for number in numbers
        )
        begins = [pair[0] for pair in pairs]
        if not (
            sound
            and begins[0] == 0
            and begins == sorted(set(begins))
            and all(begin <= total for begin, total in pairs)
        ):
            raise RunError(f"the budget {value!r:.80} is not as zerosum writes it.")
        return cls(tuple(pairs))

    def to_json(self) -> list[list[int]]:
        """What `read` reads."""
        return [list(plan) for plan in self.plans]

    @property
    def total(self) -> int:
        """Samples that the training takes, as it is planned now."""
        return self.plans[-1][1]

    def progress(self, seen: int) -> float:
        """Share of the budget that is used when `seen` samples were seen, 0 to 1.

        >>> Budget.of(100).progress(50)
        0.5
        >>> Budget(((0, 100), (50, 150))).progress(100)
        0.75
        """
        used = 0.0
        for (begin, total), following in zip(self.plans, [*self.plans[1:], None], strict=True):
            last = following is None or seen < following[0]
            end = seen if following is None or last else following[0]
            share = (end - begin) / (total - begin) if total > begin else 1.0
            used += (1 - used) * share
            if last:
                break
        return min(used, 1.0)

    def replanned(self, seen: int, total: int) -> "Budget":
        """The budget with another total from `seen` samples on; what was planned later is dropped.

        >>> Budget.of(100).replanned(50, 150).plans
        ((0, 100), (50, 150))
        """
        earlier = [plan for plan in self.plans if plan[0] < seen]
        return Budget((*earlier, (seen, max(total, seen))))
