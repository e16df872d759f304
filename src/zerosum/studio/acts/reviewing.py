"""Panels, where several people judge the same items, and blind tests."""

import secrets
from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from django.db import IntegrityError, transaction

from zerosum.errors import StudioError
from zerosum.studio.acts import review
from zerosum.studio.acts.log import Actor, record
from zerosum.studio.agreement import Detection, Figure, cohen_kappa, detection, fleiss_kappa
from zerosum.studio.models import (
    BlindAnswer,
    BlindTest,
    BlindTrial,
    Item,
    ItemBatch,
    Panel,
    PanelItem,
    PanelVote,
    Project,
)
from zerosum.studio.models.items import EDIT, NEW
from zerosum.studio.models.reviewing import VOTES

MOST_REVIEWERS = 20
MOST_ITEMS = 2_000


def make_panel(
    actor: Actor, project: Project, *, n: int, reviewers: int, batch: int | None = None
) -> Panel:
    """Let several people judge items, each without seeing what the others say.

    Args:
        actor: who asks.
        project: of the items.
        n: how many of the newest items that are new.
        reviewers: how many people judge each.
        batch: of these items alone.

    Raises:
        StudioError: a number is not allowed, or no item is new.
    """
    if not 2 <= reviewers <= MOST_REVIEWERS:
        raise StudioError(f"{reviewers} reviewers are not allowed: 2 to {MOST_REVIEWERS}.")
    if not 1 <= n <= MOST_ITEMS:
        raise StudioError(f"{n} items are not allowed: 1 to {MOST_ITEMS:,} in one panel.")
    found = Item.objects.filter(project=project, state=NEW)
    if batch is not None:
        found = found.filter(batch_id=batch)
    keys = list(found.order_by("-id").values_list("pk", flat=True)[:n])
    if not keys:
        raise StudioError("no item here is new, so there is nothing to judge. Ask for items.")
    with transaction.atomic():
        made = Panel.objects.create(project=project, by=actor.user, reviewers=reviewers)
        PanelItem.objects.bulk_create([PanelItem(panel=made, item_id=key) for key in keys])
        after = {"items": len(keys), "reviewers": reviewers}
        record(actor, "panel.made", f"panel:{made.pk}", project=project, after=after)
    return made


def next_place(actor: Actor, panel: Panel) -> PanelItem | None:
    """The first item that somebody has still to judge; None if they have judged all."""
    waiting = panel.places.filter(votes__lt=panel.reviewers).exclude(given__by=actor.user)
    return waiting.select_related("item").order_by("pk").first()


def vote(actor: Actor, panel: Panel, item: int, state: str) -> PanelItem:
    """Say what one thinks of an item; the last vote decides it, if nobody has in the queue.

    More than half of the votes decide; without such a majority it is set aside for editing.

    Raises:
        StudioError: no such item or vote, or it has all its votes.
        ConflictError: this person has voted on it.
    """
    if state not in dict(VOTES):
        raise StudioError(f"{state!r} is no vote. Allowed: {', '.join(dict(VOTES))}.")
    try:
        with transaction.atomic():
            place = panel.places.select_for_update().filter(item_id=item).first()
            if place is None:
                raise StudioError(f"there is no item {item} in this panel.")
            if place.votes >= panel.reviewers:
                raise StudioError(f"item {item} has its {panel.reviewers} votes already.")
            PanelVote.objects.create(place=place, by=actor.user, state=state)
            place.votes += 1
            place.save(update_fields=["votes"])
            record(
                actor, "panel.voted", f"item:{item}", project=panel.project,
                after={"panel": panel.pk, "vote": state},
            )  # fmt: skip
            if place.votes >= panel.reviewers:
                _decide(actor, panel, place)
    except IntegrityError as error:
        raise review.ConflictError(f"you have judged item {item} already.") from error
    return place


def _decide(actor: Actor, panel: Panel, place: Any) -> None:
    counts = Counter(place.given.values_list("state", flat=True))
    state, most = counts.most_common(1)[0]
    current = Item.objects.get(pk=place.item_id)
    if current.state == NEW:
        wanted = state if 2 * most > panel.reviewers else EDIT
        review.decide(actor, panel.project, [(current.pk, current.version)], wanted)
        place.decided = True
        place.save(update_fields=["decided"])


@dataclass(frozen=True)
class PanelResult:
    """How a panel stands.

    Attributes:
        items: in it.
        complete: items that have all their votes.
        same: of these, the items on which all agree.
        fleiss: kappa over complete items.
        pairs: kappa of each two people over what both have judged, by their names.
    """

    items: int
    complete: int
    same: int
    fleiss: Figure | None
    pairs: dict[tuple[str, str], Figure]


