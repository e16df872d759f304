"""Pages of accounts: sign in, join, one's own account, people, the audit log."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache

from zerosum.errors import StudioError
from zerosum.studio.access import allow
from zerosum.studio.acts import people as acts
from zerosum.studio.models import Act, AllowedFolder, Token, User
from zerosum.studio.pages.answers import actor_of
from zerosum.studio.roles import EVERYONE, OWNERS, PUBLIC, ROLE_NAMES, WRITERS, Role
from zerosum.studio.values import require_number

_BACKEND = "django.contrib.auth.backends.ModelBackend"
_SHOWN_ACTS = 100

sign_in = allow(PUBLIC, methods=("GET", "POST"))(
    LoginView.as_view(template_name="studio/sign_in.html", redirect_authenticated_user=True)
)


@allow(EVERYONE, methods=("POST",))
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)


@allow(PUBLIC, methods=("GET", "POST"))
@never_cache
def join(request: HttpRequest, secret: str) -> HttpResponse:
    """Make the account that a link is for."""
    invitation = acts.open_invitation(secret)
    context: dict[str, Any] = {"role": ROLE_NAMES[Role(invitation.role)]}
    if request.method == "POST":
        name, password = request.POST.get("username", ""), request.POST.get("password", "")
        try:
            if password != request.POST.get("again", ""):
                raise StudioError("the two passwords differ. Type the same one twice.")
            user = acts.join(secret, name, password)
        except StudioError as error:
            return render(
                request,
                "studio/join.html",
                context | {"problem": str(error), "name": name},
                status=422,
            )
        login(request, user, backend=_BACKEND)
        return redirect("home")
    return render(request, "studio/join.html", context)


@allow(EVERYONE)
def account(request: HttpRequest) -> HttpResponse:
    """One's own password, sessions and tokens."""
    user: Any = request.user
    secret = request.session.pop("new_token", None)
    tokens = Token.objects.filter(user=user, revoked=None).order_by("-pk")
    roles = list(ROLE_NAMES.items())
    if user.role != "owner":
        roles = [(role, name) for role, name in roles if role in (user.role, "viewer")]
    context = {"tokens": tokens, "secret": secret, "roles": roles}
    return render(request, "studio/account.html", context)


@allow(EVERYONE, methods=("POST",))
def change_password(request: HttpRequest) -> HttpResponse:
    """Another password."""
    user: Any = request.user
    if not user.check_password(request.POST.get("old", "")):
        raise StudioError("that is not your present password.")
    if request.POST.get("password") != request.POST.get("again"):
        raise StudioError("the two new passwords differ. Type the same one twice.")
    acts.change_password(actor_of(request), request.POST.get("password", ""))
    update_session_auth_hash(request, user)
    messages.success(request, "Your password is changed, and your other sessions have ended.")
    return redirect("account")


@allow(EVERYONE, methods=("POST",))
def end_sessions(request: HttpRequest) -> HttpResponse:
    """End every session of one's own, this one too."""
    acts.sign_out_everywhere(actor_of(request), actor_of(request).user)
    return redirect("sign-in")


@allow(WRITERS, methods=("POST",))
def make_token(request: HttpRequest) -> HttpResponse:
    """A token, shown on the next page and never again."""
    name, role = request.POST.get("name", ""), request.POST.get("role", "")
    request.session["new_token"] = acts.make_token(actor_of(request), name, role)
    return redirect("account")


@allow(WRITERS, methods=("POST",))
def revoke_token(request: HttpRequest, key: int) -> HttpResponse:
    """Take one of one's own tokens out of use."""
    acts.revoke_token(actor_of(request), get_object_or_404(Token, pk=key, user=request.user))
    messages.success(request, "The token no longer works.")
    return redirect("account")


@allow(OWNERS)
def people(request: HttpRequest) -> HttpResponse:
    """Everybody with an account, links for more, and folders of the server."""
    link = request.session.pop("new_link", None)
    context = {
        "people": User.objects.order_by("username"), "link": link,
        "roles": list(ROLE_NAMES.items()), "folders": AllowedFolder.objects.order_by("name"),
    }  # fmt: skip
    return render(request, "studio/people.html", context)


@allow(OWNERS, methods=("POST",))
def invite(request: HttpRequest) -> HttpResponse:
    """A link for one more account, shown on the next page and never again."""
    secret = acts.invite(actor_of(request), request.POST.get("role", ""))
    options, path = settings.STUDIO, f"/join/{secret}/"
    here = request.build_absolute_uri(path)
    request.session["new_link"] = f"{options.address}{path}" if options.names else here
    return redirect("people")


@allow(OWNERS, methods=("POST",))
def change_person(request: HttpRequest, key: int) -> HttpResponse:
    """Another role for somebody, or an account out of use."""
    user = get_object_or_404(User, pk=key)
    active = request.POST.get("active") == "on"
    acts.change_person(actor_of(request), user, role=request.POST.get("role", ""), active=active)
    messages.success(request, f"{user.username} is changed.")
    return redirect("people")


@allow(OWNERS, methods=("POST",))
def end_sessions_of(request: HttpRequest, key: int) -> HttpResponse:
    """End every session of somebody."""
    user = get_object_or_404(User, pk=key)
    acts.sign_out_everywhere(actor_of(request), user)
    messages.success(request, f"Every session of {user.username} has ended.")
    return redirect("people")


@allow(OWNERS, methods=("POST",))
def allow_folder(request: HttpRequest) -> HttpResponse:
    """Let developers read data in a folder of the server."""
    name, path = request.POST.get("name", ""), request.POST.get("path", "")
    made = acts.allow_folder(actor_of(request), name, path)
    messages.success(request, f"Developers may read data in {made.name}.")
    return redirect("people")


@allow(OWNERS)
def log(request: HttpRequest) -> HttpResponse:
    """Who did what, newest first."""
    found = Act.objects.select_related("user", "project", "by_token").order_by("-id")
    before = request.GET.get("before", "")
    if before.isdecimal():
        found = found.filter(pk__lt=require_number(int(before)))
    rows = list(found[: _SHOWN_ACTS + 1])
    older = rows[_SHOWN_ACTS - 1].pk if len(rows) > _SHOWN_ACTS else None
    return render(request, "studio/log.html", {"acts": rows[:_SHOWN_ACTS], "older": older})
