"""What copiers, fax machines and telephones make of a page: the same harm for the same seed. Used by the tests of sight.

`harmed` takes a clean grey page and gives it back as it came out of a machine; `filed` gives the file that was sent.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

FAX_DPI = {"standard": (204, 98), "fine": (204, 196)}


@dataclass(frozen=True, slots=True)
class Harm:
    """What happens to a page, in this order. Lengths in pixels at 200 dpi; `skew` in degrees, `quarters` of a turn."""

    stamp: bool = False
    fold: bool = False
    blur: float = 0.0
    light: float = 0.0  # how much darker the far corner is, 0–1
    skew: float = 0.0
    quarters: int = 0
    dark_margin: bool = False
    photo: bool = False
    noise: float = 0.0  # standard deviation of 255 levels
    dirt: int = 0  # specks
    bilevel: bool = False
    jpeg: int = 0  # quality, 0: no JPEG
    fax: str = ""  # standard or fine


def harmed(page: Image.Image, dpi: float, how: Harm, seed: int) -> Image.Image:
    """Give the page as the machine saw it; `dpi`: of `page`."""
    rng = np.random.default_rng(seed)
    scale = dpi / 200
    if how.stamp:
        page = _stamped(page, scale, rng)
    if how.fold:
        page = _folded(page, scale, rng)
    if how.blur:
        page = page.filter(ImageFilter.GaussianBlur(how.blur * scale))
    if how.light:
        page = _lit(page, how.light)
    if how.skew:
        page = page.rotate(how.skew, Image.Resampling.BICUBIC, fillcolor=255)
    if how.photo:
        page = _photographed(page, rng)
    if how.dark_margin:
        ImageDraw.Draw(page := page.copy()).rectangle((0, 0, round(0.02 * page.width), page.height), fill=25)
    if how.quarters:
        page = page.rotate(90 * how.quarters, expand=True)
    seen = np.asarray(page).astype(np.float32)
    if how.noise:
        seen = seen + rng.normal(0, how.noise, seen.shape)
    for _ in range(how.dirt):
        y, x = rng.integers(0, seen.shape[0] - 4), rng.integers(0, seen.shape[1] - 4)
        size = rng.integers(1, max(round(3 * scale), 2) + 1)
        seen[y : y + size, x : x + size] = rng.choice((0, 255))
    if how.bilevel:
        seen = np.where(seen < 150, 0, 255)
    return Image.fromarray(np.clip(seen, 0, 255).astype(np.uint8))


def filed(page: Image.Image, dpi: float, how: Harm) -> tuple[bytes, str]:
    """Give the file's bytes and media type: a fax or black and white page as TIFF G4, the others as JPEG or PNG."""
    out = io.BytesIO()
    if how.fax:
        across, down = FAX_DPI[how.fax]
        size = (round(page.width * across / dpi), round(page.height * down / dpi))
        faxed = page.resize(size, Image.Resampling.BOX).point(lambda level: 255 * (level > 140)).convert("1")
        faxed.save(out, "TIFF", compression="group4", dpi=(across, down))
        return out.getvalue(), "image/tiff"
    if how.bilevel:
        page.convert("1").save(out, "TIFF", compression="group4", dpi=(dpi, dpi))
        return out.getvalue(), "image/tiff"
    if how.jpeg:
        page.save(out, "JPEG", quality=how.jpeg, **({} if how.photo else {"dpi": (round(dpi), round(dpi))}))
        return out.getvalue(), "image/jpeg"
    page.save(out, "PNG", dpi=(dpi, dpi))
    return out.getvalue(), "image/png"


