#!/usr/bin/env python3
"""Uses the two pages of `cgan serve` as people do, in Chromium: every control by mouse and by keyboard, 320 pixels wide, light and
dark, with axe-core's rules of accessibility. Nothing may come to the console, and no other host may be asked.

    page.py URL RUN_FOLDER TOKEN [PICTURES]

URL is that of a server with the model digits and the runs of a folder. PICTURES is a folder for screenshots.
"""

import json
import pathlib
import re
import struct
import sys
import urllib.parse
import zipfile

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

url, runs, token = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3]
pictures = pathlib.Path(sys.argv[4]) if len(sys.argv) > 4 else None


class Visit:
    """A page in a window of its own, whose console and requests are watched."""

    def __init__(self, browser, path="/", width=1200, height=900, dark=False):
        self.context = browser.new_context(viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", accept_downloads=True, reduced_motion="reduce")
        self.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=url)
        self.page = self.context.new_page()
        self.page.set_default_timeout(15000)
        self.wrong, self.expected = [], 0
        self.page.on("console", lambda m: self.wrong.append(f"console: {m.text}"))
        self.page.on("pageerror", lambda e: self.wrong.append(f"error: {e}"))
        self.page.on("request", self.asked)
        self.page.goto(url + path)

    def asked(self, request):
        if not request.url.startswith((url + "/", "data:", "blob:" + url)):
            self.wrong.append(f"asked elsewhere: {request.url}")

    def sign_in(self):
        expect(self.page.get_by_label("This server asks for a token")).to_be_focused()
        self.forgive("401")
        self.page.keyboard.type(token)
        self.page.keyboard.press("Enter")
        expect(self.page.locator("#token-form")).to_be_hidden()

    def forgive(self, text):
        """Takes out what Chromium itself writes of an answer that was to be refused."""
        self.wrong = [w for w in self.wrong if text not in w]

    def accessible(self):
        found = Axe().run(self.page).response["violations"]
        assert not found, json.dumps([(v["id"], v["help"], [n["html"] for n in v["nodes"]]) for v in found], indent=1)

    def fits(self):
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"the page is {wide} pixels wider than its window"

    def picture(self, name):
        if pictures:
            self.page.screenshot(path=pictures / f"{name}.png", full_page=True)

    def close(self):
        assert not self.wrong, "\n".join(self.wrong)
        self.context.close()


def png_size(file):
    content = pathlib.Path(file).read_bytes()
    assert content.startswith(b"\x89PNG"), file
    return struct.unpack(">II", content[16:24])


def download(page, button):
    with page.expect_download() as waiting:
        button.click()
    return waiting.value


def images(page):
    return page.get_by_role("list", name="Drawn images").get_by_role("button")


def sources(page):
    return page.locator("#pictures img").evaluate_all("all => all.map(i => i.src)")


def test_every_control(browser):
    v = Visit(browser)
    page = v.page
    v.sign_in()
    expect(images(page)).to_have_count(40)
    expect(page.get_by_role("status")).to_have_text("40 images of digits")
    first = sources(page)

    page.get_by_label("Seed", exact=True).fill("7")
    expect(images(page).first).to_have_accessible_name("0, seed 7")
    assert sources(page) != first, "another seed drew the same"
    page.get_by_label("Images per class").fill("2")
    expect(images(page)).to_have_count(20)
    before = sources(page)
    page.get_by_label("Precision").select_option("bf16")
    page.wait_for_function("before => document.querySelector('#pictures img').src !== before", arg=before[0])
    page.get_by_label("Precision").select_option("f32")
    page.wait_for_function("before => document.querySelector('#pictures img').src === before", arg=before[0])

    page.get_by_role("button", name="None").click()
    expect(page.get_by_role("status")).to_have_text("Choose at least one class.")
    page.get_by_role("checkbox", name="3").check()
    page.get_by_role("checkbox", name="5").check()
    expect(images(page)).to_have_count(4)
    expect(images(page).nth(3)).to_have_accessible_name("5, seed 8")
    page.get_by_role("button", name="All").click()
    expect(images(page)).to_have_count(20)
    page.get_by_role("button", name="Another").click()
    expect(images(page).first).not_to_have_accessible_name("0, seed 7")

    for text in ["seven", "", "18446744073709551616", "1e3", "-9223372036854775809"]:
        page.get_by_label("Seed", exact=True).fill(text)
        expect(page.get_by_role("status")).to_contain_text("The seed must be a whole number")
        expect(page.get_by_label("Seed", exact=True)).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Seed", exact=True).fill("18446744073709551614")
    expect(images(page).last).to_have_accessible_name("9, seed 18446744073709551615")
    page.get_by_label("Images per class").fill("101")
    expect(page.get_by_role("status")).to_contain_text("from 1 to 100")
    page.get_by_label("Images per class").fill("2")
    page.get_by_label("Seed", exact=True).fill("7")
    expect(images(page).first).to_have_accessible_name("0, seed 7")

    page.get_by_role("combobox", name="Scale", exact=True).select_option("2")
    grid = download(page, page.get_by_role("button", name="Download the grid as PNG"))
    assert grid.suggested_filename == "digits.png" and png_size(grid.path()) == (2 * 302, 2 * 62), png_size(grid.path())
    gif = download(page, page.get_by_role("button", name="Download an animation as GIF"))
    assert pathlib.Path(gif.path()).read_bytes().startswith(b"GIF89a")
    archive = download(page, page.get_by_role("button", name="Download a zip of class folders"))
    names = zipfile.ZipFile(archive.path()).namelist()
    assert len(names) == 20 and {n.split("/")[0] for n in names} == set("0123456789"), names
    v.close()


