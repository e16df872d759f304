"""The discriminator's opinion of items, panels, and blind tests."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Several people about the same items."""

    dependencies = [
        ("studio", "0004_duel"),
    ]

    operations = [
        migrations.CreateModel(
            name="BlindAnswer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("says_real", models.BooleanField()),
                ("created", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="BlindTest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("created", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="BlindTrial",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("is_real", models.BooleanField()),
            ],
        ),
        migrations.CreateModel(
            name="Panel",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reviewers", models.PositiveSmallIntegerField(default=2)),
                ("created", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="PanelItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("votes", models.PositiveSmallIntegerField(default=0)),
                ("decided", models.BooleanField(default=False)),
            ],
        ),
        migrations.CreateModel(
            name="PanelVote",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("accepted", "Accept"),
                            ("edit", "To edit"),
                            ("rejected", "Reject"),
                        ],
                        max_length=12,
                    ),
                ),
                ("created", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.AddField(
            model_name="item",
            name="opinion",
            field=models.FloatField(null=True),
        ),
        migrations.AddIndex(
            model_name="item",
            index=models.Index(fields=["project", "state", "opinion", "-id"], name="item_opinion"),
        ),
        migrations.AddIndex(
            model_name="item",
            index=models.Index(
                fields=["project", "state", "-opinion", "-id"], name="item_convincing"
            ),
        ),
        migrations.AddField(
            model_name="blindanswer",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="blindtest",
            name="batch",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="studio.itembatch"
            ),
        ),
        migrations.AddField(
            model_name="blindtest",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="blindtest",
            name="project",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="blind",
                to="studio.project",
            ),
        ),
        migrations.AddField(
            model_name="blindtrial",
            name="item",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="studio.item"
            ),
        ),
        migrations.AddField(
            model_name="blindtrial",
            name="test",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="trials",
                to="studio.blindtest",
            ),
        ),
        migrations.AddField(
            model_name="blindanswer",
            name="trial",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="answers",
                to="studio.blindtrial",
            ),
        ),
        migrations.AddField(
            model_name="panel",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="panel",
            name="project",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="panels",
                to="studio.project",
            ),
        ),
        migrations.AddField(
            model_name="panelitem",
            name="item",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="studio.item"
            ),
        ),
        migrations.AddField(
            model_name="panelitem",
            name="panel",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="places",
                to="studio.panel",
            ),
        ),
        migrations.AddField(
            model_name="panelvote",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="panelvote",
            name="place",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="given",
                to="studio.panelitem",
            ),
        ),
        migrations.AddConstraint(
            model_name="blindtrial",
            constraint=models.UniqueConstraint(fields=("test", "number"), name="one_trial"),
        ),
        migrations.AddConstraint(
            model_name="blindanswer",
            constraint=models.UniqueConstraint(fields=("trial", "by"), name="one_answer"),
        ),
        migrations.AddConstraint(
            model_name="panelitem",
            constraint=models.UniqueConstraint(fields=("panel", "item"), name="one_place"),
        ),
        migrations.AddConstraint(
            model_name="panelvote",
            constraint=models.UniqueConstraint(fields=("place", "by"), name="one_vote"),
        ),
    ]
