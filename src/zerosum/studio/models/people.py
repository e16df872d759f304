"""People, their tokens, and the links by which they come."""

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.crypto import salted_hmac

from zerosum.studio.roles import ROLE_NAMES, Role

ROLE_CHOICES = [(role.value, ROLE_NAMES[role]) for role in Role]


class User(AbstractUser):
    """Somebody who signs in.

    Attributes:
        role: what they may do.
        sign_ins: counts up to end every session of theirs.
    """

    role = models.CharField(max_length=16, choices=ROLE_CHOICES, default=Role.VIEWER.value)
    sign_ins = models.PositiveIntegerField(default=0)

    def get_session_auth_hash(self) -> str:
        """What sessions are bound to: password, and the count that revokes them."""
        bound = f"{self.password}:{self.sign_ins}"
        sign: Any = salted_hmac
        return sign("zerosum.studio.sessions", bound, algorithm="sha256").hexdigest()

    @property
    def role_name(self) -> str:
        """The role as people read it."""
        return ROLE_NAMES[Role(self.role)]

    def is_(self, *roles: str) -> bool:
        """Whether the role is one of these."""
        return self.role in roles


class Token(models.Model):
    """A key to the API; only its digest is kept."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=80)
    role = models.CharField(max_length=16, choices=ROLE_CHOICES)
    digest = models.CharField(max_length=64, unique=True)
    beginning = models.CharField(max_length=12)
    created = models.DateTimeField(auto_now_add=True)
    used = models.DateTimeField(null=True)
    revoked = models.DateTimeField(null=True)


class Invitation(models.Model):
    """A link that makes one account, once; only its digest is kept."""

    digest = models.CharField(max_length=64, unique=True)
    role = models.CharField(max_length=16, choices=ROLE_CHOICES)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    expires = models.DateTimeField()
    used = models.DateTimeField(null=True)


class Answer(models.Model):
    """What the API has answered to a request with an idempotency key, to answer it again.

    Attributes:
        key: digest of the token and the key.
        request: digest of what was asked.
    """

    key = models.CharField(max_length=64, unique=True)
    request = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.TextField()
    created = models.DateTimeField(auto_now_add=True)
