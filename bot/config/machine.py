"""What the machine gives: [storage] [backup] [retention] [monitoring] [canary] [log].

Each field's description is the help in config.example.toml and docs/configuration.md. Raises nothing itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from bot.config.types import FilePath, MailAddressOrNothing, Port, Section


class StorageSection(Section):
    """データの置き場所。"""

    folder: FilePath = Field(default=Path("var"), description="データを置くフォルダ（設定ファイルからの相対パス可）")
    url: str = Field(
        default="",
        description=(
            "データベース。空欄なら folder の中のSQLite（hosho.db）。別の場所のSQLiteは sqlite:////絶対パス、"
            "PostgreSQLは postgres://利用者@ホスト/名前（複製を含めて 1台目:5432,2台目:5432 と並べると、書き込める方を使います）"
        ),
        pattern=r"^(|sqlite:////.+|postgres(ql)?://.+)$",
    )
    key_file: FilePath = Field(
        default=Path("hosho.key"),
        description=(
            "データベースの認証キーとメールを暗号化する鍵のファイル（設定ファイルからの相対パス可）。なければ最初の起動で作ります。"
            "データのフォルダとは別の場所に置き、控えも別に取る（失うと二度と読めません）"
        ),
        examples=["/etc/hosho-bot/keys/hosho.key"],
    )
    key_copy: FilePath | None = Field(
        default=None,
        description="鍵ファイルの控えの場所。書くと、控えがあり、今の鍵が入っているかを doctor が確かめます（使うことはありません）",
        examples=["/srv/backup-keys/hosho.key"],
    )
    free_mib: int = Field(
        default=200,
        ge=1,
        description="ディスクの空きがこれより少ない間、新しいメールを受け取らない（MiB。受け取る大きさの上限の1.5倍は必ず空けます）",
    )


class BackupSection(Section):
    """データベースのバックアップ（./run backup create。deploy/hosho-bot-backup.timer で毎日作れます）。SQLite のとき。"""

    folder: FilePath | None = Field(
        default=None,
        description=(
            "バックアップを置くフォルダ（データとは別のディスクか、別の機械に。設定ファイルからの相対パス可）。書くと、operator.backup_days 日"
            "新しいものがないときに知らせます"
        ),
        examples=["/srv/backup/hosho-bot"],
    )
    keep: int = Field(
        default=14,
        ge=0,
        description="新しいものから何個残すか。作って確かめたあとで、それより古いものを削除します（0で削除しない）",
    )


_DAYS = "何日たったら廃棄の一覧に載せるか（0で載せない）"


class RetentionSection(Section):
    """保存期間（既定は全て、期間を定めずに保存）。過ぎたものは ./run disposal list に載り、人が disposal approve で承認したものだけを廃棄します。操作の記録は廃棄しません。"""

    mails_days: int = Field(
        default=0, ge=0, le=36500, description=f"受信メールの原本（添付の書類も）を、件が全て終わってから{_DAYS}"
    )
    letters_days: int = Field(default=0, ge=0, le=36500, description=f"送信メールの文面を、送り終えてから{_DAYS}")
    keys_days: int = Field(
        default=0,
        ge=0,
        le=36500,
        description=f"認証キー（それが載った受信・送信メールも）を、保証期限から{_DAYS}。廃棄した台帳の行は「期限切れ」になります",
    )
    cases_days: int = Field(
        default=0,
        ge=0,
        le=36500,
        description=f"終わった件の差出人のアドレスと書かれた文字を、件が全て終わり、保証期限も過ぎてから{_DAYS}（原本を廃棄したものだけ）",
    )
    approver: MailAddressOrNothing = Field(
        default="",
        description=(
            "廃棄を承認する方のアドレス。書くと、./run disposal mail で一覧を送れ、その方が返信（承認、保留）で決められます"
            "（answers.enabled と mail.authserv_id が必要です）"
        ),
        examples=["bunsho@city.example.jp"],
    )


class MonitoringSection(Section):
    """監視の仕組み（Prometheus など）のための待ち受け。/healthz、/readyz、/metrics と、画面 /status に答えます。利用者の認証はないため、この機械の中だけです。"""

    listen: str = Field(
        default="",
        description="待ち受ける所。127.0.0.1:番号 か、unix:/絶対パス（空欄なら待ち受けません）",
        pattern=r"^(|unix:/\S+|(127\.0\.0\.1|localhost|\[::1\]):([0-9]{1,4}|[1-5][0-9]{4}))$",
        examples=["127.0.0.1:9464"],
    )
    heartbeat_file: FilePath | None = Field(
        default=None,
        description="正常な間、約30秒ごとに時刻を書き直すファイル。古くなれば止まっています（省略すると書きません）",
        examples=["/run/hosho-bot/heartbeat"],
    )
    heartbeat_url: str = Field(
        default="",
        description="正常な間、約30秒ごとに取得する、外の監視のURL（空欄なら取得しません）",
        pattern=r"^(|https?://\S+)$",
        examples=["https://watch.example.jp/ping/hosho"],
    )


class CanarySection(Section):
    """試験メール。受付アドレスあての印の付いたメールを、中継サーバーへ定期に送り、受信箱を通って戻ることを確かめます。戻ったものは保存せず、件数にも含めません。"""

    every_minutes: int = Field(
        default=0, ge=0, le=1440, description="何分ごとに送るか（0で送らない。使うときは60ほど）", examples=[60]
    )
    late_minutes: int = Field(
        default=15, ge=1, le=240, description="何分たっても戻らなければ、警報を出し、外の監視への合図を止めるか"
    )
    tell_host: str = Field(
        default="",
        description=(
            "戻らないことと、戻ったことを知らせる、別の中継サーバー（outgoing とは別の道。例: この機械の Postfix。認証なし）。"
            "空欄なら、outgoing の中継サーバーで送ります"
        ),
        examples=["127.0.0.1"],
    )
    tell_port: Port = Field(default=25, description="そのポート（この機械の外へは STARTTLS で送ります）")


class LogSection(Section):
    """記録。認証キーは記録されません。"""

    level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="記録の細かさ")
    format: Literal["text", "json"] = Field(default="text", description="記録の形（端末では text、収集するなら json）")
