"""Every address of the studio; one without a rule of who may use it is refused at the start."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path
from django.views.generic import RedirectView

from zerosum.studio.access import allow
from zerosum.studio.api.root import api
from zerosum.studio.pages import (
    brand,
    copy,
    duel,
    operations,
    people,
    projects,
    publishing,
    queue,
    reviewing,
    train,
    trainings,
)
from zerosum.studio.roles import PUBLIC


def page(address: str, view: Callable[..., Any], name: str) -> URLPattern:
    """A route of a view that says who may use it."""
    if not getattr(view, "roles", None):
        raise TypeError(f"the page {address!r} does not say who may use it: decorate it with allow")
    return path(address, view, name=name)


pages = [
    page("health", operations.health, "health"),
    page("ready", operations.ready, "ready"),
    page("metrics", operations.metrics, "metrics"),
    page("favicon.ico", allow(PUBLIC)(RedirectView.as_view(url="/static/studio/icon.svg")), "icon"),
    page("sign-in/", people.sign_in, "sign-in"),
    page("sign-out/", people.sign_out, "sign-out"),
    page("join/<str:secret>/", people.join, "join"),
    page("account/", people.account, "account"),
    page("account/password/", people.change_password, "change-password"),
    page("account/sessions/", people.end_sessions, "end-sessions"),
    page("account/tokens/", people.make_token, "make-token"),
    page("account/tokens/<int:key>/revoke/", people.revoke_token, "revoke-token"),
    page("people/", people.people, "people"),
    page("people/invite/", people.invite, "invite"),
    page("people/folders/", people.allow_folder, "allow-folder"),
    page("people/<int:key>/", people.change_person, "change-person"),
    page("people/<int:key>/sessions/", people.end_sessions_of, "end-sessions-of"),
    page("log/", people.log, "log"),
    page("", projects.home, "home"),
    page("projects/", projects.make, "make-project"),
    page("projects/<int:key>/", projects.show, "project"),
    page("projects/<int:key>/work/", projects.work, "work"),
    page("projects/<int:key>/upload/", projects.upload, "upload"),
    page("projects/<int:key>/folder/", projects.name_folder, "name-folder"),
    page("projects/<int:key>/built-in/", projects.built_in, "built-in"),
    page("data/<int:key>/preview.png", queue.preview, "preview"),
    page("data/<int:key>/train/", train.show, "train"),
    page("data/<int:key>/read/", train.read, "read"),
    page("jobs/<str:kind>/<int:key>/cancel/", projects.cancel, "cancel"),
    page("jobs/<str:kind>/<int:key>/retry/", projects.retry, "retry"),
    page("trainings/<int:key>/", trainings.show, "training"),
    page("trainings/<int:key>/events/", trainings.events, "training-events"),
    page("trainings/<int:key>/pictures/<int:seen>.png", trainings.picture, "training-picture"),
    page("trainings/<int:key>/beside/", duel.beside, "beside"),
    page("trainings/<int:key>/provoke/", duel.provoke, "provoke"),
    page("trainings/<int:key>/mend/", duel.mend, "mend"),
    page("trainings/<int:key>/sample/", projects.sample, "sample"),
    page("projects/<int:key>/queue/", queue.show, "queue"),
    page("projects/<int:key>/queue/counts/", queue.counts, "counts"),
    page("projects/<int:key>/queue/act/", queue.act, "act"),
    page("projects/<int:key>/queue/undo/", queue.undo, "undo"),
    page("projects/<int:key>/reviews/", reviewing.show, "reviews"),
    page("projects/<int:key>/panels/", reviewing.make_panel, "make-panel"),
    page("projects/<int:key>/blind/", reviewing.make_blind_test, "make-blind"),
    page("panels/<int:key>/", reviewing.panel, "panel"),
    page("panels/<int:key>/judge/", reviewing.judge, "judge"),
    page("blind/<int:key>/", reviewing.blind, "blind"),
    page("blind/<int:key>/answer/", reviewing.answer, "answer"),
    page("blind/<int:key>/pictures/<int:seen>.png", reviewing.blind_picture, "blind-picture"),
    page("items/<int:key>/", queue.item, "item"),
    page("items/<int:key>/comments/", queue.comment, "comment"),
    page("items/<int:key>/<str:what>", queue.file, "item-file"),
    page("items/<int:key>/copy/", copy.item, "item-copy"),
    page("items/<int:key>/copy/write/", copy.write, "write-copy"),
    page("copy/<int:key>/choose/", copy.choose, "choose-copy"),
    page("copy/<int:key>/mend/", copy.mend, "mend-copy"),
    page("projects/<int:key>/copy/", brand.show, "copy"),
    page("projects/<int:key>/copy/ask/", copy.ask, "ask-copy"),
    page("projects/<int:key>/copy/writer/", brand.set_writer, "set-writer"),
    page("projects/<int:key>/copy/writer/forget/", brand.forget_writer, "forget-writer"),
    page("projects/<int:key>/copy/prompt/", brand.prompt, "prompt"),
    page("projects/<int:key>/rules/", brand.rules, "rules"),
    page("projects/<int:key>/rules/save/", brand.save_rules, "save-rules"),
    page("projects/<int:key>/bundles/", publishing.show, "bundles"),
    page("projects/<int:key>/bundles/make/", publishing.bundle, "make-bundle"),
    page("projects/<int:key>/webhooks/", publishing.add_webhook, "add-webhook"),
    page("bundles/<int:key>/file/", publishing.fetch, "bundle-file"),
    page("webhooks/<int:key>/remove/", publishing.remove_webhook, "remove-webhook"),
]

handler500 = "zerosum.studio.pages.answers.failed"
urlpatterns = [*pages, path("api/v1/", api.urls)]