def panel_result(panel: Panel) -> PanelResult:
    """Votes counted, and kappa."""
    votes: dict[int, dict[str, str]] = {}
    rows = PanelVote.objects.filter(place__panel=panel).order_by("pk")
    for place, name, state in rows.values_list("place_id", "by__username", "state"):
        votes.setdefault(place, {})[name] = state
    complete = [list(one.values()) for one in votes.values() if len(one) == panel.reviewers]
    people = sorted({name for one in votes.values() for name in one})
    pairs = {}
    for first, second in combinations(people, 2):
        both = [one for one in votes.values() if first in one and second in one]
        kappa = cohen_kappa([one[first] for one in both], [one[second] for one in both])
        if kappa is not None:
            pairs[first, second] = kappa
    same = sum(len(set(one)) == 1 for one in complete)
    return PanelResult(panel.places.count(), len(complete), same, fleiss_kappa(complete), pairs)


def make_blind_test(actor: Actor, project: Project, *, batch: int, n: int) -> BlindTest:
    """Mix items of a batch with as many real samples, in an order of chance.

    Args:
        actor: who asks.
        project: of the batch.
        batch: its number.
        n: how many samples in all; half of them are real.

    Raises:
        StudioError: a number is not allowed, or the batch has no real counterparts.
    """
    if not 2 <= n <= MOST_ITEMS:
        raise StudioError(f"{n} samples are not allowed: 2 to {MOST_ITEMS:,} in a blind test.")
    found = ItemBatch.objects.filter(project=project, pk=batch).first()
    if found is None:
        raise StudioError(f"there is no batch {batch} in {project.name}.")
    items = list(found.items.order_by("index"))
    reals = [one for one in items if one.facts.get("real")]
    half = n // 2
    if len(reals) < half or len(items) < half:
        raise StudioError(
            f"batch {batch} has {len(reals)} real counterparts, and {half} are needed. Only images "
            "have them, the first 200 of a batch, and none where the training promises privacy. "
            "Ask for fewer, or for more items."
        )
    dice = secrets.SystemRandom()
    shown = [(item, True) for item in dice.sample(reals, half)]
    shown += [(item, False) for item in dice.sample(items, half)]
    dice.shuffle(shown)
    with transaction.atomic():
        made = BlindTest.objects.create(project=project, batch=found, by=actor.user)
        BlindTrial.objects.bulk_create(
            [
                BlindTrial(test=made, number=number, item=item, is_real=real)
                for number, (item, real) in enumerate(shown, start=1)
            ]
        )
        after = {"batch": batch, "n": len(shown)}
        record(actor, "blind.made", f"blind:{made.pk}", project=project, after=after)
    return made


def next_trial(actor: Actor, test: BlindTest) -> BlindTrial | None:
    """The first sample that somebody has not answered; None at the end."""
    return test.trials.exclude(answers__by=actor.user).order_by("number").first()


def answer(actor: Actor, test: BlindTest, number: int, *, says_real: bool) -> None:
    """Say what one takes a sample for.

    Raises:
        StudioError: there is no such sample.
        ConflictError: this person has answered it.
    """
    trial = test.trials.filter(number=number).first()
    if trial is None:
        raise StudioError(f"there is no sample {number} in this test.")
    try:
        with transaction.atomic():
            BlindAnswer.objects.create(trial=trial, by=actor.user, says_real=says_real)
    except IntegrityError as error:
        raise review.ConflictError(f"you have answered sample {number} already.") from error


def blind_results(test: BlindTest) -> dict[str, Detection]:
    """d′ of everybody who has answered all, by name; of all together under an empty name."""
    counts: dict[str, Counter[tuple[bool, bool]]] = {}
    rows = BlindAnswer.objects.filter(trial__test=test)
    for name, real, says in rows.values_list("by__username", "trial__is_real", "says_real"):
        counts.setdefault(name, Counter())[real, says] += 1
    whole = test.trials.count()
    done = {name: one for name, one in sorted(counts.items()) if one.total() == whole}
    if len(done) > 1:
        done |= {"": sum(done.values(), Counter())}
    found = {}
    for name, one in done.items():
        reals, made = (one[real, True] + one[real, False] for real in (True, False))
        figure = detection(one[True, True], reals, one[False, True], made)
        if figure is not None:
            found[name] = figure
    return found
