"""Accounts, invitations, tokens, roles, and the folders that an owner allows."""

import hashlib
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from zerosum.errors import StudioError, did_you_mean
from zerosum.studio.acts.log import Actor, record
from zerosum.studio.models import AllowedFolder, Invitation, Token, User
from zerosum.studio.roles import Role

_LINK_LASTS = timedelta(hours=24)


def digest_of(secret: str) -> str:
    """What is kept of a secret that has 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def require_role(text: str) -> Role:
    """The role called `text`.

    Raises:
        StudioError: no role has that name.
    """
    try:
        return Role(text)
    except ValueError:
        raise StudioError(
            f"no role {text!r}.{did_you_mean(text, [r.value for r in Role])}"
        ) from None


def invite(actor: Actor | None, role: str) -> str:
    """A secret that makes one account of this role, within a day."""
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        made = Invitation.objects.create(
            digest=digest_of(secret), role=require_role(role).value,
            by=actor.user if actor else None, expires=timezone.now() + _LINK_LASTS,
        )  # fmt: skip
        record(actor, "person.invited", f"invitation:{made.pk}", after={"role": role})
    return secret


def open_invitation(secret: str) -> Invitation:
    """The invitation of a link.

    Raises:
        StudioError: it is used, too old, or was never made.
    """
    found = Invitation.objects.filter(digest=digest_of(secret)).first()
    if found is None or found.used or found.expires < timezone.now():
        raise StudioError(
            "this link has been used, or is more than a day old. Ask an owner for another; who "
            "starts the server gets one where there is no owner yet."
        )
    return found


def join(secret: str, name: str, password: str) -> User:
    """Make the account that an invitation is for.

    Raises:
        StudioError: the link is spent, the name is taken, or the password is weak.
    """
    with transaction.atomic():
        invitation = open_invitation(secret)
        won = Invitation.objects.filter(pk=invitation.pk, used=None).update(used=timezone.now())
        if not won:
            raise StudioError("this link has just been used. Ask an owner for another.")
        user = User(username=name.strip(), role=invitation.role)
        _check_password(password, user)
        try:
            user.full_clean(exclude=["password"])
        except ValidationError as error:
            raise StudioError(" ".join(error.messages)) from error
        user.set_password(password)
        user.save()
        record(Actor(user), "person.joined", f"user:{user.pk}", after={"role": user.role})
    return user


def change_password(actor: Actor, password: str) -> None:
    """Give oneself another password; sessions elsewhere end.

    Raises:
        StudioError: it is weak.
    """
    user = actor.user
    _check_password(password, user)
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        record(actor, "person.password", f"user:{user.pk}")


def sign_out_everywhere(actor: Actor, user: User) -> None:
    """End every session of a person."""
    with transaction.atomic():
        user.sign_ins += 1
        user.save(update_fields=["sign_ins"])
        record(actor, "person.signed_out", f"user:{user.pk}")


def change_person(actor: Actor, user: User, *, role: str, active: bool) -> None:
    """Give somebody another role, or take their account out of use.

    Raises:
        StudioError: it is the last owner.
    """
    with transaction.atomic():
        owners = User.objects.select_for_update().filter(role=Role.OWNER.value, is_active=True)
        stays = active and require_role(role) is Role.OWNER
        if not stays and user.role == Role.OWNER.value and owners.count() < 2:
            raise StudioError(
                f"{user.username} is the only owner. Make somebody else an owner first."
            )
        before = {"role": user.role, "active": user.is_active}
        user.role, user.is_active = role, active
        user.save(update_fields=["role", "is_active"])
        after = {"role": role, "active": active}
        record(actor, "person.changed", f"user:{user.pk}", before=before, after=after)


def make_token(actor: Actor, name: str, role: str) -> str:
    """A key to the API with a role of its own, shown this once.

    Raises:
        StudioError: it has no name, or would allow more than its maker is allowed.
    """
    wanted = require_role(role)
    user = actor.user
    if user.role != Role.OWNER.value and wanted.value not in (user.role, Role.VIEWER.value):
        raise StudioError(
            f"a token may do what you may, or less: {user.role} or viewer, not {wanted.value}."
        )
    if not name.strip():
        raise StudioError("a token needs a name that says what it is for.")
    secret = f"zs_{secrets.token_urlsafe(32)}"
    with transaction.atomic():
        made = Token.objects.create(
            user=user, name=name.strip()[:80], role=wanted.value, digest=digest_of(secret),
            beginning=secret[:8],
        )  # fmt: skip
        record(actor, "token.made", f"token:{made.pk}", after={"role": wanted.value})
    return secret


def revoke_token(actor: Actor, token: Token) -> None:
    """Take a token out of use."""
    with transaction.atomic():
        Token.objects.filter(pk=token.pk, revoked=None).update(revoked=timezone.now())
        record(actor, "token.revoked", f"token:{token.pk}")


def actor_of_token(secret: str) -> Actor | None:
    """Who a token acts for; None if it is no token in use."""
    token: Any = Token.objects.select_related("user").filter(digest=digest_of(secret)).first()
    if token is None or token.revoked or not token.user.is_active:
        return None
    Token.objects.filter(pk=token.pk).update(used=timezone.now())
    role = token.role if token.user.role in (token.role, Role.OWNER.value) else Role.VIEWER.value
    return Actor(token.user, token=token, role=role)


def allow_folder(actor: Actor, name: str, path: str) -> AllowedFolder:
    """Let developers read data in a folder of the server.

    Raises:
        StudioError: there is no such folder, or the name is taken.
    """
    folder = Path(path.strip())
    if not folder.is_absolute() or not folder.is_dir():
        raise StudioError(
            f"{path!r} is not a folder of the server. Give its whole path, such as /data/photos."
        )
    if folder.resolve() == Path(folder.anchor):
        raise StudioError(f"{path!r} is the whole disk. Allow the folder that holds the data.")
    name = name.strip() or folder.name
    try:
        with transaction.atomic():
            made = AllowedFolder.objects.create(
                name=name[:80], path=str(folder.resolve()), by=actor.user
            )
            record(actor, "folder.allowed", f"folder:{made.pk}", after={"name": name})
    except IntegrityError as error:
        raise StudioError(
            f"a folder called {name!r} is allowed already. Choose another name."
        ) from error
    return made


def _check_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise StudioError(" ".join(error.messages)) from error
