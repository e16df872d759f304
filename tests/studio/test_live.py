"""What a training's page hears while the run folder grows."""

import asyncio
import json
from pathlib import Path
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connections

from zerosum.studio.live import Position, news, pictures_of, run_folder, tail
from zerosum.studio.models import Training


def write(path: Path, *rows: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        handle.writelines(json.dumps(row) + "\n" for row in rows)


def test_each_row_is_said_once(training: Training) -> None:
    history, position = run_folder(training) / "history.jsonl", Position()
    assert news(training, position) == []
    write(history, {"step": 1}, {"step": 2})
    assert news(training, position) == [("rows", [{"step": 1}, {"step": 2}])]
    assert news(training, position) == []
    write(history, {"step": 3})
    assert news(training, Position.read(str(position))) == [("rows", [{"step": 3}])]


def test_a_line_that_is_being_written_waits(training: Training) -> None:
    history = run_folder(training) / "history.jsonl"
    write(history, {"step": 1})
    with history.open("a") as handle:
        handle.write('{"step": 2')
    rows, offset, _ = tail(history, 0)
    assert rows == [{"step": 1}]
    with history.open("a") as handle:
        handle.write("}\n")
    assert tail(history, offset)[0] == [{"step": 2}]


def test_a_resume_that_takes_rows_back_begins_anew(training: Training) -> None:
    history, position = run_folder(training) / "history.jsonl", Position()
    write(history, {"step": 1}, {"step": 2})
    news(training, position)
    history.write_text('{"step": 1}\n')
    assert news(training, position) == [("again", {}), ("rows", [{"step": 1}])]


def test_the_referees_words_are_said_and_no_paths(training: Training) -> None:
    events = run_folder(training) / "events.jsonl"
    write(events, {"event": "execution_chosen", "step": 0, "path": "/secret"})
    write(events, {"event": "diagnosis", "step": 7, "name": "collapse", "words": "samples alike"})
    assert news(training, Position()) == [
        (
            "events",
            [{"event": "diagnosis", "step": 7, "name": "collapse", "words": "samples alike"}],
        )
    ]


def test_a_failure_names_no_path(training: Training, folder: Path) -> None:
    events = run_folder(training) / "events.jsonl"
    write(events, {"event": "failed", "step": 7, "message": f"cannot write {folder}/runs/x."})
    ((_, (said,)),) = news(training, Position())
    assert said["words"] == "cannot write the studio's folder/runs/x."


def test_pictures_are_found_in_order(training: Training) -> None:
    folder = run_folder(training) / "samples"
    folder.mkdir(parents=True)
    for name in ("samples-0000000640.png", "samples-0000000064.png", "samples-x.png", ".part"):
        (folder / name).write_bytes(b"")
    assert pictures_of(training) == [64, 640]


def test_the_stream_ends_with_the_training(transactional_db: None, training: Training) -> None:
    from django.test.client import AsyncClient  # pyright: ignore[reportAttributeAccessIssue]

    from zerosum.studio.models import User

    write(run_folder(training) / "history.jsonl", {"step": 1, "generator/adversarial": 0.5})
    user = User.objects.create(username="vi", role="viewer")

    async def listen() -> str:
        client: Any = AsyncClient()
        await client.aforce_login(user, backend="django.contrib.auth.backends.ModelBackend")
        answer = await client.get(f"/trainings/{training.pk}/events/")
        assert answer["Content-Type"] == "text/event-stream"
        text = b"".join([piece async for piece in answer.streaming_content]).decode()
        await sync_to_async(connections.close_all)()
        return text

    text = asyncio.run(listen())
    assert 'event: rows\ndata: [{"step":1,' in text
    assert text.rstrip().endswith("event: over\ndata: {}")
