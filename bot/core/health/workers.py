"""How the daemon's workers are doing: when each did its work last, and since when and why it fails.

Noted by bot/successes.py in the daemon, kept by `Store.health` for `status`, judged by alarms.py. Pure, nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.text.closed_list import ClosedList


class Worker(ClosedList):
    """Everything that the daemon does over and over."""

    words: str

    READING = "reading", "メールの読取り"
    SENDING = "sending", "メールの送信"
    FOLDER = "folder", "受信フォルダの確認"
    REGISTER = "register", "台帳の監視フォルダの確認"
    CLOCK = "clock", "時計の確認"
    REMATCHING = "rematching", "台帳を待つ受付の見直し"
    ISSUED = "issued", "発行完了のお知らせ"
    SUMMARIES = "summaries", "定時報告"
    REMINDERS = "reminders", "期限の見張り"
    ENTRY_RESULTS = "entry_results", "手入力の結果の返信"
    ALARMS = "alarms", "警報の確認"
    DISPOSAL = "disposal", "承認された廃棄"
    CANARY = "canary", "試験メールの送信"
    HEARTBEAT = "heartbeat", "外の監視への合図"


@dataclass(frozen=True, slots=True)
class WorkerHealth:
    """`done_at`: its last success since `started_at`, the daemon's start. `failures`: in a row, since `failing_since`; of different
    mails where it works on mails. `trouble`: the last one, in the log's words; `about`: which mail that was.
    """

    worker: Worker
    started_at: datetime
    done_at: datetime | None = None
    failing_since: datetime | None = None
    failures: int = 0
    trouble: str = ""
    about: str = ""

    def done(self, at: datetime) -> WorkerHealth:
        """After a success."""
        return WorkerHealth(self.worker, self.started_at, at)

    def failed(self, at: datetime, trouble: str, about: str = "") -> WorkerHealth:
        """After a failure."""
        counts = not about or about != self.about
        since = self.failing_since or at
        return replace(
            self, failing_since=since, failures=self.failures + counts, trouble=trouble, about=about or self.about
        )
