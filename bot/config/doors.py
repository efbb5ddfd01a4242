"""How mail comes in and goes out: [mail] [smtp] [lmtp] [imap] [oauth] [folder] [outgoing].

Each field's description is the help in config.example.toml and docs/configuration.md. Raises nothing itself.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, StrictBool

from bot.config.types import (
    Domain,
    FilePath,
    HttpsUrl,
    MailAddress,
    MailAddressOrNothing,
    NameServer,
    Port,
    Section,
    Selector,
    Tls,
)


class MailSection(Section):
    """受け付けるアドレスと、差出人の確認のしかた。"""

    inboxes: tuple[MailAddress, ...] = Field(
        min_length=1,
        description="認証キーのお知らせを受け付けるアドレス。最初のものが返信の差出人になります",
        examples=[["hosho@city.example.jp"]],
    )
    bounce_address: MailAddressOrNothing = Field(
        default="",
        description="通知メールの不達が戻るアドレス（空欄なら inboxes の最初のもの）",
        examples=["hosho-bounces@city.example.jp"],
    )
    bounce_delimiter: Literal["", "+", "-", "_", "="] = Field(
        default="",
        description=(
            "不達の戻り先をメールごとに変えるときの区切り（例: + なら hosho-bounces+符号@…）。どのメールの不達か確実に分かります。"
            "注意: 市のメールサーバーが区切り以降を無視して届ける設定（Postfix なら recipient_delimiter = +）のときだけ書く"
        ),
    )
    authserv_id: str = Field(
        default="",
        description=(
            "市のMX（受信メールサーバー）が Authentication-Results に書く名前。空欄では送信ドメイン認証を見ずに返信し、使えないものがあります（check-config と status が示します）。"
            "注意: 市のMXが必ずこのヘッダーを書くときだけ設定する（書かないMXでは偽物を信じてしまう）"
        ),
        examples=["mx.city.example.jp"],
    )
    own_hops: int = Field(
        default=1,
        ge=1,
        le=20,
        description=(
            "市の側のサーバーがメールの先頭に付ける Received の数（MXから本システムまで）。その上にある authserv_id のヘッダーは"
            "全て、それより下では一番上の1つだけを信じます"
        ),
    )
    staff_domains: tuple[Domain, ...] = Field(
        default=(),
        description="職員のメールのドメイン。これらの差出人には自動で返信しません",
        examples=[["city.example.jp"]],
    )
    check_dns: bool = Field(
        default=True, description="doctor が、受付アドレスと不達の戻り先のドメインの MX、SPF、DKIM、DMARC を確かめるか"
    )
    dns_servers: tuple[NameServer, ...] = Field(
        default=(),
        description="そのとき問い合わせるDNSサーバーのIPアドレス（番号を変えるときは 192.0.2.53:5353）。空欄なら、この機械の設定（/etc/resolv.conf）",
        examples=[["192.0.2.53"]],
    )
    dkim_selectors: tuple[Selector, ...] = Field(
        default=(),
        description="市の送信メールのDKIM署名のセレクター（DKIM-Signature の s=）。空欄なら、保存した市のドメインのメールの署名から調べます",
        examples=[["mail2026"]],
    )


class DoorSection(Section):
    """SMTPとLMTPに共通の設定。"""

    enabled: StrictBool = Field(default=False, description="受信するか")
    host: str = Field(
        default="127.0.0.1",
        description="待ち受けるアドレス（利用者の認証はないため、市のメールサーバーだけが接続できる所にする）",
    )
    port: Port = Field(default=2525, description="待ち受けるポート")
    hostname: str = Field(default="localhost", description="挨拶に名乗るホスト名")
    max_message_mib: int = Field(default=25, ge=1, le=100, description="受け取る大きさの上限（MiB）")
    strict_line_ends: bool = Field(
        default=False,
        description=(
            "改行がCRLFでない行のあるメールを拒否するか（falseなら手を加えずそのまま受け取ります。"
            "メールの終わりに見せかけた行は、どちらでも拒否します）"
        ),
    )
    max_connections: int = Field(
        default=100,
        ge=2,
        le=500,
        description="同時の接続数の上限（満員のときは、最も長く進みのない接続を切って新しい接続を受けます）",
    )
    max_connections_per_ip: int = Field(default=50, ge=1, le=500, description="同じアドレスからの同時の接続数の上限")
    command_seconds: int = Field(default=300, ge=5, le=3600, description="次の命令を待つ時間（秒）")
    data_seconds: int = Field(default=600, ge=10, le=3600, description="1通の本文を受け取る時間の上限（秒）")
    session_seconds: int = Field(default=1800, ge=10, le=86400, description="1つの接続の時間の上限（秒）")


class SmtpSection(DoorSection):
    """SMTPでの受信。市のメールサーバー（Postfix等）から中継します。"""

    enabled: StrictBool = Field(default=False, description="SMTPで受信するか")
    hostname: str = Field(default="localhost", description="挨拶に名乗るホスト名（送信のときの EHLO にも使います）")


class LmtpSection(DoorSection):
    """LMTPでの受信（Postfixの transport から渡す場合）。"""

    enabled: StrictBool = Field(default=False, description="LMTPで受信するか")
    port: Port = Field(default=2424, description="待ち受けるポート")


class ImapSection(Section):
    """IMAPでの受信。既存の受信箱を見に行きます。既読の印は付けません。"""

    enabled: StrictBool = Field(default=False, description="IMAPで受信するか")
    host: str = Field(default="", description="IMAPサーバー", examples=["imap.city.example.jp"])
    port: Port = Field(default=993, description="ポート（implicit は993、starttls は143が普通）")
    tls: Tls = Field(default="implicit", description="暗号化: implicit、starttls、none（このマシン内だけ）")
    user: str = Field(default="", description="利用者名", examples=["hosho"])
    auth: Literal["password", "xoauth2"] = Field(
        default="password", description="ログインの方法: password、xoauth2（Microsoft 365 等のアクセストークン）"
    )
    password_file: FilePath | None = Field(
        default=None,
        description=(
            "パスワード（xoauth2 ではアクセストークン）だけを書いたファイル（本人だけが読める権限 0600）。ログインのたびに読み直します"
        ),
        examples=["/etc/hosho-bot/imap-password"],
    )
    token_command: tuple[str, ...] = Field(
        default=(),
        description=(
            "アクセストークンを1行で出力するコマンドと引数（xoauth2 のとき。password_file の代わり）。ログインのたびに実行します。"
            "どちらも書かなければ [oauth] で取得します"
        ),
        examples=[["/usr/local/bin/imap-token", "hosho"]],
    )
    mailbox: str = Field(default="INBOX", description="見る受信箱の名前")
    poll_seconds: int = Field(default=60, ge=5, le=3600, description="新着通知が来ないときに見に行く間隔（秒）")
    max_message_mib: int = Field(default=25, ge=1, le=100, description="取り込む大きさの上限（MiB）")
    reconcile_days: int = Field(
        default=7,
        ge=0,
        le=60,
        description="1日1回、最近何日間のメールをサーバーと照合するか（0は照合しない）。取り込んでいないものがあれば取り込み、知らせます",
    )


class OauthSection(Section):
    """アクセストークンの取得（OAuth 2.0 のクライアント資格情報）。auth が xoauth2 の [imap] と [outgoing] で使います。"""

    tenant: str = Field(
        default="", description="テナントのID又はドメイン", examples=["00000000-0000-0000-0000-000000000000"]
    )
    client_id: str = Field(
        default="", description="登録したアプリのID", examples=["11111111-1111-1111-1111-111111111111"]
    )
    secret_file: FilePath | None = Field(
        default=None,
        description=(
            "アプリのシークレット（値）だけを書いたファイル、又は登録した証明書とその秘密鍵（暗号化していないもの）を1つにしたPEMファイル"
            "（本人だけが読める権限 0600）。トークンを取得するたびに読み直します"
        ),
        examples=["/etc/hosho-bot/oauth-secret"],
    )
    authority: HttpsUrl = Field(
        default="https://login.microsoftonline.com", description="トークンを発行するサーバー（https）"
    )
    scope: str = Field(
        default="https://outlook.office365.com/.default", description="求めるスコープ（Microsoft 365 ではこのまま）"
    )


class FolderSection(Section):
    """フォルダでの受信（.eml を置くと読み取り、読み終えたものは done へ移します）。"""

    path: FilePath | None = Field(
        default=None, description="見張るフォルダ（省略すると使いません）", examples=["/srv/hosho/inbox"]
    )


class OutgoingSection(Section):
    """メールの送信。"""

    method: Literal["maildir", "smtp"] = Field(
        default="maildir", description="maildir はフォルダに書くだけで外へは出ません。試験が済んだら smtp に"
    )
    shadow: StrictBool = Field(
        default=False,
        description=(
            "試験運用にするか。読み取って判定しますが、受注者にも担当にも何も送らず、台帳にも書き込みません"
            "（システム担当者あての警報だけを送ります）。変えたときは、再起動してください"
        ),
    )
    maildir: FilePath | None = Field(
        default=None,
        description="maildir の置き場所（省略すると storage.folder の中の outgoing）",
        examples=["/srv/hosho/outgoing"],
    )
    host: str = Field(default="", description="中継サーバー", examples=["relay.city.example.jp"])
    port: Port = Field(default=587, description="ポート")
    tls: Tls = Field(default="starttls", description="暗号化: starttls、implicit、none（このマシン内だけ）")
    user: str = Field(default="", description="利用者名（空欄なら認証しません）", examples=["hosho"])
    auth: Literal["password", "xoauth2"] = Field(
        default="password", description="ログインの方法: password、xoauth2（Microsoft 365 等のアクセストークン）"
    )
    password_file: FilePath | None = Field(
        default=None,
        description=(
            "パスワード（xoauth2 ではアクセストークン）だけを書いたファイル（本人だけが読める権限 0600）。ログインのたびに読み直します"
        ),
        examples=["/etc/hosho-bot/relay-password"],
    )
    token_command: tuple[str, ...] = Field(
        default=(),
        description=(
            "アクセストークンを1行で出力するコマンドと引数（xoauth2 のとき。password_file の代わり）。ログインのたびに実行します。"
            "どちらも書かなければ [oauth] で取得します"
        ),
        examples=[["/usr/local/bin/smtp-token", "hosho"]],
    )
    ca_file: FilePath | None = Field(
        default=None,
        description="中継サーバーの証明書を発行した庁内認証局の証明書（PEM。省略するとこのマシンが信頼するもの）",
        examples=["/etc/hosho-bot/city-ca.pem"],
    )
    null_sender: StrictBool = Field(
        default=True,
        description=(
            "返信（受付のお知らせ等）を、自動返信の決まりどおり差出人なし（MAIL FROM:<>）で送るか。"
            "中継サーバーが断るとき（check-config と警報で分かります）だけ false にすると、不達の戻るアドレスから送ります"
        ),
    )
    connections: int = Field(default=3, ge=1, le=10, description="中継サーバーへ同時につなぐ数の上限")
    reply_to: MailAddressOrNothing = Field(
        default="",
        description="送信するメールへの返信を受けるアドレス（空欄なら差出人。別にすると、返信に添えたPDFは読み取られません）",
        examples=["hosho@city.example.jp"],
    )
    unsubscribe: MailAddressOrNothing = Field(
        default="",
        description="「発行完了のお知らせ」（再度のお願いを含む）の配信停止の申出を人が受けるアドレス（空欄なら書きません。issued.stop_by_mail で自動で受け付けるときは使いません）",
        examples=["keiyaku@city.example.jp"],
    )
    keep_subjects: StrictBool = Field(
        default=True,
        description=(
            "送信ドメイン認証で本人と確認できた差出人への返信を「Re: 元の件名」にするか（Gmail等で元のメールと並びます）。"
            "リンクやキーらしい文字を含む件名には使わず、false なら常に定型の件名にします"
        ),
    )
