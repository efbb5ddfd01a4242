"""What one mail may have recognised of its pictures, over all of its papers: pages with words, and CPU time.

Made by documents/pool/child.py for a mail, counted down by visual_check.py. Pages are counted, so that a busy machine, on which the
same page takes more CPU time, reads as many. Raises nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

PAGES_READ = 3
"""So many pages with words are recognised for one mail. A fax has one or two; what is longer is a contract that rides along."""
LIKELY_PAGES_READ = 2
"""So many more, where a glimpse shows the title of a notice."""


@dataclass(slots=True)
class LookBudget:
    """What one mail may still have recognised. `begin`: called before each page; False when its CPU time is used up."""

    begin: Callable[[], bool] = lambda: True
    pages: int = PAGES_READ
    likely: int = LIKELY_PAGES_READ

    def count(self) -> None:
        """Count a page with words that was recognised."""
        if self.pages:
            self.pages -= 1
        else:
            self.likely -= 1
