"""The studio as an application of Django."""

from django.apps import AppConfig


class StudioConfig(AppConfig):
    """Names the application, and the type of its keys."""

    name = "zerosum.studio"
    label = "studio"
    default_auto_field = "django.db.models.BigAutoField"
