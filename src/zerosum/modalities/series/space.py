"""The space of series: channels over time, the facts that hold of them, and the way to networks."""

from collections.abc import Sequence

import numpy as np
import torch
from pydantic import Field, PositiveFloat, model_validator
from torch import Tensor

from zerosum.config import Size
from zerosum.errors import ConfigError, RecipeError
from zerosum.faces import Blank, reading
from zerosum.modalities.series.attributes import codes_of, embedded, scaled, without_label
from zerosum.modalities.series.finding import FactWishes, find_steps
from zerosum.modalities.series.gaps import Ends, Gaps
from zerosum.modalities.series.steps import ChannelLimits, Channels, Increments, Scores, Step
from zerosum.modalities.tables.space import TableSpace
from zerosum.rng import Noise
from zerosum.spaces import Space


class SeriesSpace(Space):
    """Series of one length: stored as float32 `[N, C, L]`, held by users as `[N, L, C]`.

    Attributes that a series has once are stored as further channels, the same at each place.

    Networks see *scores*, float32 `[N, coded channels, L]`: channels whose facts were taken out by
    `steps`, about normal each. Whatever they make, the facts hold again on the way back.

    Attributes:
        names: of the channels, in the user's order.
        length: places in time.
        steps: what is known of the channels, in the order in which it is taken out.
        coded: names of the channels that are left for networks.
        sampling_rate: places per second, where that is known.
        level_centers: mean of the levels of each channel that is modelled by increments.
        level_scales: their standard deviations.
        path_scales: those of the distances from the first place.
        attributes: what a series has once, the label among them; None without any but a label.
        blind: whether networks are not shown that label, as those that judge it are not.
    """

    kind = "series"
    unit = "series"
    axes = 1
    holds_records = True
    precisions = ("fp32",)
    names: tuple[str, ...] = Field(min_length=1)
    length: Size
    steps: tuple[Step, ...]
    coded: tuple[str, ...] = Field(min_length=1)
    sampling_rate: PositiveFloat | None = None
    level_centers: tuple[float, ...] = ()
    level_scales: tuple[PositiveFloat, ...] = ()
    path_scales: tuple[PositiveFloat, ...] = ()
    attributes: TableSpace | None = None
    blind: bool = False

    @model_validator(mode="after")
    def _parts_fit(self) -> "SeriesSpace":
        """The parts belong to each other: a stranger may have written them."""
        if len(set(self.names)) < len(self.names):
            raise ConfigError("two channels of the series have the same name. Give each its own.")
        counts = {len(self.level_centers), len(self.level_scales), len(self.path_scales)}
        if counts != {sum(isinstance(step, Increments) for step in self.steps)}:
            raise ConfigError("give a centre and two scales for each channel of increments.")
        try:
            made = self._decoded(torch.zeros(1, len(self.coded), self.length))
            coded = self._encoded({name: made[name] for name in self.names})
        except (KeyError, RuntimeError) as error:
            raise ConfigError(
                f"the steps of the series do not fit its channels ({type(error).__name__}: "
                f"{error})."
            ) from error
        if (set(made), tuple(coded)) != (set(self.names), self.coded):
            raise ConfigError("the steps of the series make other channels than it has.")
        return self

    @property
    def shape(self) -> tuple[int, int]:
        """`(coded channels and attributes, length)`."""
        more = 0 if self.attributes is None else len(self.attributes.codecs)
        return len(self.coded) + more, self.length

    @property
    def published(self) -> "SeriesSpace":
        """See `Space.published`."""
        if self.attributes is None:
            return self
        return self.model_copy(update={"attributes": self.attributes.published})

    @property
    def judged(self) -> "SeriesSpace":
        """See `Space.judged`: what judges features does not show the label."""
        return self if self.attributes is None else self.model_copy(update={"blind": True})

    @property
    def description(self) -> str:
        """Length and channels in words."""
        many = len(self.names)
        most = "up to " if self.ends else ""
        return f"series of {most}{self.length} steps and {many} channel{'s' if many > 1 else ''}"

    @property
    def units(self) -> str:
        """What scores are."""
        return (
            f"scores of the channels {', '.join(self.coded)}, channels first; the steps of the "
            "space in the manifest lead to values"
        )

    @property
    def facts(self) -> tuple[str, ...]:
        """What was found in the channels, a clause each."""
        return tuple(step.statement for step in self.steps if step.statement)

    @property
    def gaps(self) -> tuple[Gaps, ...]:
        """The channels that are missing in places."""
        return tuple(step for step in self.steps if isinstance(step, Gaps))

    @property
    def ends(self) -> Ends | None:
        """How series end early, if they do."""
        return next((step for step in self.steps if isinstance(step, Ends)), None)

    @property
    def bounds(self) -> dict[str, tuple[float | None, float | None]]:
        """Least and largest value of channels that have one, by name."""
        limits = [getattr(step, "limits", step) for step in self.steps]
        return {
            one.channel: (one.low, one.high)
            for one in limits
            if isinstance(one, ChannelLimits) and (one.low, one.high) != (None, None)
        }

    @property
    def summed(self) -> tuple[str, ...]:
        """Coded channels that are modelled by increments."""
        return tuple(step.channel for step in self.steps if isinstance(step, Increments))

    def packed(self, count: int) -> "SeriesSpace":
        """Always a `ConfigError`: series side by side have no space of their own."""
        raise ConfigError("series are not packed by their space; set game.pack=1.")

    def parts(self, compact: Tensor) -> tuple[Tensor, Tensor]:
        """Series `[N, C, L]`, and values of their attributes, float64 `[N, A]`."""
        many = len(self.names)
        return compact[:, :many], compact[:, many:, 0].double()

    def joined(self, series: Tensor, attributes: Tensor) -> Tensor:
        """Series `[N, C, L]` with attributes `[N, A]` as further channels."""
        return torch.cat([series, _spread(attributes, series)], dim=1)

    def model_parts(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Scores `[N, coded, L]`, and code + place of attributes `[N, K]`, as networks see them."""
        many = len(self.coded)
        own = x[:, many:, 0]
        return x[:, :many], own if self.attributes is None else codes_of(own, self.attributes)

    def model_joined(self, scores: Tensor, attributes: Tensor) -> Tensor:
        """What networks see of scores `[N, coded, L]` and code + place of attributes `[N, K]`."""
        if self.attributes is None:
            return scores
        return torch.cat([scores, _spread(scaled(attributes, self.attributes), scores)], dim=1)

    def to_model(self, compact: Tensor) -> Tensor:
        """Scores, float32 `[N, *shape]`, of series `[N, C, L]`; attributes are beneath them."""
        series, attributes = self.parts(compact)
        x = self._encoded(dict(zip(self.names, series.double().unbind(1), strict=True)))
        made = torch.stack([*x.values()], dim=1).float()
        if self.attributes is None:
            return made
        codes = self.attributes.to_model(attributes.cpu()).to(made.device)
        codes = without_label(codes, self.attributes) if self.blind else codes
        return self.model_joined(made, codes)

    def to_data(self, x: Tensor) -> Tensor:
        """Series, float32 `[N, C, L]`, of scores `[N, *shape]`; the facts hold in them."""
        scores, codes = self.model_parts(x)
        made = self._decoded(scores)
        series = torch.stack([made[name] for name in self.names], dim=1).float()
        if self.attributes is None:
            return series
        return self.joined(series, self.attributes.to_data(codes.float().cpu()).to(series.device))

    def to_numpy(self, compact: Tensor) -> np.ndarray:
        """float32 `[N, L, C]` of `[N, C, L]`."""
        return self.parts(compact)[0].transpose(1, 2).contiguous().numpy()

    def bridged(self, compact: Tensor) -> Tensor:
        """Series `[N, C, L]` without NaN, and the marks of gaps and ends beneath, `[N, C + G, L]`.

        Judges see these. Where nothing is missing they are as given.
        """
        series = self.parts(compact)[0]
        steps = [*([self.ends] if self.ends else []), *self.gaps]
        if not steps:
            return series
        x: Channels = dict(zip(self.names, series.double().unbind(1), strict=True))
        for step in steps:
            x = step.forward(x)
        names = [*self.names, *(step.mark for step in steps)]
        return torch.stack([x[name] for name in names], dim=1).to(compact.dtype)

    def levels(self, x: Tensor) -> Tensor:
        """Levels of channels that are modelled by increments, of scores `[N, coded, L]`.

        They are centred and of variance 1, `[N, S, L]`, with a gradient.
        """
        own = self._summed_up(x)
        centers, scales = own.new_tensor(self.level_centers), own.new_tensor(self.level_scales)
        return ((own - centers[:, None]) / scales[:, None]).to(x.dtype)

    def paths(self, x: Tensor) -> Tensor:
        """How far these channels are from their first value, scaled, `[N, S, L]`."""
        own = self._summed_up(x)
        apart = own - own[..., :1]
        return (apart / own.new_tensor(self.path_scales)[:, None]).to(x.dtype)

    def counted(self, x: Tensor) -> Tensor | None:
        """Whether numbers of scores are of a series or mark its end; None if all are.

        Scores are `[N, coded, L]`, and the result is bool, of the same shape.
        """
        if self.ends is None:
            return None
        at = self.coded.index(self.ends.mark)
        ended = self.ends.ended(self.scores[at].curve.to_values(x[:, at]))
        found = (~ended)[:, None].expand_as(x).clone()
        found[:, at, 1:] = ~ended[:, :-1]
        return found

    def seen(self, x: Tensor) -> Tensor:
        """What discriminators see of scores `[N, coded, L]`: 0 after an end, and paths beneath."""
        counted = self.counted(x)
        x = x if counted is None else x * counted
        return torch.cat([x, self.paths(x)], dim=1) if self.summed else x

    def snapped(self, x: Tensor) -> Tensor:
        """Scores `[N, coded, L]` in which those that stand for one value are one; see `Curve`."""
        own = [scores.snapped(x[:, i]) for i, scores in enumerate(self.scores)]
        return torch.stack(own, dim=1)

    def widened(self, x: Tensor, chance: Tensor) -> Tensor:
        """Scores `[N, coded, L]` in which a value that is frequent has any of its scores.

        Args:
            x: scores of data.
            chance: uniform in [0, 1), of the same shape.
        """
        own = [one.widened(x[:, i], chance[:, i]) for i, one in enumerate(self.scores)]
        return torch.stack(own, dim=1)

    @property
    def scores(self) -> tuple[Scores, ...]:
        """The last step of each coded channel, in the order of `coded`."""
        found = {step.channel: step for step in self.steps if isinstance(step, Scores)}
        return tuple(found[name] for name in self.coded)

    def embed(self, x: Tensor) -> Tensor:
        """Scores, levels of what is modelled by increments, and attributes, float32 `[N, F]`."""
        scores, codes = self.model_parts(x)
        parts = [scores.flatten(1).float()]
        parts += [self.levels(scores).flatten(1).float()] if self.summed else []
        parts += [] if self.attributes is None else [embedded(codes, self.attributes)]
        return torch.cat(parts, dim=1)

    def independent(self, real: Tensor, n: int, noise: Noise) -> Tensor:
        """See `Space.independent`: each score drawn by itself, so the facts hold all the same."""
        made = self.to_data(super().independent(self.to_model(real), n, noise))
        if self.attributes is None:
            return made
        drawn = self.attributes.independent(self.parts(real)[1], n, noise)
        return self.joined(self.parts(made)[0], drawn)

    def mismatch(self, other: Space, what: str) -> str | None:
        """See `Space.mismatch`: channels must agree in name and order, and in length."""
        if not isinstance(other, SeriesSpace):
            return super().mismatch(other, what)
        mine, theirs = (one.attributes and one.attributes.names for one in (self, other))
        if mine != theirs:
            return (
                f"{what} has the attributes {_listed(theirs or ()) or 'none'}, and the model makes "
                f"{_listed(mine or ()) or 'none'}. Give series with the same."
            )
        if (self.names, self.length) == (other.names, other.length):
            return None
        return (
            f"{what} holds {other.description} ({_listed(other.names)}), and the model makes "
            f"{self.description} ({_listed(self.names)}). Give series of the same channels and "
            "length."
        )

    def missing(self, need: str) -> str | None:
        """See `Space.missing`."""
        if need == "labels" and not self.labels:
            return (
                "it needs labels, and the series have none. Give `y` beside `x`, or name a column "
                f"of the file with {reading(label=Blank('NAME'))}."
            )
        return super().missing(need)

    def _encoded(self, x: Channels) -> Channels:
        for step in self.steps:
            x = step.forward(x)
        return x

    def _decoded(self, x: Tensor) -> Channels:
        own = dict(zip(self.coded, x.double().unbind(1), strict=True))
        for step in reversed(self.steps):
            own = step.backward(own)
        return own

    def _summed_up(self, x: Tensor) -> Tensor:
        """Levels as the increments have them, float64 `[N, S, L]`."""
        own = dict(zip(self.coded, x.double().unbind(1), strict=True))
        for step in reversed(self.steps):
            if isinstance(step, Scores | Increments):
                own = step.backward(own)
        return torch.stack([own[name] for name in self.summed], dim=1)


def fit_space(
    x: Tensor,
    names: Sequence[str],
    *,
    labels: Sequence[str] = (),
    label_counts: Sequence[int] = (),
    sampling_rate: float | None = None,
    wishes: FactWishes = FactWishes(),  # noqa: B008
    attributes: TableSpace | None = None,
) -> SeriesSpace:
    """The space of series `[N, C, L]`, with what was found in them; NaN is a missing value.

    Raises:
        ConfigError: a name is given twice, or every channel is the same in all series.
    """
    steps = find_steps(x, names, wishes)
    own: Channels = dict(zip(names, x.double().unbind(1), strict=True))
    levels: list[Tensor] = []
    for step in steps:
        if isinstance(step, Increments):
            levels.append(own[step.channel])
        own = step.forward(own)
    if not own:
        raise ConfigError("there is nothing to learn: every channel is the same in all series.")
    paths = [level - level[:, :1] for level in levels]
    return SeriesSpace(
        names=tuple(names),
        length=x.shape[2],
        steps=steps,
        coded=tuple(own),
        sampling_rate=sampling_rate,
        labels=tuple(labels),
        label_counts=tuple(label_counts),
        level_centers=tuple(float(level.mean()) for level in levels),
        level_scales=tuple(_scale(level) for level in levels),
        path_scales=tuple(_scale(path) for path in paths),
        attributes=attributes,
    )


def _spread(values: Tensor, like: Tensor) -> Tensor:
    """Values `[N, K]` at each place of series, `[N, K, L]`."""
    return values.to(like)[:, :, None].expand(-1, -1, like.shape[2])


def _scale(x: Tensor) -> float:
    return float(x.std(correction=0)) or 1.0


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (", …" if len(names) > 8 else "")


def require_series(space: Space, *, network: str, attributes: bool = False) -> SeriesSpace:
    """`space`, known to hold series.

    Args:
        space: of the data.
        network: who asks.
        attributes: whether it can make attributes.

    Raises:
        RecipeError: it does not, or series have attributes that are not made.
    """
    if not isinstance(space, SeriesSpace):
        raise RecipeError(
            f"{network} takes series, and the data is of kind {space.kind!r}. Take a recipe that "
            f"lists {space.kind!r} under `zerosum recipes`."
        )
    if space.attributes is not None and not attributes:
        raise RecipeError(
            f"{network} makes no attributes, and the series have "
            f"{_listed(space.attributes.names)}. Take the recipe series, or leave static out."
        )
    return space