def test_one_image(browser):
    v = Visit(browser)
    page = v.page
    v.sign_in()
    page.get_by_label("Seed", exact=True).fill("-9223372036854775808")
    opener = page.get_by_role("button", name="4, seed -9223372036854775808")
    opener.click()
    dialog = page.get_by_role("dialog", name="4, seed -9223372036854775808")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_label("Command that draws it again")).to_have_value("cgan generate --weights digits --class 4 --seed=-9223372036854775808")
    dialog.get_by_label("Scale of the PNG").select_option("16")
    saved = download(page, dialog.get_by_role("button", name="Download PNG"))
    again = dialog.get_by_label("URL that draws it again").input_value()
    answer = page.request.get(again, headers={"Authorization": f"Bearer {token}"})
    assert answer.body() == pathlib.Path(saved.path()).read_bytes(), "the URL has other bytes than the download"
    assert "immutable" in answer.headers["cache-control"], answer.headers
    for what in ["command", "URL"]:
        dialog.get_by_role("button", name=f"Copy {what}").click()
        expect(page.locator("#status")).to_have_text("Copied")
        field = dialog.get_by_label(re.compile(f"^{what} that", re.I)).input_value()
        assert page.evaluate("navigator.clipboard.readText()") == field
    v.accessible()
    v.picture("dialog")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(opener).to_be_focused()
    opener.click()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    v.close()


def test_walk(browser):
    v = Visit(browser)
    page = v.page
    v.sign_in()
    slider, walker = page.get_by_label("Place on the way"), page.locator("#walker")
    expect(walker).to_have_attribute("alt", "The image at 50 % of the way")
    seen = set()
    for value in ["0", "16", "32"]:
        slider.fill(value)
        seen.add(walker.get_attribute("src"))
    assert len(seen) == 3, "the walk stands still"
    expect(slider).to_have_attribute("aria-valuetext", "100 % of the way")
    end = walker.get_attribute("src")
    for name, change in [("To class", lambda e: e.select_option("8")), ("To seed", lambda e: e.fill("99"))]:
        change(page.get_by_label(name))
        page.wait_for_function("end => document.getElementById('walker').src !== end", arg=end)
        end = walker.get_attribute("src")
    slider.fill("0")
    begin = walker.get_attribute("src")
    for name, change in [("From class", lambda e: e.select_option("6")), ("From seed", lambda e: e.fill("98"))]:
        change(page.get_by_label(name))
        page.wait_for_function("begin => document.getElementById('walker').src !== begin", arg=begin)
        begin = walker.get_attribute("src")
    gif = download(page, page.get_by_role("button", name="Download the walk as GIF"))
    assert gif.suggested_filename == "digits-walk.gif" and pathlib.Path(gif.path()).read_bytes().startswith(b"GIF89a")
    v.close()


def test_keyboard_alone(browser):
    v = Visit(browser)
    page = v.page
    v.sign_in()
    expect(images(page)).to_have_count(40)
    page.goto(url)
    expect(images(page)).to_have_count(40)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    reached, dark = [], []
    for _ in range(100):
        page.keyboard.press("Tab")
        name = page.evaluate("""() => {
            const e = document.activeElement;
            if (e === document.body) return null;
            const seen = e.matches(".chips input") ? e.nextElementSibling : e;
            if (getComputedStyle(seen).outlineStyle === "none") return "no outline: " + e.outerHTML;
            return e.getAttribute("aria-label") || e.id || e.textContent;
        }""")
        if name is None:
            break
        (dark if name.startswith("no outline") else reached).append(name)
    assert not dark, dark
    controls = page.locator("a[href], button:visible, input:visible, select:visible").count()
    assert len(set(reached)) >= controls - 1 - 9, (controls, reached)  # all but the first link; 10 boxes of classes have no name here

    page.get_by_label("Seed", exact=True).focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("42")
    expect(images(page).first).to_have_accessible_name("0, seed 42")
    page.get_by_role("checkbox", name="0").focus()
    page.keyboard.press("Space")
    expect(images(page)).to_have_count(36)
    images(page).first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="1, seed 42")).to_be_visible()
    page.keyboard.press("Escape")
    expect(images(page).first).to_be_focused()
    slider = page.get_by_label("Place on the way")
    slider.focus()
    page.keyboard.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "0 % of the way")
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "3 % of the way")
    v.close()


