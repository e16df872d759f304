"""How data is read."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """As what, and with which options."""

    dependencies = [
        ("studio", "0006_training_settings"),
    ]

    operations = [
        migrations.AddField(
            model_name="datasource",
            name="options",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="datasource",
            name="read_as",
            field=models.CharField(blank=True, default="", max_length=40),
        ),
    ]
