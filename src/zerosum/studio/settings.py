"""Django's settings, made from the options a studio is started with; users write no module."""

import secrets
from pathlib import Path
from typing import Any

from zerosum.errors import MissingExtraError, StudioError
from zerosum.studio.keys import kept_key
from zerosum.studio.options import StudioOptions, database_settings

MAX_FORM_FIELDS = 5_000
"""Fields of a form that are read: the ids of a bulk act, and a few more."""


def configure(options: StudioOptions) -> None:
    """Make Django ready in this process, once.

    Raises:
        MissingExtraError: the extra `studio` is not installed.
        StudioError: the folder cannot be used.
    """
    try:
        import django
        from django.conf import settings
    except ImportError as error:
        raise MissingExtraError(
            "the studio needs Django and other packages. Install them: "
            "pip install 'zerosum[studio]'."
        ) from error
    if not settings.configured:
        settings.configure(**settings_of(options, secret=secret_key(options.folder)))
        django.setup()


def secret_key(folder: Path) -> str:
    """The key that signs sessions, made on first use and readable by its owner alone.

    Raises:
        StudioError: the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return kept_key(folder / "secret.key", lambda: secrets.token_urlsafe(48))
    except OSError as error:
        raise StudioError(
            f"cannot use {folder} as the studio's folder: {error.strerror or error}. Choose "
            "another with --folder."
        ) from error


def settings_of(options: StudioOptions, *, secret: str) -> dict[str, Any]:
    """Every setting of Django that is not its default."""
    from csp.constants import NONE, SELF

    from zerosum.studio.storage import storage_settings

    return {
        "STUDIO": options,
        "SECRET_KEY": secret,
        "DEBUG": False,
        "ALLOWED_HOSTS": ["localhost", "127.0.0.1", "[::1]", *options.names],
        "CSRF_TRUSTED_ORIGINS": [f"https://{name}" for name in options.names],
        "INSTALLED_APPS": [
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.messages",
            "django.contrib.staticfiles",
            "django_htmx",
            "csp",
            "axes",
            "zerosum.studio.apps.StudioConfig",
        ],
        "MIDDLEWARE": [
            "zerosum.studio.requests.Requests",
            "zerosum.studio.api.problems.Problems",
            "django.middleware.security.SecurityMiddleware",
            "whitenoise.middleware.WhiteNoiseMiddleware",
            "csp.middleware.CSPMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
            "django_htmx.middleware.HtmxMiddleware",
            "zerosum.studio.pages.answers.Refusals",
            "zerosum.studio.api.once.Once",
            "zerosum.studio.api.tags.Tags",
            "axes.middleware.AxesMiddleware",
        ],
        "ROOT_URLCONF": "zerosum.studio.routes",
        "DATABASES": {"default": database_settings(options)},
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ],
                },
            }
        ],
        "AUTH_USER_MODEL": "studio.User",
        "AUTHENTICATION_BACKENDS": [
            "axes.backends.AxesStandaloneBackend",
            "django.contrib.auth.backends.ModelBackend",
        ],
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.Argon2PasswordHasher"],
        "AUTH_PASSWORD_VALIDATORS": [
            {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": limits}
            for name, limits in (
                ("UserAttributeSimilarityValidator", {}),
                ("MinimumLengthValidator", {"min_length": 10}),
                ("CommonPasswordValidator", {}),
                ("NumericPasswordValidator", {}),
            )
        ],
        "AXES_FAILURE_LIMIT": 5,
        "AXES_COOLOFF_TIME": 0.25,  # hours
        "AXES_LOCKOUT_PARAMETERS": [["username", "ip_address"]],
        "AXES_RESET_ON_SUCCESS": True,
        "AXES_VERBOSE": False,
        "AXES_LOCKOUT_TEMPLATE": "studio/locked_out.html",
        "LOGIN_URL": "/sign-in/",
        "LOGIN_REDIRECT_URL": "/",
        "LOGOUT_REDIRECT_URL": "/sign-in/",
        "SESSION_COOKIE_AGE": 12 * 3600,
        "SESSION_SAVE_EVERY_REQUEST": False,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": bool(options.names),  # a proxy with HTTPS stands in front
        "CSRF_COOKIE_SECURE": bool(options.names),
        "SESSION_COOKIE_NAME": "zerosum_session",
        "CSRF_COOKIE_NAME": "zerosum_csrf",
        "CSRF_COOKIE_SAMESITE": "Strict",
        "SECURE_REFERRER_POLICY": "same-origin",
        "X_FRAME_OPTIONS": "DENY",
        "CONTENT_SECURITY_POLICY": {
            "DIRECTIVES": {
                "default-src": [NONE],
                "script-src": [SELF],
                "style-src": [SELF],
                "img-src": [SELF, "data:"],
                "media-src": [SELF],
                "connect-src": [SELF],
                "font-src": [SELF],
                "form-action": [SELF],
                "frame-ancestors": [NONE],
                "base-uri": [NONE],
            },
        },
        **storage_settings(options.storage),
        "STATIC_URL": "/static/",
        "WHITENOISE_USE_FINDERS": True,
        "WHITENOISE_MAX_AGE": 3600,
        "USE_TZ": True,
        "TIME_ZONE": "UTC",
        "LANGUAGE_CODE": "en",
        "USE_I18N": False,
        "MESSAGE_STORAGE": "django.contrib.messages.storage.session.SessionStorage",
        "DATA_UPLOAD_MAX_MEMORY_SIZE": 4 << 20,
        "DATA_UPLOAD_MAX_NUMBER_FIELDS": MAX_FORM_FIELDS,
        "DATA_UPLOAD_MAX_NUMBER_FILES": 1,
        "FILE_UPLOAD_HANDLERS": ["zerosum.studio.uploads.BoundedHandler"],
        "FILE_UPLOAD_TEMP_DIR": str(options.uploads),
        "LOGGING_CONFIG": None,
        "SILENCED_SYSTEM_CHECKS": ["axes.W006"],
    }
