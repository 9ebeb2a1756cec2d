"""Look at a page in headless Chromium without a network: what is clipped, overlaps, lies outside or fails."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FRAME = Path(__file__).with_name("look.html")  # the page stands in a frame, which may be narrower than a window
WATCH = """<script>window.faults = [];
addEventListener("error", e => faults.push("error: " + e.message));
addEventListener("securitypolicyviolation", e => faults.push("asks for " + e.blockedURI));
console.error = (...words) => faults.push("console: " + words.join(" "));
</script>"""
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=4000", "--proxy-server=127.0.0.1:9")


def framed(page: str, width: int, height: int = 6000) -> str:
    """A page that shows `page` in a frame of this size, and what is wrong with it in ``#found``."""
    source = json.dumps(page.replace("<title>", WATCH + "<title>", 1)).replace("<", "\\u003c")
    frame = FRAME.read_text(encoding="utf-8").replace("WIDTH", str(width)).replace("HEIGHT", str(height))
    return frame.replace("PAGE", source)


def seen(page: str, width: int, folder: Path) -> Any:
    """Faults, number of texts in pictures, and the rows of the table of reps, at a width."""
    (folder / "frame.html").write_text(framed(page, width), encoding="utf-8")
    flags = [*FLAGS, "--dump-dom", f"--user-data-dir={folder / 'browser'}", "--window-size=1500,6100"]
    done = subprocess.run(
        [str(CHROMIUM), *flags, f"file://{folder}/frame.html"], capture_output=True, timeout=120, check=True
    )
    found = re.search(r'<pre id="found">(.*?)</pre>', done.stdout.decode(), re.DOTALL)
    assert found, done.stderr.decode()[-2000:]
    return json.loads(html.unescape(found[1]))
