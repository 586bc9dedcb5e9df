"""The screens of the app as a person meets them: where things are, and how to wait for them."""

import base64
import re
import subprocess
import time
from pathlib import Path

from tests import dcmtk

WAIT_S = 30
LIVE_S = 10  # "within a second", and the rest for a machine that runs other tests beside this one


class Screens:
    """One window of the app; keeps every error that the page reports."""

    def __init__(self, page, server, artefacts: Path) -> None:
        self.page, self.server, self.artefacts = page, server, artefacts
        self.errors: list[str] = []
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))
        page.on("crash", lambda _: self.errors.append("the page crashed"))

    def _on_console(self, message) -> None:
        # SwiftShader, the software renderer of the tests, says on each read that it is slow;
        # Cornerstone tells of images that were still loading when a person left the study
        known = ("GPU stall", "purged from the cache before it completed loading")
        is_known = any(text in message.text for text in known)
        if message.type == "error" or (message.type == "warning" and not is_known):
            self.errors.append(f"{message.type}: {message.text}")

    def __call__(self, test_id: str):
        return self.page.get_by_test_id(test_id)

    def shoot(self, name: str) -> Path:
        path = self.artefacts / f"{name}.png"
        self.page.screenshot(path=path)
        return path

    # Polled here and not in the page: the app's content security policy allows no eval.
    def until(self, what: str, condition, timeout_s: float = WAIT_S):
        """Return the first true answer of `condition`."""
        deadline = time.monotonic() + timeout_s
        while True:
            found = condition()
            if found:
                return found
            if time.monotonic() > deadline:
                self.shoot("failed-" + re.sub(r"\W+", "-", what))
                raise AssertionError(f"not within {timeout_s} s: {what}; errors: {self.errors}")
            self.page.wait_for_timeout(50)

    # -- the study list

    def row(self, study_instance_uid: str):
        return self.page.locator(f'[data-testid="study-row"][data-study="{study_instance_uid}"]')

    def count_of(self, study_instance_uid: str) -> int:
        """Return the number of images that the row of a study says; 0 where there is no row."""
        row = self.row(study_instance_uid)
        if row.count() == 0:
            return 0
        # the first line counts images, the next one series
        text = row.first.get_by_test_id("image-count").inner_text().strip().splitlines()[0]
        return int(re.sub(r"\D", "", text))

    # -- the image

    def state(self, name: str):
        """Return one value of `window.hounsfield`."""
        return self.page.evaluate("name => window.hounsfield?.[name]", name)

    def run(self, command: str) -> bool:
        return self.page.evaluate("name => window.hounsfield.run(name)", command)

    def wait_for_image(self, index: int | None = None) -> int:
        """Wait until the image asked for is the one on the screen; return its index."""

        def is_shown():
            asked, shown = self.state("imageIndex"), self.state("shownImageIndex")
            return shown is not None and asked == shown and (index is None or shown == index)

        self.until(f"image {index} is shown", is_shown)
        self.page.wait_for_timeout(150)  # the picture reaches the screen a frame later
        return self.state("shownImageIndex")

    def picture(self) -> bytes:
        """Return a screenshot of the viewport."""
        return self("viewport").screenshot()

    def drag(self, dx: int, dy: int) -> None:
        box = self("viewport").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        for step in range(1, 9):
            self.page.mouse.move(x + dx * step / 8, y + dy * step / 8)
        self.page.mouse.up()

    # -- everywhere

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        return self.page.evaluate(
            "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )

    def drop(self, files: list[tuple[str, bytes]]) -> None:
        """Drop files on the page as a person does with the mouse."""
        encoded = [[name, base64.b64encode(data).decode()] for name, data in files]
        transfer = self.page.evaluate_handle(
            """files => {
                const transfer = new DataTransfer();
                for (const [name, text] of files) {
                    const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
                    transfer.items.add(new File([bytes], name));
                }
                return transfer;
            }""",
            encoded,
        )
        for event in ("dragenter", "dragover", "drop"):
            self.page.dispatch_event('[data-testid="drop-area"]', event, {"dataTransfer": transfer})


def send(server, paths: list[Path]) -> None:
    """Send files as a scanner does: by DCMTK's storescu."""
    storescu = dcmtk.program("storescu")
    command = [storescu, "-aec", server.ae_title, server.host, str(server.port), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
