"""Screenshots for the documentation."""

import io
from pathlib import Path
from typing import Any

from PIL import Image


def shoot(page: Any, path: Path, *, width: int = 1280, height: int = 860, top: str = "") -> None:
    """What somebody sees on a screen of this size, in light colours, from the element `top` on."""
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate("document.activeElement?.blur(); window.scrollTo(0, 0)")
    if top:
        page.locator(top).first.evaluate("one => one.scrollIntoView()")
    with Image.open(io.BytesIO(page.screenshot())) as shown:
        shown.convert("RGB").save(path, format="PNG", optimize=True)
    page.set_viewport_size({"width": 1280, "height": 900})
