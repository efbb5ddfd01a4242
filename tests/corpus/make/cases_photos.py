"""Cases: photos by telephone and screenshots, good ones and hopeless ones."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import images
import mails
from case import Bench, Case, kept
from cases_images import GOTHIC, MINCHO, seen_sheet
from mails import Part, file, many
from notices import Notice, Sheet
from PIL import Image, ImageDraw, ImageFont

Made = Callable[[Sheet, int], bytes]


def _photo(quality: int = 40, **how: float) -> Made:
    return lambda sheet, seed: images.jpeg(images.photographed(images.drawn(sheet, 200), seed, **how), quality)  # type: ignore[arg-type]


def _turned(sheet: Sheet, seed: int) -> bytes:
    photo = images.photographed(images.drawn(sheet, 200), seed)
    return images.jpeg(photo.rotate(90, expand=True), 40, orientation=6)


def _screen(sheet: Sheet, seed: int) -> bytes:
    del seed
    page = images.drawn(sheet, 96)
    screen = Image.new("L", (1280, 1240), 96)
    screen.paste(page, (240, 90))
    pen = ImageDraw.Draw(screen)
    pen.rectangle((0, 0, 1280, 60), fill=40)
    pen.text(
        (20, 18),
        "認証キーのお知らせ.pdf - ビューア　　ファイル　編集　表示",
        fill=230,
        font=ImageFont.truetype(images.GOTHIC, 20),
    )
    return images.png(screen, colours=16)


def net_desk(one: Notice) -> Image.Image:
    """The screen on which Net Desk shows a key."""
    screen = Image.new("L", (1180, 760), 255)
    pen = ImageDraw.Draw(screen)
    font = ImageFont.truetype(images.GOTHIC, 17)
    pen.rectangle((0, 0, 1180, 44), fill=150)
    pen.text((20, 12), "インターネット保証サービス　Net Desk", fill=255, font=font)
    rows = (
        ("保証契約番号", one.number, "請負契約者", f"{one.contractor} 様"),
        ("工事名", one.project_name, "", ""),
        ("発注者名", "見本市長", "商品名", one.product),
        ("請負金額", "50,000,000 円", "保証金額", "20,000,000 円"),
        ("認証キー", one.auth_key, "", "印刷"),
    )
    pen.text((20, 66), f"電子保証概要（{one.product}）※最新の情報を表示しています。", fill=0, font=font)
    for turn, row in enumerate(rows):
        y = 110 + turn * 62
        pen.rectangle((20, y, 1160, y + 62), outline=120)
        for x, text in zip((30, 190, 700, 840), row, strict=True):
            pen.text((x, y + 20), text, fill=0, font=font)
    pen.text(
        (20, 440),
        "※発注者にお知らせください。（印刷ボタンをクリックして、PDFデータを発注者に提出することをお奨めします。）",
        fill=0,
        font=font,
    )
    return screen


_PHOTOS: tuple[tuple[str, str, str, str, str, Made], ...] = (
    ("good", "lines", GOTHIC, "image/jpeg", "IMG_0001.jpg", _photo(tilt=0.02, dark=0.2)),
    ("good-mincho", "gap", MINCHO, "image/jpeg", "IMG_0002.jpg", _photo(tilt=0.02, dark=0.2)),
    ("tilted", "lines", MINCHO, "image/jpeg", "IMG_0003.JPG", _photo(tilt=0.06)),
    ("shadow", "table", GOTHIC, "image/jpeg", "IMG_0004.jpg", _photo(dark=0.75)),
    ("small", "lines", GOTHIC, "image/jpeg", "IMG_0005.jpg", _photo(width=1000)),
    ("blurred", "lines", MINCHO, "image/jpeg", "IMG_0006.jpg", _photo(blur=2.2)),
    ("exif-turned", "gap", GOTHIC, "image/jpeg", "IMG_0007.jpg", _turned),
    ("tiny", "lines", MINCHO, "image/jpeg", "thumb.jpg", _photo(width=320)),
    ("dark", "lines", GOTHIC, "image/jpeg", "IMG_0008.jpg", _photo(dark=0.93, blur=1.6)),
    ("heic", "lines", GOTHIC, "image/heic", "IMG_0009.HEIC", lambda s, n: images.heic(images.photographed(images.drawn(s, 200), n))),
    ("heic-mincho", "table", MINCHO, "image/heic", "IMG_0010.HEIC", lambda s, n: images.heic(images.photographed(images.drawn(s, 200), n, tilt=0.02))),
    ("heic-octets", "gap", GOTHIC, "application/octet-stream", "IMG_0011", lambda s, n: images.heic(images.photographed(images.drawn(s, 200), n))),
    ("png", "gap", MINCHO, "image/png", "photo.png", lambda s, n: images.png(images.photographed(images.drawn(s, 200), n, width=900).convert("L"), colours=24)),
    ("in-pdf", "lines", GOTHIC, "application/pdf", "photo.pdf", lambda s, n: images.as_pdf([images.photographed(images.drawn(s, 200), n).convert("L")], 150, quality=40)),
    ("screenshot", "lines", MINCHO, "image/png", "スクリーンショット.png", _screen),
    ("screenshot-gothic", "table", GOTHIC, "image/png", "キャプチャ.PNG", _screen),
    ("screenshot-gif", "gap", GOTHIC, "image/gif", "a.gif", lambda s, n: _gif(images.drawn(s, 110))),
    ("screenshot-bmp-in-name", "lines", GOTHIC, "image/png", "a.bmp", _screen),
    ("webp", "lines", GOTHIC, "image/webp", "a.webp", lambda s, n: _webp(images.drawn(s, 150))),
)  # fmt: skip


def _gif(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.quantize(8).save(out, "GIF")
    return out.getvalue()


def _webp(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "WEBP", quality=50)
    return out.getvalue()


def cases() -> Iterator[Case]:
    """All of them."""
    for name, layout, font, media_type, shown, made in _PHOTOS:
        bench = Bench(f"photo-{name}", by_image=True)
        sheet = seen_sheet(bench, layout, font)
        content = kept((bench.name, sheet), lambda made=made, sheet=sheet, bench=bench: made(sheet, bench.seed))  # type: ignore[misc]
        kind = "screenshot/notice" if "screen" in name or name == "webp" else "photo/telephone"
        mail = bench.mail(many(mails.text("写真を送ります。\r\n"), file(content, shown, media_type)), "認証キー")
        yield Case(bench.name, kind, "person", mail, sheet.notices, "camera", True, bench.register, layout)
    for name in ("attached", "pasted"):
        bench = Bench(f"net-desk-picture-{name}", by_image=True)
        one = bench.notice()
        content = kept((name, one), lambda one=one: images.png(net_desk(one), colours=8))  # type: ignore[misc]
        page = mails.text('<html><body>この画面です。<br><img src="cid:i1"></body></html>', subtype="html")
        pasted = many(page, Part(
            b'Content-Type: image/png; name="image001.png"\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <i1>',
            mails.b64(content)), subtype="related")  # fmt: skip
        part = pasted if name == "pasted" else many(mails.text(), file(content, "netdesk.png", "image/png"))
        mail = bench.mail(part, "認証キー")
        yield Case(bench.name, "screenshot/Net Desk", "person", mail, (one,), "screen", True, bench.register)
