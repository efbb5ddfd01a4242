"""What is near to a letter's ink, at a picture's edges too."""

from __future__ import annotations

import random

import pytest
from PIL import Image, ImageFilter

from bot.documents.pdf.ink import darkest_near


@pytest.mark.parametrize("place", [(0, 0, 30, 20), (0, 7, 30, 13), (5, 5, 6, 6), (2, 1, 29, 19), (28, 18, 30, 20)])
def test_the_darkest_pixel_near_each_is_a_rank_filters(place):
    dice = random.Random(repr(place))
    pixels = bytes(dice.choice((255, 255, 255, dice.randrange(256))) for _ in range(30 * 20))
    picture = Image.frombytes("L", (30, 20), pixels)
    assert darkest_near(picture, place).tobytes() == picture.filter(ImageFilter.MinFilter(5)).crop(place).tobytes()
