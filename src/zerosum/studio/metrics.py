"""Figures of the server for Prometheus: requests, jobs, items, free disk, and the process."""

import shutil
from collections.abc import Iterable

from django.conf import settings
from django.db.models import Count
from prometheus_client import (
    CollectorRegistry,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

REGISTRY = CollectorRegistry()
REQUESTS = Histogram(
    "zerosum_studio_request_seconds",
    "Seconds until an answer begins, by method, address pattern and status.",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0),
    registry=REGISTRY,
)


class StudioCollector(Collector):
    """Counts in the database and room on the disk, read when somebody asks."""

    def describe(self) -> Iterable[Metric]:
        """Nothing in advance: it would ask the database."""
        return []

    def collect(self) -> Iterable[Metric]:
        """Jobs by kind and state, items by state, and free bytes."""
        from zerosum.studio.models import DataSource, Item, ItemBatch, Training

        jobs = GaugeMetricFamily(
            "zerosum_studio_jobs", "Jobs by kind and state.", labels=["kind", "state"]
        )
        for kind in (DataSource, Training, ItemBatch):
            found = kind.objects.values_list("state").annotate(n=Count("pk")).order_by()
            for state, n in found:
                jobs.add_metric([kind.kind, state], n)
        yield jobs
        items = GaugeMetricFamily("zerosum_studio_items", "Items by state.", labels=["state"])
        for state, n in Item.objects.values_list("state").annotate(n=Count("pk")).order_by():
            items.add_metric([state], n)
        yield items
        free = shutil.disk_usage(settings.STUDIO.folder).free
        yield GaugeMetricFamily(
            "zerosum_studio_free_bytes", "Room left where the studio's folder lies.", value=free
        )


REGISTRY.register(StudioCollector())
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)


def exposition() -> bytes:
    """All figures in the text form of Prometheus."""
    return generate_latest(REGISTRY)
