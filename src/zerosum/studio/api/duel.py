"""Operations on duels: put a fault into a copy of a training, and give a training a remedy."""

from typing import Any, Literal

from django.shortcuts import get_object_or_404
from ninja import Router, Schema
from pydantic import Field

from zerosum.studio.acts import duel as acts
from zerosum.studio.api.access import TokenOf
from zerosum.studio.api.shapes import TrainingOut
from zerosum.studio.api.tags import require_match
from zerosum.studio.models import Training
from zerosum.studio.roles import MAKERS

duel = Router(tags=["Duels"])


class NewFault(Schema):
    """A fault to put into a copy of a training."""

    fault: str = Field("", description="one of the training's facts.faults; empty for none")
    referee: Literal["watch", "act"] = "watch"
    samples: int | None = Field(None, description="as many as it has seen, if not given")


class NewRemedy(Schema):
    """A remedy to give."""

    remedy: str = Field(description="one of the training's facts.mends, or take-back")


@duel.post("/trainings/{int:key}/provoke", auth=TokenOf(MAKERS), response={201: TrainingOut})
def provoke(request: Any, key: int, body: NewFault) -> Any:
    """Let a copy of a training go on with a fault."""
    source = get_object_or_404(Training, pk=key)
    require_match(request, [TrainingOut.of(source)])
    made = acts.provoke(
        request.auth, source, fault=body.fault, referee=body.referee, samples=body.samples
    )
    return TrainingOut.of(made)


@duel.post("/trainings/{int:key}/mend", auth=TokenOf(MAKERS), response=TrainingOut)
def mend(request: Any, key: int, body: NewRemedy) -> Any:
    """Give a training a remedy; one that is done goes on as another training."""
    training = get_object_or_404(Training, pk=key)
    require_match(request, [TrainingOut.of(training)])
    return TrainingOut.of(acts.mend(request.auth, training, body.remedy))
