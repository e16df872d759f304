"""Operations on panels and blind tests."""

from dataclasses import asdict
from typing import Any, Literal

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Schema
from pydantic import Field

from zerosum.studio.acts import reviewing as acts
from zerosum.studio.api.access import TokenOf
from zerosum.studio.models import BlindTest, Panel, Project
from zerosum.studio.pages.reviewing import picture_of
from zerosum.studio.roles import EVERYONE, REVIEWERS, WRITERS

reviewing = Router(tags=["Panels and blind tests"])


class NewPanel(Schema):
    """Items that several people are to judge."""

    n: int = Field(examples=[50])
    reviewers: int = 2
    batch: int | None = None


class FigureOut(Schema):
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float
    count: int


class PairOut(Schema):
    """Cohen's kappa of two people."""

    people: list[str]
    kappa: FigureOut


class PanelOut(Schema):
    """A panel, and how far its people agree."""

    id: int
    project: int
    reviewers: int
    items: int
    complete: int
    same: int
    fleiss: FigureOut | None
    pairs: list[PairOut]
    next: int | None = Field(description="the item that this token's person judges next")


class NewVote(Schema):
    """What somebody says of an item of a panel."""

    item: int
    state: Literal["accepted", "rejected", "edit"]


class NewBlindTest(Schema):
    """Items of a batch, to be mixed with as many real samples."""

    batch: int
    n: int = Field(examples=[40])


class DetectionOut(Schema):
    """What somebody could tell; `who` is null for all together."""

    who: str | None
    d_prime: FigureOut
    bias: float
    correct: float
    hits: float
    false_alarms: float


class BlindTestOut(Schema):
    """A blind test; results are for those who have answered all or nothing."""

    id: int
    project: int
    batch: int
    n: int
    next: int | None = Field(description="the sample that this token's person answers next")
    results: list[DetectionOut]


class NewAnswer(Schema):
    """What somebody takes a sample for."""

    number: int
    real: bool


def _panel_out(request: Any, panel: Panel) -> PanelOut:
    result, place = acts.panel_result(panel), acts.next_place(request.auth, panel)
    pairs = [
        PairOut(people=list(names), kappa=FigureOut(**asdict(one)))
        for names, one in result.pairs.items()
    ]
    return PanelOut(
        id=panel.pk, project=panel.project.pk, reviewers=panel.reviewers, items=result.items,
        complete=result.complete, same=result.same, pairs=pairs,
        fleiss=FigureOut(**asdict(result.fleiss)) if result.fleiss else None,
        next=place.item.pk if place else None,
    )  # fmt: skip


def _test_out(request: Any, test: BlindTest) -> BlindTestOut:
    trial, n = acts.next_trial(request.auth, test), test.trials.count()
    begun = trial is not None and test.trials.filter(answers__by=request.auth.user).exists()
    found = {} if begun else acts.blind_results(test)
    results = [DetectionOut(who=name or None, **asdict(one)) for name, one in found.items()]
    return BlindTestOut(
        id=test.pk, project=test.project.pk, batch=test.batch.pk, n=n,
        next=trial.number if trial else None, results=results,
    )  # fmt: skip


@reviewing.post("/projects/{int:key}/panels", auth=TokenOf(WRITERS), response={201: PanelOut})
def make_panel(request: Any, key: int, body: NewPanel) -> Any:
    """Let several people judge the newest items that are new."""
    project = get_object_or_404(Project, pk=key)
    made = acts.make_panel(
        request.auth, project, n=body.n, reviewers=body.reviewers, batch=body.batch
    )
    return _panel_out(request, made)


@reviewing.get("/panels/{int:key}", auth=TokenOf(EVERYONE), response=PanelOut)
def show_panel(request: HttpRequest, key: int) -> Any:
    """A panel, and how far its people agree."""
    return _panel_out(request, get_object_or_404(Panel, pk=key))


@reviewing.post("/panels/{int:key}/votes", auth=TokenOf(REVIEWERS), response=PanelOut)
def vote(request: Any, key: int, body: NewVote) -> Any:
    """Say what one thinks of an item of a panel."""
    panel = get_object_or_404(Panel, pk=key)
    acts.vote(request.auth, panel, body.item, body.state)
    return _panel_out(request, panel)


@reviewing.post("/projects/{int:key}/blind", auth=TokenOf(WRITERS), response={201: BlindTestOut})
def make_blind_test(request: Any, key: int, body: NewBlindTest) -> Any:
    """Mix items of a batch with real samples."""
    project = get_object_or_404(Project, pk=key)
    made = acts.make_blind_test(request.auth, project, batch=body.batch, n=body.n)
    return _test_out(request, made)


@reviewing.get("/blind/{int:key}", auth=TokenOf(EVERYONE), response=BlindTestOut)
def show_blind_test(request: HttpRequest, key: int) -> Any:
    """A blind test, and what people could tell."""
    return _test_out(request, get_object_or_404(BlindTest, pk=key))


@reviewing.get("/blind/{int:key}/pictures/{int:number}", auth=TokenOf(EVERYONE))
def show_sample(request: Any, key: int, number: int) -> Any:
    """A sample of a blind test, as .png."""
    return picture_of(get_object_or_404(BlindTest, pk=key), number)


@reviewing.post("/blind/{int:key}/answers", auth=TokenOf(WRITERS), response=BlindTestOut)
def answer(request: Any, key: int, body: NewAnswer) -> Any:
    """Say what one takes a sample for."""
    test = get_object_or_404(BlindTest, pk=key)
    acts.answer(request.auth, test, body.number, says_real=body.real)
    return _test_out(request, test)
