"""The page of deploy/web in a real headless Chromium, served on loopback from a fresh build."""

import base64
import http.server
import io
import json
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deploy.browser.run import FLAGS, find_chromium
from pipeline.inference import Generator
from pipeline.kinds.shared.noise import latent

ROOT = Path(__file__).parents[2]
EXPORTED = ROOT / "exported/cdcgan.onnx"
WEB = ROOT / "deploy/web"
FIRST_PICTURE = 1.0  # seconds from opening the page
MODEL_BYTES = 2_000_000  # on the wire
# Notes when the picture has been painted: its accessible name then changes.
WATCH = """
document.addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
  window.painted ??= performance.now();
}).observe(document.getElementById("picture"), { attributeFilter: ["aria-label"] }));
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a build of the page, on this machine."""
    if not (WEB / "node_modules").is_dir():
        pytest.skip("no deploy/web/node_modules: make -C deploy/web")
    dist = tmp_path_factory.mktemp("web") / "dist"
    make = ["make", "--silent", "-C", WEB, f"DIST={dist}", f"PYTHON={sys.executable}"]
    subprocess.run(make, check=True, timeout=120)
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=dist)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    """A headless Chromium under Selenium, with a profile of its own."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="pip install selenium")
    binary, driver_binary = find_chromium(), shutil.which("chromedriver")
    if binary is None or driver_binary is None:
        pytest.skip("no chromium and chromedriver on the PATH")
    downloads = tmp_path_factory.mktemp("downloads")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in [*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver_binary))
    driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
    saving = {"behavior": "allow", "downloadPath": str(downloads)}
    driver.execute_cdp_cmd("Browser.setDownloadBehavior", saving)
    driver.downloads = downloads
    yield driver
    driver.quit()


@pytest.fixture
def page(chromium, site: str) -> Iterator:
    """The page, opened anew and ready, 1100 pixels wide; afterwards its console must hold no error."""
    resize(chromium, 1100)
    chromium.get(site)
    ready(chromium)
    yield chromium
    errors = [entry for entry in chromium.get_log("browser") if entry["level"] == "SEVERE"]
    assert errors == []


def resize(driver, width: int) -> None:
    """Give the window a width, as a phone's where it is that narrow."""
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def until(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    """Wait for `condition`; fail with `what` was expected when it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.02)


def ready(driver) -> None:
    """Wait until the page has drawn everything."""
    busy = "return document.querySelector('main').getAttribute('aria-busy')"
    until(lambda: driver.execute_script(busy) == "false", "the page is ready")


def pixels(driver, canvas: str) -> np.ndarray:
    """The grey pixels of a canvas, as it is drawn: uint8 [H, W], 0 is black."""
    url = driver.execute_script(f"return document.getElementById('{canvas}').toDataURL('image/png')")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("L"))


def find(driver, css: str):
    """The element that a CSS selector names."""
    return driver.find_element("css selector", css)


def changes(driver, canvas: str, act: Callable[[], object]) -> None:
    """Do something, and wait until a canvas shows other pixels."""
    before = pixels(driver, canvas)
    act()
    until(lambda: not np.array_equal(pixels(driver, canvas), before), f"{canvas} changes")


def press(driver, keys: str) -> None:
    """Type keys where the focus is."""
    driver.switch_to.active_element.send_keys(keys)


@pytest.mark.slow
def test_the_first_picture_comes_within_a_second(page) -> None:
    # The browser itself has started by now; everything else is fetched and compiled anew.
    page.execute_cdp_cmd("Network.clearBrowserCache", {})
    page.get(page.current_url)
    ready(page)
    painted = page.execute_script("return window.painted") / 1000
    print(f"first picture after {painted:.2f} s")
    assert painted < FIRST_PICTURE
    picture = pixels(page, "picture")
    assert picture.shape == (32, 32)
    assert picture.max() > 200
    assert np.median(picture) < 50


@pytest.mark.slow
def test_little_is_fetched(page, site: str) -> None:
    fetched = (
        "return performance.getEntriesByType('resource').map((entry) => [entry.name, entry.transferSize])"
    )
    sizes = dict(page.execute_script(fetched))
    assert 0 < sizes[f"{site}model.onnx"] < MODEL_BYTES
    assert all(name.startswith(site) for name in sizes)  # nothing from another server


@pytest.mark.slow
def test_a_click_and_a_key_choose_the_digit(page) -> None:
    changes(page, "picture", lambda: find(page, "#digit-3").click())
    assert "3" in find(page, "#picture").get_attribute("aria-label")
    assert np.array_equal(pixels(page, "picture"), pixels(page, "digit-3"))
    changes(page, "tiles", lambda: press(page, "8"))
    assert find(page, "input[value='8']").is_selected()
    assert np.array_equal(pixels(page, "picture"), pixels(page, "digit-8"))


@pytest.mark.slow
def test_the_ten_are_the_digits_of_one_latent(page) -> None:
    sheet = [pixels(page, f"digit-{digit}") for digit in range(10)]
    assert len({picture.tobytes() for picture in sheet}) == 10
    assert np.array_equal(pixels(page, "picture"), sheet[5])


@pytest.mark.slow
def test_the_map_follows_the_pointer_and_the_arrow_keys(page) -> None:
    from selenium.webdriver import ActionChains, Keys

    area = find(page, "#map")
    drag = ActionChains(page).move_to_element(area).click_and_hold().move_by_offset(90, -60).release()
    changes(page, "picture", drag.perform)
    page.execute_script("arguments[0].focus()", area)
    changes(page, "picture", lambda: press(page, Keys.ARROW_LEFT))
    changes(page, "digit-0", lambda: press(page, Keys.ARROW_UP))
    here = pixels(page, "picture")
    changes(page, "picture", lambda: press(page, Keys.ARROW_RIGHT))
    press(page, Keys.ARROW_LEFT)
    until(lambda: np.array_equal(pixels(page, "picture"), here), "there and back is where it was")


@pytest.mark.slow
def test_a_seed_is_a_picture(page) -> None:
    seven = pixels(page, "picture")
    changes(page, "picture", find(page, "#new").click)
    field = find(page, "#seed")
    field.clear()
    field.send_keys("7\n")
    until(lambda: np.array_equal(pixels(page, "picture"), seven), "seed 7 gives what it gave")


@pytest.mark.slow
def test_one_digit_becomes_another(page) -> None:
    from selenium.webdriver import Keys

    slider = find(page, "#mix")
    changes(page, "picture", lambda: slider.send_keys(Keys.ARROW_RIGHT))
    slider.send_keys(Keys.END)
    until(lambda: np.array_equal(pixels(page, "picture"), pixels(page, "digit-8")), "it ends in an 8")
    changes(page, "strip", lambda: find(page, "#to").send_keys("3"))
    until(lambda: np.array_equal(pixels(page, "picture"), pixels(page, "digit-3")), "it ends in a 3")
    changes(page, "picture", find(page, "#play").click)
    find(page, "#play").click()


@pytest.mark.slow
def test_pictures_are_saved_as_the_network_draws_them(page) -> None:
    find(page, "#save").click()
    find(page, "#save-ten").click()
    single, sheet = page.downloads / "digit-5-seed-7.png", page.downloads / "digits-seed-7.png"
    until(lambda: single.exists() and sheet.exists(), "two files are saved")
    saved = np.asarray(Image.open(single).convert("L"))
    assert np.array_equal(saved[::16, ::16], pixels(page, "picture"))
    assert Image.open(sheet).size == (10 * 32 * 16, 32 * 16)


@pytest.mark.slow
@pytest.mark.parametrize("width", [320, 390])
def test_it_fits_a_phone(page, width: int) -> None:
    resize(page, width)
    page.refresh()
    ready(page)
    assert page.execute_script("return document.documentElement.scrollWidth") == width
    for css in ("#map", "#mix", "#save", "#save-ten", "#new"):
        box = find(page, css).rect
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["height"] >= 14
    changes(page, "picture", lambda: find(page, "#digit-1").click())


@pytest.mark.slow
def test_the_model_of_the_page_is_the_exported_one_but_for_rounding(site: str, tmp_path: Path) -> None:
    for name in ("model.onnx", "model.json"):
        urllib.request.urlretrieve(site + name, tmp_path / name)
    copy, exported = Generator(tmp_path / "model.onnx", "cpu"), Generator(EXPORTED, "cpu")
    z, labels = latent(range(100), 100, "normal"), np.arange(100) % 10
    difference = np.abs(copy.run(z, labels) - exported.run(z, labels)).max()
    said = float(json.loads((tmp_path / "model.json").read_text())["parity"])
    assert float(copy.description.parity) == said
    assert 0 < difference <= said < 0.01
    assert replace(copy.description, parity=exported.description.parity) == exported.description


@pytest.mark.slow
def test_it_turns_dark_with_the_system(page) -> None:
    colours = []
    for scheme in ("light", "dark"):
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        page.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        screen = Image.open(io.BytesIO(page.get_screenshot_as_png())).convert("L")
        colours.append(float(np.median(np.asarray(screen))))
    assert colours[0] > 200
    assert colours[1] < 50


@pytest.mark.slow
def test_a_missing_model_is_said(chromium, site: str) -> None:
    chromium.execute_cdp_cmd("Network.enable", {})
    chromium.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*model.json"]})
    try:
        chromium.get(site)
        until(lambda: "It can't draw" in find(chromium, "#caption").text, "the page says so")
    finally:
        chromium.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
        chromium.get_log("browser")  # the failure is there, as it should be


def test_the_latents_of_the_page_are_normal() -> None:
    """z on the map is from N(0, 1), and the map closes at its edges."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node on the PATH")
    script = f"""
        import {{ readFileSync }} from "node:fs";
        const code = readFileSync("{WEB / "latent.js"}", "utf8");
        const {{ makeMap }} = await import("data:text/javascript," + encodeURIComponent(code));
        const at = makeMap(7, 20000);
        console.log(JSON.stringify([at(0.3, 0.8), at(0, 0.8), at(1, 0.8)].map((z) => [...z])));
    """
    done = subprocess.run([node, "--input-type=module", "-e", script], capture_output=True, check=True)
    inside, left, right = (np.array(z) for z in json.loads(done.stdout))
    assert abs(inside.mean()) < 4 / np.sqrt(20000)
    assert abs(inside.std() - 1) < 4 / np.sqrt(2 * 20000)
    assert abs((inside**4).mean() - 3) < 4 * np.sqrt(96 / 20000)
    np.testing.assert_allclose(left, right, atol=1e-5)
