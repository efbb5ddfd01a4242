"""Everything that `doctor` can find wrong with an installation: how bad it is, what it is, and the cure, in words for the operator.

Made by core/health/diagnosis.py, shown by `doctor` and `check-config`. `found` fills in the values that the words name; KeyError for
one that is missing. Values only.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.text.closed_list import ClosedList


class Severity(ClosedList):
    """How bad a finding is. `exit_code`: the command's, where nothing worse is found."""

    word: str
    exit_code: int

    FAULT = "fault", "異常", 2  # something does not work so
    WARNING = "warning", "注意", 1  # it works, and a person should look
    NOTE = "note", "参考", 0  # it may be meant so


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found. `key`: the setting or the place that it is about."""

    kind: FindingKind
    key: str
    what: str
    cure: str

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return self.kind.severity


_F, _W, _N = Severity.FAULT, Severity.WARNING, Severity.NOTE


class FindingKind(ClosedList):
    """The closed list. `what` and `cure` have places for values; `{section}` is the setting's table."""

    severity: Severity
    what: str
    cure: str

    def found(self, key: str, **values: object) -> Finding:
        """The finding about this setting, with the values in its words."""
        values = {"key": key, "section": key.partition(".")[0], **values}
        return Finding(self, key, self.what.format_map(values), self.cure.format_map(values))

    # settings, letters, what the alarms know
    SETTING_WRONG = "setting_wrong", _F, "{what}", "{cure}"
    LETTERS_WRONG = "letters_wrong", _F, "{what}", "{cure}"
    ALARM = "alarm", _F, "{what}", "{cure}"
    ALARM_CAN_WAIT = "alarm_can_wait", _W, "{what}", "{cure}"

    # folders and files
    FOLDER_HIDDEN = "folder_hidden", _F, "{place} を調べられません（{why}）", "その上のフォルダの権限を確かめてください"
    FOLDER_IS_FILE = (
        "folder_is_file",
        _F,
        "{place} はフォルダではありません",
        "別の場所を書くか、そのファイルを移してください",
    )
    FOLDER_UNMAKEABLE = (
        "folder_unmakeable",
        _F,
        "{place} を {above} の中に作れません",
        "sudo install -d -o hosho-bot -m 0700 {place} を実行するか、hosho-bot が使える場所を書いてください",
    )
    FOLDER_UNUSABLE = (
        "folder_unusable",
        _F,
        "{place} を読み書きできません",
        "sudo chown hosho-bot {place} を実行するか、hosho-bot が使える場所を書いてください",
    )
    FOLDER_MISSING = (
        "folder_missing",
        _N,
        "{place} がまだありません",
        "最初の起動で、本人だけが使える権限で作られます。ほかの人も置くフォルダは、先に作ってください",
    )
    FOLDER_OPEN = (
        "folder_open",
        _F,
        "{place} は、ほかの利用者も使える権限（{mode}）です",
        "chmod {right} {place} を実行してください",
    )
    FOLDER_FOR_ALL = (
        "folder_for_all",
        _W,
        "{place} には、この機械の誰でも書けます（{mode}）",
        "書く必要のある人のグループだけにしてください（chmod o-w {place}）",
    )
    FOLDERS_SAME = "folders_same", _F, "folder.path と同じフォルダです", "別のフォルダにしてください"
    CERTIFICATES_UNREADABLE = (
        "certificates_unreadable",
        _F,
        "{place} を読めません（{why}）",
        "認証局の証明書のファイルの場所と権限を確かめてください",
    )
    CERTIFICATES_NO_PEM = (
        "certificates_no_pem",
        _F,
        "{place} は、PEM形式の証明書ではありません",
        "認証局の証明書を、PEM形式のファイルにしてください",
    )
    PROGRAM_MISSING = (
        "program_missing",
        _F,
        "{program} というプログラムがありません",
        "絶対パスで書き、実行できる権限を付けてください",
    )

    # our own doors
    PORT_TAKEN = (
        "port_taken",
        _F,
        "ポート {port} は、ほかのプログラムが使っています",
        "ss -ltnp で確かめられます",
    )
    PORT_PRIVILEGED = (
        "port_privileged",
        _F,
        "ポート {port} を開く権限がありません",
        "1024以上のポートにし、25番からは Postfix などで渡してください",
    )
    HOST_NOT_OURS = (
        "host_not_ours",
        _F,
        "{host} では待ち受けられません（{why}）",
        "この機械のアドレス（127.0.0.1 など）を書いてください",
    )
    DOOR_OPEN = (
        "door_open",
        _W,
        "{host}:{port} は、どこからでもつながります",
        "127.0.0.1 か庁内のアドレスで待ち受け、ファイアウォールで市のメールサーバーだけを通してください",
    )
    DOOR_BEYOND = (
        "door_beyond",
        _N,
        "{host}:{port} は、ほかの機械からもつながります",
        "市のメールサーバーだけがつながるように、ファイアウォールを確かめてください",
    )

    # the city's mail servers
    SERVER_NAME = (
        "server_name",
        _F,
        "{server} の名前を引けません",
        "{section}.host と、この機械のDNSの設定を確かめてください",
    )
    SERVER_UNREACHABLE = (
        "server_unreachable",
        _F,
        "{server} につながりません",
        "{words}。{section}.host と {section}.port、途中の通信の許可を確かめてください",
    )
    SERVER_SILENT = (
        "server_silent",
        _F,
        "{server} から、時間内に応答がありません",
        "{section}.port と {section}.tls の組、途中の通信の許可を確かめてください",
    )
    SERVER_GREETING = (
        "server_greeting",
        _F,
        "{server} に迎えられません：{words}",
        "{section}.host と {section}.port、{section}.tls を確かめ、この機械を断っていないか、メールサーバーの担当に確かめてください",
    )
    NO_STARTTLS = (
        "no_starttls",
        _F,
        "{server} は STARTTLS に対応していません",
        "{section}.tls と {section}.port を確かめてください（implicit なら465番か993番が普通です）",
    )
    TLS_FAILED = (
        "tls_failed",
        _F,
        "{server} と暗号化通信を始められません（{words}）",
        "{section}.tls と {section}.port の組を確かめてください",
    )
    CERTIFICATE_NAME = (
        "certificate_name",
        _F,
        "{server} の証明書は、別の名前のものです",
        "証明書にある名前を {section}.host に書いてください（{words}）",
    )
    CERTIFICATE_EXPIRED = (
        "certificate_expired",
        _F,
        "{server} の証明書の期限が切れています",
        "メールサーバーの担当に更新を依頼し、この機械の時計も確かめてください",
    )
    CERTIFICATE_NOT_YET = (
        "certificate_not_yet",
        _F,
        "{server} の証明書は、まだ有効ではありません",
        "この機械の時計（timedatectl）を確かめてください",
    )
    CERTIFICATE_UNKNOWN_CA = (
        "certificate_unknown_ca",
        _F,
        "{server} の証明書を発行した認証局が、この機械では分かりません",
        "庁内認証局の証明書を{where}してください（{words}）",
    )
    CERTIFICATE_ENDS = (
        "certificate_ends",
        _W,
        "{server} の証明書の期限は {day} です",
        "メールサーバーの担当に、証明書の更新を依頼してください。期限が過ぎると使えません",
    )
    NO_CREDENTIAL = (
        "no_credential",
        _F,
        "{server} のためのパスワード又はトークンを得られません",
        "{words}。{section} の token_command か、[oauth] のテナント、アプリ、シークレットの期限を確かめてください",
    )
    LOGIN_NOT_OFFERED = (
        "login_not_offered",
        _F,
        "{server} は、この方法のログインを受け付けません",
        "{section}.auth と {section}.tls、{section}.port を確かめてください（{words}）",
    )
    LOGIN_REFUSED = (
        "login_refused",
        _F,
        "{server} にログインを断られました：{words}",
        "{section}.user と、パスワード又はトークンを確かめてください。期限切れやアカウントの停止は、メールサーバーの担当に確かめてください",
    )
    LOGIN_WANTED = (
        "login_wanted",
        _F,
        "{server} は、ログイン又は暗号化を求めています：{words}",
        "outgoing.user と password_file、outgoing.tls を、中継サーバーの担当に確かめて書いてください",
    )
    NULL_SENDER_REFUSED = (
        "null_sender_refused",
        _F,
        "{server} が、差出人なし（MAIL FROM:<>）を断りました：{words}",
        "受付のお知らせ等を送れません。中継サーバーの設定を直せないときは outgoing.null_sender = false としてください",
    )
    SENDER_REFUSED = (
        "sender_refused",
        _F,
        "{server} が、差出人 <{sender}> を断りました：{words}",
        "中継サーバーの担当に、このアドレスからの送信の許可を依頼するか、mail.bounce_address を直してください",
    )
    RECIPIENT_REFUSED = (
        "recipient_refused",
        _F,
        "{server} が、宛先 <{recipient}> を断りました：{words}",
        "[[desks]] と [operator] のアドレスを確かめ、正しければ、中継の許可を中継サーバーの担当に依頼してください",
    )
    SERVER_REFUSES = (
        "server_refuses",
        _W,
        "{server} に断られました：{words}",
        "この答えを、メールサーバーの担当に見せてください",
    )

    # the watched mailbox
    MAILBOX_MISSING = (
        "mailbox_missing",
        _F,
        "受信箱「{mailbox}」を開けません：{words}",
        "imap.mailbox の名前と、この利用者の権限を確かめてください",
    )
    NO_UIDVALIDITY = (
        "no_uidvalidity",
        _F,
        "{server} は、メールの番号の世代（UIDVALIDITY）を示しません",
        "この受信箱は見張れません。LMTP か SMTP で受け取ってください",
    )
    UIDVALIDITY_CHANGED = (
        "uidvalidity_changed",
        _W,
        "受信箱の番号の世代（UIDVALIDITY）が {before} から {now} に変わっています",
        "受信箱が作り直されたか、移されています。次に見たとき、全てのメールを照合し直します（二重には取り込みません）",
    )
    UIDS_GO_BACK = (
        "uids_go_back",
        _W,
        "受信箱の次の番号（UIDNEXT {next}）が、取込み済みの番号（{last}）より前です",
        "受信箱が、前の状態に戻されたおそれがあります。メールサーバーの担当に確かめてください",
    )
    NO_IDLE = (
        "no_idle",
        _N,
        "{server} は、新着の通知（IDLE）に対応していません",
        "imap.poll_seconds ごとに見に行きます。急ぐときは短くしてください",
    )

    # disk, clock, keys, database
    DISK_FULL = (
        "disk_full",
        _F,
        "ディスクの空き（{free} MiB）が {need} MiB より少ないため、メールを受け取りません",
        "不要なファイルを削除するか、ディスクを増やしてください",
    )
    DISK_NEARLY_FULL = (
        "disk_nearly_full",
        _W,
        "ディスクの空きが {free} MiB です（{need} MiB を下回ると、メールを受け取りません）",
        "不要なファイルを削除するか、ディスクを増やしてください",
    )
    MAIL_FROM_FUTURE = (
        "mail_from_future",
        _W,
        "最後に受け取ったメールの日時（{at}）が、今より先です",
        "timedatectl で、この機械の時計が遅れていないか、前に進んでいなかったかを確かめてください",
    )
    CLOCK_OFF = (
        "clock_off",
        _W,
        "市のメールサーバーが書いた日時と、受け取った時の時計が {minutes}分違います",
        "timedatectl で、この機械の時刻と、時刻の同期を確かめてください",
    )
    KEY_FILE_WRONG = (
        "key_file_wrong",
        _F,
        "{what}",
        "{cure}",
    )
    KEY_FILE_GONE = (
        "key_file_gone",
        _F,
        "データベースがあるのに、鍵ファイル {place} がありません",
        "控えから元に戻してください（新しく作り直しても読めません）",
    )
    KEY_FILE_WITH_DATA = (
        "key_file_with_data",
        _W,
        "鍵ファイルがデータのフォルダの中にあります",
        "別の場所に移し、storage.key_file を書き直してください",
    )
    KEY_COPY_UNTOLD = (
        "key_copy_untold",
        _N,
        "鍵ファイルの控えがあるか、確かめられません",
        "控えを取り、この機械から見える所なら、その場所を storage.key_copy に書いてください",
    )
    KEY_COPY_MISSING = (
        "key_copy_missing",
        _W,
        "鍵ファイルの控え {place} がありません",
        "sudo install -o hosho-bot -m 0400 {file} {place} を実行してください",
    )
    KEY_COPY_UNREADABLE = (
        "key_copy_unreadable",
        _W,
        "鍵ファイルの控え {place} を確かめられません（{why}）",
        "hosho-bot が読めるようにするか、storage.key_copy を省いて、人が確かめてください",
    )
    KEY_COPY_OPEN = (
        "key_copy_open",
        _W,
        "鍵ファイルの控え {place} を、ほかの利用者も読めます（{mode}）",
        "chmod 400 {place} を実行してください",
    )
    KEY_COPY_DIFFERS = (
        "key_copy_differs",
        _W,
        "鍵ファイルの控え {place} に、今の鍵がありません",
        "鍵を取り替えたあとの控えを取ってください（古い控えも、古いバックアップのために残します）",
    )
    DATABASE_UNUSABLE = (
        "database_unusable",
        _F,
        "データベースを使えません：{what}",
        "storage.url と、データベースのサーバー、フォルダの持ち主と権限を確かめてください",
    )
    DATABASE_OPEN = "database_open", _F, "{what}", "{cure}"
    DATABASE_GONE = (
        "database_gone",
        _F,
        "{what}",
        "元に戻すか、運用手引きの「復元」の手順で、バックアップから戻してください",
    )
    SCHEMA_UNFIT = "schema_unfit", _F, "{what}", "{cure}"
    SCHEMA_BEHIND = (
        "schema_behind",
        _N,
        "データベースは前の版の形です（{names}）",
        "バックアップを取ってから起動してください。起動すると、写しを残して新しい形にします",
    )
    DATABASE_ON_NETWORK = (
        "database_on_network",
        _F,
        "{place} は、ネットワーク上のファイルシステム（{type}）にあります",
        "SQLite が壊れるおそれがあります。この機械のディスクに移すか、PostgreSQL を使ってください",
    )

    # pictures, calendar, addresses
    OCR_MISSING = (
        "ocr_missing",
        _N,
        "OCRの組（{names}）がないため、画像の書類は人が確認します",
        "./run ocr で入れるか、pictures.recognise = false としてください",
    )
    OCR_DATA_MISSING = (
        "ocr_data_missing",
        _F,
        "OCRのデータ（{names}）がないため、画像の文字を読めません",
        "./run ocr を、hosho-bot を置いたフォルダの持ち主で実行してください",
    )
    HOLIDAYS_UNKNOWN = (
        "holidays_unknown",
        _W,
        "{year}年の祝日が分かりません",
        "新しい版にするか、祝日を summary.closed_days に書いてください",
    )
    CLOSED_DAYS_OLD = (
        "closed_days_old",
        _W,
        "閉庁日（summary.closed_days）に、{year}年のものがありません",
        "{year}年に閉庁する日を書き足してください（祝日、土日、年末年始は要りません）",
    )
    TO_OURSELVES = (
        "to_ourselves",
        _F,
        "{address} は、本システムに届くアドレスです",
        "送った知らせが本システムに戻ります。人が読む別のアドレスにしてください",
    )
    STAFF_OUTSIDE = (
        "staff_outside",
        _W,
        "{address} は、市のドメイン（{domains}）のものではありません",
        "アドレスを確かめ、正しければ、そのドメインを mail.staff_domains に書いてください",
    )

    # the last mails
    AUTHSERV_UNSET = (
        "authserv_unset",
        _N,
        "最近のメール{count}通に、「{name}」の Authentication-Results があります",
        '市のMXが必ず書くものなら、mail.authserv_id = "{name}"、own_hops = {hops} としてください',
    )
    AUTHSERV_WRONG = (
        "authserv_wrong",
        _F,
        "最近のメール{count}通のどれにも、「{ours}」の Authentication-Results がありません",
        "{proposal}",
    )
    AUTHSERV_SOMETIMES = (
        "authserv_sometimes",
        _W,
        "最近のメール{count}通のうち{without}通に、「{ours}」の Authentication-Results がありません",
        "市のMXが必ず書くように直すか、直せないときは mail.authserv_id を空にしてください（偽のヘッダーを信じてしまいます）",
    )
    HOPS_WRONG = (
        "hops_wrong",
        _F,
        "own_hops は {ours} ですが、最近のメール{count}通では {hops} です",
        "mail.own_hops = {hops} としてください（市の側のサーバーを足したり外したりしていないかも確かめてください）",
    )

    # what the DNS says of our own domain (core/health/own_domain.py)
    DNS_NOT_ASKED = (
        "dns_not_asked",
        _N,
        "DNSに問い合わせられないため、{domain} の MX、SPF、DKIM、DMARC は見ていません",
        "LGWANなど、外のDNSが使えない所では、つながる機械で確かめ、mail.check_dns = false とするか、mail.dns_servers を書いてください",
    )
    DOMAIN_UNKNOWN = (
        "domain_unknown",
        _W,
        "DNSに {domain} がありません",
        "綴りを確かめてください。庁内だけのDNSのときは、外から見えるDNSを mail.dns_servers に書くか、mail.check_dns = false としてください",
    )
    MX_MISSING = (
        "mx_missing",
        _F,
        "{domain} のMXレコードがなく、アドレスもないため、メールが届きません",
        "受信するメールサーバーの名前を、{domain} のMXレコードに書くよう、DNSの担当に依頼してください",
    )
    MX_BY_ADDRESS = (
        "mx_by_address",
        _W,
        "{domain} のMXレコードがなく、メールは {domain} のアドレスの機械へ送られます",
        "受信するメールサーバーの名前を、{domain} のMXレコードに書くよう、DNSの担当に依頼してください",
    )
    MX_NULL = (
        "mx_null",
        _F,
        "{domain} のMXレコード（.）は、メールを受け取らないという意味です",
        "受信するメールサーバーの名前に書き直すよう、DNSの担当に依頼してください",
    )
    MX_HOST_LOST = (
        "mx_host_lost",
        _F,
        "{domain} のMXレコードの {host} に、アドレスがありません",
        "{host} のA又はAAAAレコードを書くか、MXレコードから外すよう、DNSの担当に依頼してください",
    )
    SPF_MISSING = (
        "spf_missing",
        _W,
        "{domain} のSPFレコードがありません",
        '"v=spf1 ip4:中継サーバーのアドレス -all" のようなTXTレコードを、DNSの担当に依頼してください。ないと、返信が迷惑メールとされることがあります',
    )
    SPF_TWICE = (
        "spf_twice",
        _F,
        "{domain} のSPFレコードが {count}つあるため、どれも使われません",
        "v=spf1 で始まるTXTレコードを1つにまとめるよう、DNSの担当に依頼してください",
    )
    SPF_FOR_ALL = (
        "spf_for_all",
        _W,
        "{domain} のSPFレコード（+all）は、誰の送信も許します",
        "+all を -all 又は ~all に直すよう、DNSの担当に依頼してください",
    )
    SPF_OPEN_END = (
        "spf_open_end",
        _W,
        "{domain} のSPFレコードは、書かれていない所からの送信を断りません",
        "終わりに -all 又は ~all を書くよう、DNSの担当に依頼してください",
    )
    SPF_TOO_LONG = (
        "spf_too_long",
        _F,
        "{domain} のSPFレコードを確かめるには、DNSへの問合せが {most}回を超えるため、使われません",
        "include、a、mx などを減らし、ip4 と ip6 で書くよう、DNSの担当に依頼してください",
    )
    SPF_INCLUDE_LOST = (
        "spf_include_lost",
        _F,
        "{domain} のSPFレコードが参照する {lost} に、SPFレコードがないため、使われません",
        "include 又は redirect の名前を直すか、外すよう、DNSの担当に依頼してください",
    )
    DKIM_UNKNOWN = (
        "dkim_unknown",
        _N,
        "{domain} のDKIMを確かめていません（セレクターが分かりません）",
        '中継サーバーが署名するときは、mail.dkim_selectors = ["セレクター"] と書いてください（DKIM-Signature の s= です）',
    )
    DKIM_MISSING = (
        "dkim_missing",
        _F,
        "{place} に、DKIMの公開鍵がありません",
        "中継サーバーの署名の公開鍵を、このTXTレコードに書くよう、DNSの担当に依頼してください。セレクターが違うときは mail.dkim_selectors を直してください",
    )
    DKIM_TWICE = (
        "dkim_twice",
        _F,
        "{place} に、DKIMの公開鍵が2つ以上あります",
        "TXTレコードを1つにするよう、DNSの担当に依頼してください（鍵を替えるときは、別のセレクターにします）",
    )
    DKIM_REVOKED = (
        "dkim_revoked",
        _F,
        "{place} の公開鍵は取り消されています（p= が空です）",
        "中継サーバーの署名を、今の鍵のセレクターに替えるか、公開鍵を書き直すよう、担当に依頼してください",
    )
    DKIM_UNREADABLE = (
        "dkim_unreadable",
        _F,
        "{place} の公開鍵を読めません",
        "公開鍵（p=）が途中で切れていないか、DNSの担当に確かめてください（長いTXTレコードは、255文字ごとに分けて書きます）",
    )
    DKIM_WEAK = (
        "dkim_weak",
        _F,
        "{place} の公開鍵は {bits}ビットで、短すぎます",
        "2048ビットの鍵を作り、新しいセレクターで署名するよう、中継サーバーの担当に依頼してください",
    )
    DKIM_TESTS = (
        "dkim_tests",
        _N,
        "{place} の公開鍵は、試験中（t=y）とされています",
        "試験が終わっていれば、t=y を外すよう、DNSの担当に依頼してください",
    )
    DMARC_MISSING = (
        "dmarc_missing",
        _W,
        "{place} に、DMARCレコードがありません",
        '"v=DMARC1; p=none; rua=mailto:報告の宛先" のようなTXTレコードを、DNSの担当に依頼してください（送信の多い宛先ほど求めます）',
    )
    DMARC_TWICE = (
        "dmarc_twice",
        _F,
        "{place} のDMARCレコードが {count}つあるため、どれも使われません",
        "1つにするよう、DNSの担当に依頼してください",
    )
    DMARC_WRONG = (
        "dmarc_wrong",
        _F,
        "{place} のDMARCレコードに、正しい p= がありません",
        "p=none、p=quarantine、p=reject のどれかを書くよう、DNSの担当に依頼してください",
    )
    DMARC_LOOKS_ON = (
        "dmarc_looks_on",
        _N,
        "{place} のDMARCレコード（p=none）は、なりすましを断りません",
        "報告（rua=）を見て、市のメールが全て通ることを確かめたら、p=quarantine 又は p=reject にするよう検討してください",
    )

    # the test mail (doctor --mail)
    TEST_MAIL_REFUSED = (
        "test_mail_refused",
        _F,
        "試しのメールを送れません：{words}",
        "中継サーバーの答えを、中継サーバーの担当に見せてください",
    )
    TEST_MAIL_LOST = (
        "test_mail_lost",
        _F,
        "試しのメールを送りましたが、{seconds}秒たっても戻りません",
        "hosho-bot が動いているか、{address} が本システムに届くか（Postfix の transport、受信箱の転送）を確かめてください",
    )


MAY_PASS = frozenset(
    {
        FindingKind.PORT_TAKEN,
        FindingKind.DISK_FULL,
        FindingKind.SERVER_NAME,
        FindingKind.SERVER_UNREACHABLE,
        FindingKind.SERVER_SILENT,
    }
)
"""What no setting need be wrong for: it may be a bad moment."""
