"""Trainings that go on from another one."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Where a training comes from."""

    dependencies = [
        ("studio", "0003_copy_and_bundles"),
    ]

    operations = [
        migrations.CreateModel(
            name="Continuation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("fault", models.CharField(blank=True, default="", max_length=40)),
                (
                    "referee",
                    models.CharField(
                        choices=[("watch", "watches"), ("act", "acts")],
                        default="watch",
                        max_length=8,
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="continuations",
                        to="studio.training",
                    ),
                ),
                (
                    "training",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="continuation",
                        to="studio.training",
                    ),
                ),
            ],
        ),
    ]
