"""What else a training can be ordered with."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Capacity, referee, privacy, options of the reader, and first weights."""

    dependencies = [
        ("studio", "0005_reviewing"),
    ]

    operations = [
        migrations.AddField(
            model_name="training",
            name="begins_with",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="followers",
                to="studio.training",
            ),
        ),
        migrations.AddField(
            model_name="training",
            name="capacity",
            field=models.CharField(default="small", max_length=8),
        ),
        migrations.AddField(
            model_name="training",
            name="delta",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="training",
            name="epsilon",
            field=models.FloatField(null=True),
        ),
        migrations.AddField(
            model_name="training",
            name="freeze",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="training",
            name="options",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="training",
            name="referee",
            field=models.CharField(
                choices=[("act", "mends"), ("watch", "reports"), ("off", "is off")],
                default="act",
                max_length=8,
            ),
        ),
    ]