def test_looks(browser):
    for width in [320, 1200]:
        for dark in [False, True]:
            v = Visit(browser, width=width, dark=dark)
            v.sign_in()
            expect(images(v.page)).to_have_count(40)
            expect(v.page.locator("#strip img")).to_have_count(9)
            v.fits()
            v.accessible()
            v.picture(f"images-{width}-{'dark' if dark else 'light'}")
            v.close()


def run_names():
    return sorted(p.name for p in runs.iterdir() if p.is_dir())


def test_runs(browser):
    v = Visit(browser, "/runs/")
    page = v.page
    v.sign_in()
    names = run_names()
    expect(page.locator("#runs tr")).to_have_count(len(names))
    expect(page.locator("#side-a h2")).to_have_text(names[-1])
    expect(page.get_by_role("img", name=re.compile("Losses: at step"))).to_be_visible()
    slider = page.locator("#side-a").get_by_label("Over time")
    newest = page.locator("#side-a img.grid").get_attribute("alt")
    slider.focus()
    page.keyboard.press("Home")
    expect(page.locator("#side-a img.grid")).not_to_have_attribute("alt", newest)
    page.get_by_role("combobox", name="Beside it").select_option(names[0])
    expect(page.locator("#side-b h2")).to_have_text(names[0])
    for side in ["a", "b"]:
        page.locator(f"#side-{side} summary").click()
    expect(page.locator("#side-a .settings tr", has_text="seed")).to_contain_text("(differs)")
    expect(page.locator("#side-a .settings tr", has_text="beta1")).not_to_contain_text("(differs)")
    expect(page.locator("#side-a .figures")).to_contain_text("97.5 %")
    expect(page.locator("#side-a")).not_to_contain_text(str(runs))

    # a run that goes on shows itself
    stats = runs / names[-1] / "stats.jsonl"
    text = stats.read_text()
    line = json.loads(text.splitlines()[-1])
    try:
        with stats.open("a") as f:
            f.write(json.dumps({**line, "step": 4321, "loss_g": 1.234}) + "\n")
        expect(page.locator("#runs tr").last).to_contain_text("4321")
        expect(page.get_by_role("img", name=re.compile("Losses: at step 4321"))).to_have_count(1)
    finally:
        stats.write_text(text)
    v.close()


def test_runs_look(browser):
    for width in [320, 1200]:
        for dark in [False, True]:
            v = Visit(browser, "/runs/", width=width, dark=dark)
            v.sign_in()
            v.page.get_by_role("combobox", name="Beside it").select_option(run_names()[0])
            expect(v.page.locator("#side-b img.grid")).to_be_visible()
            for side in ["a", "b"]:
                v.page.locator(f"#side-{side} summary").click()
            v.fits()
            v.accessible()
            v.picture(f"runs-{width}-{'dark' if dark else 'light'}")
            v.close()


def test_links(browser):
    v = Visit(browser)
    v.sign_in()
    v.page.get_by_role("link", name="Runs").click()
    expect(v.page.get_by_role("heading", name="Runs of trainings")).to_be_visible()
    expect(v.page.get_by_role("link", name="Runs")).to_have_attribute("aria-current", "page")
    v.page.get_by_role("link", name="Images").click()
    expect(images(v.page)).to_have_count(40)
    assert urllib.parse.urlparse(v.page.url).path == "/"
    v.close()


def test_a_wrong_token(browser):
    v = Visit(browser)
    expect(v.page.get_by_label("This server asks for a token")).to_be_focused()
    v.page.keyboard.type("not the token")
    v.page.keyboard.press("Enter")
    expect(v.page.get_by_role("status")).to_contain_text("A token is needed", ignore_case=True)
    v.accessible()
    v.forgive("401")
    v.close()


def main():
    tests = [(name, test) for name, test in globals().items() if name.startswith("test_")]
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for name, test in tests:
            test(browser)
            print(f"{name[5:].replace('_', ' ')}: passes", flush=True)
        browser.close()


main()