def drawn_harm(kind: str, seed: int) -> Harm:
    """Draw a harm of a kind by lot: copier, black_and_white, fax, fine_fax, photo, turned, stamped or worn."""
    rng = np.random.default_rng(seed)
    skew = float(rng.uniform(-3, 3))
    copier = Harm(
        blur=float(rng.uniform(0.3, 0.9)), skew=skew, noise=float(rng.uniform(2, 14)), jpeg=int(rng.integers(30, 76))
    )
    match kind:
        case "black_and_white":
            return replace(copier, bilevel=True, jpeg=0, dirt=80)
        case "fax":
            return Harm(skew=skew / 2, blur=0.4, fax="standard", dirt=60)
        case "fine_fax":
            return Harm(skew=skew / 2, blur=0.4, fax="fine", dirt=60)
        case "photo":
            return replace(copier, photo=True, light=float(rng.uniform(0.1, 0.45)), jpeg=75, noise=4.0)
        case "turned":
            return replace(copier, quarters=int(rng.integers(1, 4)))
        case "stamped":
            return replace(copier, stamp=True)
        case "worn":
            return replace(copier, fold=True, dark_margin=True, dirt=150)
    return copier


def _stamped(page: Image.Image, scale: float, rng: np.random.Generator) -> Image.Image:
    """Lay a round office stamp, grey as red ink is, over the page's middle, where the values stand."""
    stamp = Image.new("L", page.size, 255)
    draw = ImageDraw.Draw(stamp)
    x, y = page.width * rng.uniform(0.35, 0.6), page.height * rng.uniform(0.35, 0.6)
    radius = 110 * scale
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=110, width=max(round(6 * scale), 1))
    for line in (-0.25, 0.25):
        draw.line(
            (x - radius, y + line * radius, x + radius, y + line * radius), fill=110, width=max(round(4 * scale), 1)
        )
    return Image.fromarray(np.minimum(np.asarray(page), np.asarray(stamp)))


def _folded(page: Image.Image, scale: float, rng: np.random.Generator) -> Image.Image:
    """Fold the page across; the crease is a grey line with a shadow."""
    seen = np.asarray(page).astype(np.float32)
    middle = seen.shape[0] * rng.uniform(0.3, 0.7)
    away = np.abs(np.arange(seen.shape[0]) - middle) / (8 * scale)
    return Image.fromarray((seen * (1 - 0.35 * np.exp(-(away**2)))[:, None]).astype(np.uint8))


def _lit(page: Image.Image, darker: float) -> Image.Image:
    seen = np.asarray(page).astype(np.float32)
    down, across = np.linspace(0, 1, seen.shape[0])[:, None], np.linspace(0, 1, seen.shape[1])[None, :]
    shadow = 1 / (1 + np.exp(-12 * (down + across - 1.2)))  # of the person who takes the picture
    return Image.fromarray((seen * (1 - darker * (0.4 * (down + across) / 2 + 0.6 * shadow))).astype(np.uint8))


def _photographed(page: Image.Image, rng: np.random.Generator) -> Image.Image:
    """See the page from above and a little aside, on a dark desk."""
    width, height = page.size
    wide, high = round(width * 1.15), round(height * 1.12)
    corners = np.array([(0.06, 0.05), (0.94, 0.05), (0.94, 0.95), (0.06, 0.95)]) + rng.uniform(-0.03, 0.03, (4, 2))
    target = corners * (wide, high)
    source = np.array([(0, 0), (width, 0), (width, height), (0, height)], float)
    rows: list[list[float]] = []
    for (x, y), (u, v) in zip(target, source, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    found = np.linalg.solve(np.array(rows), source.reshape(-1))
    seen = page.transform(
        (wide, high), Image.Transform.PERSPECTIVE, tuple(found), Image.Resampling.BICUBIC, fillcolor=0
    )
    sheet = Image.new("L", page.size, 255).transform(
        (wide, high), Image.Transform.PERSPECTIVE, tuple(found), fillcolor=0
    )
    grain = 60 + 12 * np.sin(np.arange(wide)[None, :] / 17 + 3 * np.sin(np.arange(high)[:, None] / 90))
    desk = Image.fromarray((grain + rng.normal(0, 4, (high, wide))).clip(0, 255).astype(np.uint8))
    seen = Image.composite(seen, desk, sheet)
    lean = math.degrees(float(rng.uniform(-0.03, 0.03)))
    return seen.rotate(lean, Image.Resampling.BICUBIC, fillcolor=60)
