"""The kinds of alarm, with their words for the operator: what is wrong, and what to do.

Asked by core/health/alarms.py, workers/alarms.py and `status`. Values only, nothing is raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto

from bot.core.text.closed_list import ClosedList


class Repeat(Enum):
    """When an alarm that lasts is mailed again."""

    DAILY = auto()
    FINDING = auto()  # when there is a finding (`since`) of a later day than the last mail
    NEVER = auto()  # one mail as it begins, one as it ends


@dataclass(frozen=True, slots=True)
class AlarmWords:
    """`title`: what is wrong. `advice`: what to do, a step each. `ends`: whether its end is worth a mail (else it was an event).

    `patience`: mailed only when it has lasted so long; `status` shows it at once. `desks_know`: a desk has a letter about it, so that
    nobody but the operator gets another. `can_wait`: it stops no work and can wait for the morning, so that a watchdog warns of it; all
    else is critical.
    """

    title: str
    advice: tuple[str, ...]
    ends: bool = True
    repeat: Repeat = Repeat.DAILY
    patience: timedelta = timedelta(0)
    desks_know: bool = False
    can_wait: bool = False


class AlarmKind(ClosedList):
    """Everything that raises an alarm."""

    words: AlarmWords

    MAILBOX_UNREADABLE = (
        "mailbox_unreadable",
        AlarmWords(
            "受信箱を確認できません",
            (
                "メールサーバーと、そこまでの通信を確かめてください。",
                "つながり次第自動で再開し、その間に届いたメールも全て取り込みます。",
            ),
        ),
    )
    LOGIN_REFUSED = (
        "login_refused",
        AlarmWords(
            "受信箱へのログインが断られています",
            (
                "設定 [imap] の利用者名と、パスワード又はトークンのファイルを確かめてください。",
                "パスワードの期限切れやアカウントの停止がないか、メールサーバーの担当に確かめてください。",
            ),
        ),
    )
    MAILS_MISSING = (
        "mails_missing",
        AlarmWords(
            "受信箱との照合で、取り込んでいないメールがありました",
            (
                "取り込めたものは、届いたばかりのメールと同じように処理しました。",
                "./run mailbox reconcile でもう一度照合し、不足が0件になることを確かめてください。",
            ),
            repeat=Repeat.FINDING,
        ),
    )
    NOT_COMPARED = (
        "not_compared",
        AlarmWords(
            "受信箱との照合ができていません",
            ("./run mailbox reconcile を実行し、表示される理由を確かめてください。",),
            can_wait=True,
        ),
    )
    CERTIFICATE_ENDS = (
        "certificate_ends",
        AlarmWords(
            "メールサーバーの証明書の期限が近づいています",
            ("メールサーバーの担当に、証明書の更新を依頼してください。期限が過ぎると受信できません。",),
            can_wait=True,
        ),
    )
    MAILS_WAITING = (
        "mails_waiting",
        AlarmWords(
            "受信したメールの処理が滞っています",
            (
                "./run status と、システムの記録（journalctl -u hosho-bot）を確かめてください。",
                "メールは失われていません。処理が動き次第、届いた順に進みます。",
            ),
        ),
    )
    LEDGER_DIFFERS = (
        "ledger_differs",
        AlarmWords(
            "受信したメールの数と、処理の結果の数が合いません",
            ("./run status を確かめ、システムの保守担当に連絡してください。",),
        ),
    )
    DISK_LOW = (
        "disk_low",
        AlarmWords(
            "ディスクの空きが少ないため、受信を止めています",
            (
                "不要なファイルを削除するか、ディスクを増やしてください。",
                "空きができ次第、自動で受信を再開します。メールは送信元又は受信箱に残っています。",
            ),
        ),
    )
    DATABASE_FAILING = (
        "database_failing",
        AlarmWords(
            "データベースを一時使えませんでした",
            (
                "今は使えています。ディスクと、システムの記録（journalctl -u hosho-bot）を確かめてください。",
                "./run journal verify で、記録がそろっていることを確かめてください。",
            ),
            ends=False,
        ),
    )
    CANARY_LOST = (
        "canary_lost",
        AlarmWords(
            "試験メールが戻りません",
            (
                "受付アドレスあての試験メールが、中継サーバーと受信箱を通って戻りません。お知らせのメールも届かず、返信も出ていないおそれがあります。",
                "./run doctor --mail で、どこで止まるかを確かめてください。中継サーバー、市のメールサーバー、受信箱の順に記録を見ます。",
                "届いたメールは失われません。つながり次第、自動で取り込み、送ります。",
            ),
            repeat=Repeat.NEVER,
        ),
    )
    RELAY_REFUSES = (
        "relay_refuses",
        AlarmWords(
            "中継サーバーが市からの送信を断っています",
            (
                "中継サーバーの答えを、中継サーバーの担当に見せてください。設定は [outgoing] です。",
                "./run check-config で、中継サーバーを試せます。",
                "メールは失われていません。解消次第、待っているものを全て自動で送ります。",
                "送らなくてよいものは ./run outbox list --state queued で確かめ、./run outbox cancel 番号 で取りやめられます。",
            ),
        ),
    )
    LETTERS_REFUSED = (
        "letters_refused",
        AlarmWords(
            "大きさ又は内容を理由に断られたメールがあります",
            (
                "./run outbox list --state bounced で確かめてください。",
                "中継サーバーの担当に、市の通知を通すよう依頼してから ./run outbox retry 番号 で送り直せます。",
            ),
            ends=False,
            can_wait=True,
        ),
    )
    LETTERS_RETURNED = (
        "letters_returned",
        AlarmWords(
            "市の側を理由に不達となったメールがあります",
            (
                "戻った通知の言葉を、中継サーバーの担当に見せてください。",
                "./run outbox list --state bounced で確かめ、原因を除いてから ./run outbox retry 番号 で送り直せます。",
            ),
            ends=False,
            can_wait=True,
        ),
    )
    LETTERS_DELAYED = (
        "letters_delayed",
        AlarmWords(
            "送信できないメールがあります",
            (
                "./run outbox list --state queued で理由を確かめてください。",
                "中継サーバーに届いていないときは、中継サーバーと [outgoing] の設定を確かめてください。",
            ),
        ),
    )
    LETTERS_GIVEN_UP = (
        "letters_given_up",
        AlarmWords(
            "期限までに送信できず、送信をやめたメールがあります",
            (
                "./run outbox list --state expired で確かめてください。",
                "原因を除いてから ./run outbox retry 番号 で送り直せます。",
            ),
            ends=False,
            can_wait=True,
        ),
    )
    DESK_UNREACHABLE = (
        "desk_unreachable",
        AlarmWords(
            "担当あてのメールが届きません",
            ("設定 [[desks]] 又は [operator] のアドレスと、その受信箱を確かめてください。",),
            ends=False,
            can_wait=True,
        ),
    )
    FILES_TAKEN_OUT = (
        "files_taken_out",
        AlarmWords(
            "メールの装置が添付ファイルを取り除いているようです",
            (
                "受信箱に届くメールの添付ファイル（PDF、画像、圧縮ファイル）を、無害化や隔離の対象から外せるか、装置の担当に確かめてください。",
                "./run mail list --state passed_on で該当のメールを確かめ、元のファイルを装置から取り出してください。差出人には送付を依頼していません。",
            ),
            ends=False,
            repeat=Repeat.FINDING,
            can_wait=True,
        ),
    )
    WORKER_FAILING = (
        "worker_failing",
        AlarmWords(
            "処理が続けて失敗しています",
            (
                "システムの記録（journalctl -u hosho-bot）で理由を確かめ、除いてください。フォルダのときは、場所と権限を確かめてください。",
                "失われたものはありません。原因を除くと、自動で続きから進みます。",
            ),
            patience=timedelta(minutes=5),
        ),
    )
    MAILS_PARKED = (
        "mails_parked",
        AlarmWords(
            "読み取れず、保留したメールがあります",
            (
                "./run mail list --state parked で理由を確かめてください。",
                "原因を除いたら ./run mail replay 番号 で読み直し、人が対応し終えたら ./run mail release 番号 としてください。",
            ),
            ends=False,
            repeat=Repeat.FINDING,
            desks_know=True,
            can_wait=True,
        ),
    )
    SUMMARY_MISSED = (
        "summary_missed",
        AlarmWords(
            "定時報告を送っていません",
            (
                "システムの記録（journalctl -u hosho-bot）で理由を確かめてください。",
                "すぐに送るには ./run summary --send を実行してください。",
            ),
        ),
    )
    CRASH_LOOP = (
        "crash_loop",
        AlarmWords(
            "繰り返し異常終了しています",
            (
                "システムの記録（journalctl -u hosho-bot）を、システムの保守担当に見せてください。",
                "メモリーの上限で終了していないか確かめてください（journalctl -k）。",
            ),
            ends=False,
        ),
    )
    CLOCK_WRONG = (
        "clock_wrong",
        AlarmWords(
            "機械の時計が大きくずれました",
            (
                "timedatectl で、今の時刻と、時刻の同期を確かめてください。",
                "先の日時で保存されていたものは、今の日時に直しました。受付番号の日付は、付けたときのままです。",
            ),
            ends=False,
            repeat=Repeat.FINDING,
            can_wait=True,
        ),
    )
    BACKUP_OLD = (
        "backup_old",
        AlarmWords(
            "新しいバックアップがありません",
            (
                "バックアップの仕組み（hosho-bot-backup.timer、cron など）と、置き場所の空きを確かめてください。",
                "./run backup create で、今すぐ作れます。場所は設定 backup.folder か operator.backup、日数は operator.backup_days です。",
            ),
            can_wait=True,
        ),
    )
