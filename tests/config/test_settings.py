"""Wrong settings are told all at once, each with its key and its cure; secrets that others may read are refused."""

from __future__ import annotations

import errno
import sys
import tomllib
from datetime import date, time
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.config.reloading import reloaded
from bot.config.secrecy import unreadable_cure
from bot.config.settings import Config, ConfigError, Mistake, check, load
from bot.config.to_policy import policy_of
from bot.core.mail.subject_forms import PROFILE_NAMES, Forms
from bot.core.policy.policy import DeskRule

ROOT = Path(__file__).resolve().parents[2]
GOOD = """
office.city = "見本市"
mail.inboxes = ["hosho@city.example.jp"]
smtp.enabled = true
desks = [{ name = "契約課", address = "keiyaku@city.example.jp" }]
"""
NO_DOOR = Mistake(
    "smtp / lmtp / imap / folder",
    "受信の方法が1つも選ばれていません",
    "smtp.enabled、lmtp.enabled、imap.enabled のどれかを true にするか、folder.path を書いてください",
)
UNKNOWN = ("知らない項目です", "綴りを確かめるか、削除してください（config.example.toml に全項目があります）")
ADDRESS = ("メールアドレスを1つだけ書いてください（例: hosho@city.example.jp）", "書き直してください")
DOMAIN = ("ドメインだけを書いてください（@ は付けません。例: city.example.jp）", "書き直してください")
NO_TRUTH = ("true / false ではありません", "true か false を書いてください")
ONLY_HERE = (
    "暗号化せずに別のマシンへはつなげません",
    "implicit か starttls にしてください（none は host がこのマシンのときだけ使えます）",
)
PRODUCTS = "次のどれかにしてください: advance_payment、interim_payment、contract、other"


def checked(toml: str) -> Config:
    return check(tomllib.loads(toml), Path("/srv/hosho"))


def mistakes(toml: str) -> list[Mistake]:
    with pytest.raises(ConfigError) as caught:
        checked(toml)
    return list(caught.value.mistakes)


def without(start: str) -> str:
    return "\n".join(line for line in GOOD.splitlines() if not line.startswith(start))


def test_the_least_that_must_be_written_is_enough():
    config = checked(GOOD)
    assert (config.mail.inboxes, config.smtp.port, config.summary.times) == (
        ("hosho@city.example.jp",),
        2525,
        (time(9, 0),),
    )


def test_the_example_passes_as_it_stands():
    result = CliRunner().invoke(main, ["check-config", "--config", str(ROOT / "config.example.toml")])
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "設定に誤りはありません。")


# Each line after GOOD; the mistakes that it must give, and no other.
WRONG = [
    (
        'mail.inbox = "a@example.jp"',
        [
            (
                "mail.inbox",
                UNKNOWN[0],
                "mail.inboxes のことでしたら、そう書き直してください。使わないときは削除してください",
            )
        ],
    ),
    ("nonsense = {}", [("nonsense", *UNKNOWN)]),
    ('base = "/"', [("base", *UNKNOWN)]),
    ("register_ = {}", [("register_", *UNKNOWN)]),
    ("smtp.port = 0", [("smtp.port", "範囲の外です", "1 以上にしてください")]),
    ("smtp.port = 70000", [("smtp.port", "範囲の外です", "65535 以下にしてください")]),
    ('smtp.port = "x"', [("smtp.port", "整数ではありません", '数字だけを書いてください（" " は不要）')]),
    ("lmtp = 5", [("lmtp", "表ではありません", "[名前] の行を書き、その下に項目を書いてください")]),
    ('lmtp.enabled = "yes"', [("lmtp.enabled", *NO_TRUTH)]),
    (
        "lmtp.enabled = true\nlmtp.port = 2525",
        [("lmtp.port", "smtp.port と同じです", "どちらかを別の番号にしてください")],
    ),
    (
        "canary.every_minutes = 60",
        [
            (
                "canary.every_minutes",
                "外へ送らない設定のため、試験メールは戻りません",
                'outgoing.method = "smtp" とするか、every_minutes を 0 にしてください',
            )
        ],
    ),
    (
        'outgoing = { method = "smtp", host = "relay.example.jp", shadow = true }\ncanary = { every_minutes = 60 }',
        [
            (
                "operator.address",
                "空欄では、試験運用（outgoing.shadow）の警報が担当に届きます",
                "operator.address に、システム担当者のアドレスを書いてください",
            ),
            (
                "canary.every_minutes",
                "試験運用（outgoing.shadow）では、試験メールは送れません",
                "every_minutes を 0 にしてください",
            ),
        ],
    ),
    (
        'outgoing = { method = "smtp", host = "relay.example.jp", shadow = true }\noperator.address = "Keiyaku@city.example.jp"',
        [
            (
                "operator.address",
                "担当のアドレスのため、試験運用（outgoing.shadow）の警報が担当に届きます",
                "システム担当者が読む別のアドレスにしてください",
            )
        ],
    ),
    *(
        (
            (
                f'outgoing = {{ method = "smtp", host = "{host}", tls = "none" }}\n'
                f'canary = {{ every_minutes = 60, tell_host = "127.0.0.1", tell_port = {port} }}'
            ),
            [
                (
                    "canary.tell_host",
                    f"[{section}] と同じ所です",
                    "別の中継サーバーのホストとポートを書くか、空欄にしてください",
                )
            ],
        )
        for host, port, section in (("localhost", 587, "outgoing"), ("::1", 2525, "smtp"))
    ),
    ('mail.bounce_address = "nobody"', [("mail.bounce_address", *ADDRESS)]),
    ('office.email = "a@b@c"', [("office.email", *ADDRESS)]),
    (
        'mail.staff_domains = ["city.example.jp", "@city.example.jp"]',
        [("mail.staff_domains（2番目）", *DOMAIN)],
    ),
    ('replies.free_mail_domains = ["例"]', [("replies.free_mail_domains（1番目）", *DOMAIN)]),
    (
        "imap.enabled = true",
        [
            (f"imap.{key}", "enabled = true のときは必要です", f"{key} を書いてください")
            for key in ("host", "user", "password_file")
        ],
    ),
    (
        'imap = { enabled = true, host = "imap.example.jp", user = "u", password_file = "p", tls = "none" }',
        [("imap.tls", *ONLY_HERE)],
    ),
    (
        'imap.tls = "ssl"',
        [("imap.tls", "選べない値です", "次のどれかにしてください: implicit、starttls、none")],
    ),
    (
        'outgoing.method = "smtp"',
        [("outgoing.host", 'method = "smtp" のときは必要です', "host を書いてください")],
    ),
    ('outgoing = { method = "smtp", host = "relay.example.jp", tls = "none" }', [("outgoing.tls", *ONLY_HERE)]),
    (
        'outgoing = { method = "smtp", host = "relay.example.jp", user = "u" }',
        [("outgoing.password_file", "user を書いたときは必要です", "password_file を書いてください")],
    ),
    (
        'outgoing = { method = "smtp", host = "relay.example.jp", password_file = "p" }',
        [("outgoing.user", "認証の設定がありますが、利用者名がありません", "user を書いてください")],
    ),
    (
        'outgoing = { method = "smtp", host = "relay.example.jp", user = "u", auth = "xoauth2" }',
        [
            (
                "outgoing.password_file",
                "user を書いたときは必要です",
                "password_file か token_command か [oauth] を書いてください",
            )
        ],
    ),
    (
        'outgoing = { method = "smtp", host = "relay.example.jp", user = "u", token_command = ["t"] }',
        [("outgoing.token_command", "auth が xoauth2 でないときは使えません", 'auth = "xoauth2" と書いてください')],
    ),
    (
        'oauth.tenant = "t"',
        [
            (f"oauth.{key}", "[oauth] のときは必要です", f"{key} を書いてください")
            for key in ("client_id", "secret_file")
        ],
    ),
    (
        'oauth = { tenant = "t", client_id = "c", secret_file = "s", authority = "http://login.example.jp" }',
        [
            (
                "oauth.authority",
                "https:// で始まるアドレスを書いてください（例: https://login.microsoftonline.com）",
                "書き直してください",
            )
        ],
    ),
    ('summary.times = ["9時"]', [("summary.times（1番目）", "時刻として読めません", '"09:00" のように書いてください')]),
    ("reminders.repeat_days = -1", [("reminders.repeat_days", "範囲の外です", "0 以上にしてください")]),
    (
        "reminders = { held_deputy_days = 3, held_head_days = 3 }",
        [
            (
                "reminders.held_head_days",
                "代理の方に知らせる日数より後になっていません",
                "held_deputy_days より大きくしてください",
            ),
            (
                "reminders.held_deputy_days",
                "知らせる相手がどの担当にもありません",
                "[[desks]] に deputy を書いてください",
            ),
            ("reminders.held_head_days", "知らせる相手がどの担当にもありません", "[[desks]] に head を書いてください"),
        ],
    ),
    (
        'reminders.absences = [{ address = "a@city.example.jp", since = "2026-12-24", until = "2026-12-23" }]',
        [("reminders.absences（1番目）.until", "不在の最初の日より前です", "since より後の日にしてください")],
    ),
    (
        'reminders.absences = [{ address = "a@city.example.jp", since = "2026-12-24" }]',
        [
            (
                "reminders.absences（1番目）.until",
                "必要な項目がありません",
                '例: absences = [{ "address" = "kakaricho@city.example.jp", "since" = "2026-12-24", "until" = "2026-12-28", "name" = "山田" }]',
            )
        ],
    ),
    (
        'conditions.kinds = ["工事", "物件"]',
        [
            (
                "conditions.kinds",
                "「物件」を見分ける言葉がありません",
                "工事、業務委託、物品、賃貸借 から選ぶか、kind_words に書いてください",
            )
        ],
    ),
    (
        "conditions.least_yen = 2\nconditions.most_yen = 1",
        [("conditions.most_yen", "least_yen より小さい値です", "範囲を確かめてください")],
    ),
    (
        'summary.closed_days = ["11/13"]',
        [("summary.closed_days（1番目）", "日付として読めません", '"2026-12-29" のように書いてください')],
    ),
    (
        'summary.year_end_from = "12/29"',
        [("summary.year_end_from", "書き方が違います", "年末の閉庁の最初の日（月-日）")],
    ),
    (
        'reading.key_patterns = ["("]',
        [
            (
                "reading.key_patterns（1番目）",
                "正規表現として読めません（missing ), unterminated subpattern at position 0）",
                "書き直してください",
            ),
        ],
    ),
    ('folder.path = ""', [("folder.path", "空欄です。使わないときは行ごと削除してください", "書き直してください")]),
    ("folder.path = 5", [("folder.path", "場所（パス）ではありません", '" " で囲んでください')]),
    (
        'register.sheets = "x"',
        [("register.sheets", "対応の表ではありません", '例: sheets = { "R8前払" = "前払金保証" }')],
    ),
    (
        'subjects.patterns = ["{工事番号}{工事名}", "【保証】{番号}"]',
        [
            (
                "subjects.patterns（1番目）",
                "{工事番号} と {工事名} の間に、空白などの区切りを書いてください",
                "書き直してください",
            ),
            (
                "subjects.patterns（2番目）",
                "{番号} は知らない部分です。使えるのは {工事番号}、{工事名}、{保証区分}、{受注者}、{その他} です",
                "書き直してください",
            ),
        ],
    ),
    (
        'subjects.profiles = ["nagaoka"]',
        [
            (
                "subjects.profiles（1番目）",
                f"知らない書き方です。選べるのは {'、'.join(PROFILE_NAMES)} です",
                "書き直してください",
            )
        ],
    ),
    (
        'matching.automatic_products = ["contract", "maebarai"]',
        [("matching.automatic_products（2番目）", "選べない値です", PRODUCTS)],
    ),
]


@pytest.mark.parametrize(("line", "expected"), WRONG, ids=[line for line, _ in WRONG])
def test_a_wrong_setting_is_told_with_its_key_and_its_cure(line, expected):
    assert mistakes(GOOD + line) == [Mistake(*one) for one in expected]


# A required setting that is wrong: (which line it stands for, what stands there, the mistakes).
WRONG_REQUIRED = [
    ("office", 'office.city = ""', [("office.city", "空欄です", '例: city = "取手市"')]),
    ("office", "office.city = 5", [("office.city", "文字列ではありません", '" " で囲んでください')]),
    (
        "office",
        "",
        [("office", "必要な項目がありません", 'config.example.toml の同じ項目を写してください（例: city = "取手市"）')],
    ),
    (
        "mail",
        "mail.inboxes = []",
        [("mail.inboxes", "1つもありません", '例: inboxes = ["hosho@city.example.jp"]')],
    ),
    ("mail", 'mail.inboxes = ["市役所"]', [("mail.inboxes（1番目）", *ADDRESS)]),
    (
        "mail",
        'mail.inboxes = "hosho@city.example.jp"',
        [("mail.inboxes", "一覧ではありません", '["…", "…"] のように書いてください')],
    ),
    ("smtp", "", [NO_DOOR]),
    ("smtp", "smtp.enabled = false", [NO_DOOR]),
    ("smtp", 'smtp.enabled = "yes"', [("smtp.enabled", *NO_TRUTH)]),
    ("desks", "desks = []", [("desks", "担当が1つもありません", "[[desks]] に name と address を書いてください")]),
    (
        "desks",
        'desks = { name = "契約課" }',
        [("desks", "一覧ではありません", "[[desks]] のように、二重の [ ] で書いてください")],
    ),
    (
        "desks",
        'desks = [{ name = "契約課" }]',
        [("desks（1番目）.address", "必要な項目がありません", '例: address = "keiyaku@city.example.jp"')],
    ),
    (
        "desks",
        'desks = [{ name = "契約課", address = "a@example.jp", products = ["keiyaku"] }]',
        [("desks（1番目）.products（1番目）", "選べない値です", PRODUCTS)],
    ),
]


@pytest.mark.parametrize(
    ("key", "line", "expected"), WRONG_REQUIRED, ids=[line or key for key, line, _ in WRONG_REQUIRED]
)
def test_a_required_setting_that_is_wrong_or_missing_is_told(key, line, expected):
    found = mistakes(f"{without(key)}\n{line}")
    assert found == [one if isinstance(one, Mistake) else Mistake(*one) for one in expected]


def test_all_mistakes_are_told_at_once_those_between_the_sections_too():
    wrong = 'office.town = "x"\nmail.inboxes = ["a"]\nstorage.url = "mysql://x"\nmatching.margin = 0\n'
    assert [one.key for one in mistakes(wrong)] == [
        "office.city",
        "office.town",
        "mail.inboxes（1番目）",
        "desks",
        "storage.url",
        "matching.margin",
        "smtp / lmtp / imap / folder",
    ]


def test_an_unknown_column_is_told_with_all_that_exist():
    (mistake,) = mistakes(GOOD + 'register.columns = { "契約の名称" = "なにか" }')
    assert mistake.key == "register.columns"
    assert "「なにか」は台帳の列にありません。使える列: 保証契約番号、" in mistake.what


@pytest.mark.parametrize(
    "url", ["mysql://x", "sqlite://:memory:", "sqlite:///hosho.db", "hosho.db", "sqlite:////", "postgres://"]
)
def test_a_database_that_would_lie_elsewhere_than_meant_is_refused(url):
    assert [(one.key, one.what) for one in mistakes(f'{GOOD}storage.url = "{url}"')] == [
        ("storage.url", "書き方が違います")
    ]


@pytest.mark.parametrize(
    "url", ["", "sqlite:////srv/hosho.db", "postgres://u@db.example.jp/hosho", "postgresql://u@127.0.0.1:5432/h"]
)
def test_a_database_may_be_chosen(url):
    assert checked(f'{GOOD}storage.url = "{url}"').storage.url == url


def test_toml_that_is_broken_is_told_with_its_place(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("[office]\ncity = 見本市\n", "utf-8")
    with pytest.raises(ConfigError, match=r"config\.toml: TOMLとして読めません（.*line 2.*UTF-8"):
        load(path)


def test_a_file_in_another_encoding_is_told(tmp_path):
    path = tmp_path / "config.toml"
    path.write_bytes(GOOD.encode("cp932"))
    with pytest.raises(ConfigError, match="文字コードはUTF-8です"):
        load(path)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(
        ConfigError, match=r"設定ファイルを読めません（No such file or directory）。config\.example\.toml"
    ):
        load(tmp_path / "config.toml")


def test_the_command_line_tells_every_mistake_and_ends_with_2(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(GOOD + 'log.level = "loud"\nissued.enable = true\n', "utf-8")
    result = CliRunner().invoke(main, ["check-config", "--config", str(path)])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [
        "設定に2件の誤りがあります。",
        "  issued.enable: 知らない項目です。",
        "      → issued.enabled のことでしたら、そう書き直してください。使わないときは削除してください",
        "  log.level: 選べない値です。",
        "      → 次のどれかにしてください: debug、info、warning、error",
    ]


# -- places and secrets


def test_relative_places_start_at_the_settings_file_whatever_the_working_folder():
    config = checked(GOOD + 'storage.folder = "data"\nfolder.path = "in"\noutgoing.maildir = "/elsewhere/out"\n')
    assert (config.data_folder, config.database_url, config.path(Path("in")), config.maildir) == (
        Path("/srv/hosho/data"),
        "sqlite:////srv/hosho/data/hosho.db",
        Path("/srv/hosho/in"),
        Path("/elsewhere/out"),
    )


def test_outgoing_mail_lies_in_the_data_folder_unless_told_otherwise():
    assert checked(GOOD).maildir == Path("/srv/hosho/var/outgoing")


def test_dates_and_times_may_be_written_as_toml_has_them():
    config = checked(GOOD + "summary.times = [08:30:00]\nsummary.closed_days = [2026-11-13]\n")
    assert (config.summary.times, config.summary.closed_days) == ((time(8, 30),), (date(2026, 11, 13),))


def secret_of(folder: Path) -> str:
    return check(tomllib.loads(GOOD), folder).secret(Path("password")).get_secret_value()


def write_secret(folder: Path, text: str, mode: int) -> None:
    path = folder / "password"
    path.write_text(text, "utf-8")
    path.chmod(mode)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_secret_that_only_its_owner_may_read_is_taken(tmp_path, mode):
    write_secret(tmp_path, " pass word\n", mode)
    assert secret_of(tmp_path) == "pass word"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_a_secret_that_others_may_read_or_write_is_refused_with_the_command_that_helps(tmp_path, mode):
    write_secret(tmp_path, "letters", mode)
    with pytest.raises(ConfigError) as caught:
        secret_of(tmp_path)
    assert caught.value.mistakes == (
        Mistake("password", "ほかの利用者も読める権限です", f"chmod 600 {tmp_path / 'password'} を実行してください"),
    )
    assert "letters" not in str(caught.value)


def test_a_secret_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ConfigError, match="読めません（No such file or directory）"):
        secret_of(tmp_path)


def test_an_empty_secret_is_told(tmp_path):
    write_secret(tmp_path, "\n", 0o600)
    with pytest.raises(ConfigError, match="空のファイルです"):
        secret_of(tmp_path)


def test_check_config_looks_at_the_secrets_too(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(GOOD + 'outgoing = { user = "u", password_file = "password" }\n', "utf-8")
    write_secret(tmp_path, "letters", 0o644)
    result = CliRunner().invoke(main, ["check-config", "--config", str(path)])
    assert (result.exit_code, f"chmod 600 {tmp_path / 'password'}" in result.stderr) == (2, True)


def test_a_desk_that_is_the_inbox_itself_or_has_anothers_name_is_told():
    desk = '{ name = "契約課", address = "keiyaku@city.example.jp" }'
    inbox = '{ name = "契約課", address = "hosho@city.example.jp" }'
    assert desk in GOOD
    assert [(mistake.key, mistake.what) for mistake in mistakes(GOOD.replace(desk, f"{desk}, {inbox}"))] == [
        ("desks（2番目）.address", "受け付けるアドレス（mail.inboxes、desks.inboxes）と同じです"),
        ("desks（2番目）.name", "同じ名称の担当があります"),
    ]


def test_what_a_door_lacks_is_told_beside_what_is_wrong_with_it():
    told = {mistake.key for mistake in mistakes(GOOD + 'imap = { enabled = true, tls = "x" }')}
    assert told == {"imap.tls", "imap.host", "imap.user", "imap.password_file"}


def test_a_bounce_address_leaves_room_for_its_token():
    local = "a" * 39
    config = checked(f'{GOOD}mail.bounce_delimiter = "+"\nmail.bounce_address = "{local}@city.example.jp"\n')
    assert config.addresses == ("hosho@city.example.jp", f"{local}@city.example.jp")
    (mistake,) = mistakes(f'{GOOD}mail.bounce_delimiter = "+"\nmail.bounce_address = "a{local}@city.example.jp"\n')
    assert (mistake.key, mistake.what) == (
        "mail.bounce_delimiter",
        f"a{local}@city.example.jp では長すぎて符号を付けられません",
    )
    assert "39文字以内" in mistake.cure


def with_desks(*desks: str) -> str:
    return "\n".join([without("desks"), f"desks = [{', '.join(desks)}]"])


def test_a_desks_own_inboxes_are_taken_in_behind_the_common_ones():
    desks = (
        '{ name = "契約課", address = "keiyaku@city.example.jp", inboxes = ["Keiyaku-Hosho@city.example.jp"] }',
        '{ name = "道路課", address = "doro@city.example.jp" }',
    )
    config = checked(with_desks(*desks) + '\nmail.bounce_address = "b@city.example.jp"')
    assert config.inboxes == ("hosho@city.example.jp", "keiyaku-hosho@city.example.jp")
    assert config.addresses == (*config.inboxes, "b@city.example.jp")
    assert [desk.inboxes for desk in policy_of(config).desks] == [("keiyaku-hosho@city.example.jp",), ()]


def test_an_inbox_of_two_desks_or_of_all_or_that_a_clerk_reads_is_told():
    desks = (
        '{ name = "契約課", address = "doro-hosho@city.example.jp", inboxes = ["Hosho@city.example.jp"] }',
        '{ name = "道路課", address = "doro@city.example.jp", inboxes = ["doro-hosho@city.example.jp"] }',
        '{ name = "水道課", address = "suido@city.example.jp", inboxes = ["doro-hosho@city.example.jp"] }',
    )
    assert [(mistake.key, mistake.what) for mistake in mistakes(with_desks(*desks))] == [
        ("desks（1番目）.inboxes", "hosho@city.example.jp がほかの所にもあります"),
        ("desks（3番目）.inboxes", "doro-hosho@city.example.jp がほかの所にもあります"),
        ("desks（1番目）.address", "受け付けるアドレス（mail.inboxes、desks.inboxes）と同じです"),
    ]


def test_whose_mails_without_a_notice_are_stands_in_rules_and_one_default():
    desks = (
        '{ name = "契約課", address = "keiyaku@city.example.jp" }',
        '{ name = "道路課", address = "doro@city.example.jp", default = true }',
    )
    rule = 'desk_rules = [{ desk = "契約課", senders = ["Kensetsu.example.jp", "a@b.example.jp"], subject_words = ["請求"] }]'
    policy = policy_of(checked(f"{with_desks(*desks)}\n{rule}"))
    assert [desk.is_default for desk in policy.desks] == [False, True]
    assert policy.desk_rules == (DeskRule("契約課", (), ("kensetsu.example.jp", "a@b.example.jp"), ("請求",)),)
    wrong = 'desk_rules = [{ desk = "水道課", senders = ["@x"] }, { desk = "契約課" }]'
    told = mistakes(with_desks(desks[0], desks[1].replace("道路", "河川"), desks[1]) + f"\n{wrong}")
    assert [(mistake.key, mistake.what) for mistake in told] == [
        (
            "desk_rules（1番目）.senders（1番目）",
            "メールアドレスかドメインを1つだけ書いてください（例: kensetsu.example.jp）",
        ),
        ("desk_rules（2番目）", "recipients、senders、subject_words のどれかを書いてください"),
        ("desk_rules（1番目）.desk", "「水道課」という担当はありません"),
        ("desks.default", "2つ以上の担当に書かれています"),
    ]


def test_a_citys_own_form_of_subjects_is_tried_before_the_chosen_profiles():
    def forms(settings: str) -> list[str]:
        formats = policy_of(checked(GOOD + settings)).formats
        return [one.form for one in Forms.of(formats.subject_profiles, formats.own_subjects).templates]

    own = 'subjects.profiles = ["key_colon_name"]\nsubjects.patterns = ["保証：{工事番号}"]'
    assert forms(own) == ["own", "key_colon_name"]
    assert set(forms("")) == set(PROFILE_NAMES)
    assert forms("subjects.profiles = []") == []


def test_a_running_daemon_takes_up_what_its_workers_go_by_and_names_what_waits_for_a_start():
    running = checked(GOOD)
    assert reloaded(running, running) == (running, ())
    read = checked(
        GOOD
        + '[summary]\ntimes = ["10:00"]\n[replies]\nper_address_per_day = 7\n[log]\nlevel = "debug"\n[storage]\nfree_mib = 9\n'
    )
    taken, waiting = reloaded(running, read)
    assert (taken.summary, taken.replies) == (read.summary, read.replies)
    assert (taken.log, taken.storage, waiting) == (running.log, running.storage, ("storage.free_mib", "log.level"))
    shadow = running.model_copy(update={"outgoing": running.outgoing.model_copy(update={"shadow": True})})
    assert reloaded(running, shadow) == (running, ("outgoing.shadow",))
    ended = running.model_copy(update={"canary": running.canary.model_copy(update={"every_minutes": 60})})
    assert reloaded(shadow, ended) == (shadow, ("outgoing.shadow", "canary"))  # what the mode forbids waits with it
    other, waiting = reloaded(
        running, running.model_copy(update={"mail": running.mail.model_copy(update={"inboxes": ("x@y.example",)})})
    )
    assert (other.mail, waiting) == (running.mail, ("mail.inboxes、mail.bounce_address、desks.inboxes",))


def test_inboxes_wait_for_a_start_and_what_stands_beside_them_does_not():
    running = checked(GOOD)
    desks = tuple(desk.model_copy(update={"inboxes": ("new@y.example",), "phone": "1"}) for desk in running.desks)
    read = running.model_copy(update={"desks": desks, "mail": running.mail.model_copy(update={"authserv_id": "mx.y"})})
    taken, waiting = reloaded(running, read)
    assert taken.addresses == running.addresses
    assert taken.mail.authserv_id == "mx.y"
    assert reloaded(taken, read)[1] == waiting == ("mail.inboxes、mail.bounce_address、desks.inboxes",)


@pytest.mark.parametrize(
    ("line", "key", "cure"),
    [
        ("mail.inbox = []", "mail.inbox", "mail.inboxes のことでしたら、"),
        ("smpt.enabled = true", "smpt", "[smtp] のことでしたら、"),
        ("office.watch_folder = 'x'", "office.watch_folder", "[register] の項目です。"),
        ("answers.show_keys = true", "answers.show_keys", "answers.keys に名前が変わりました。"),
        ("mail.qqqqqq = 1", "mail.qqqqqq", "綴りを確かめるか、"),
        ("qqqqqq = 1", "qqqqqq", "綴りを確かめるか、"),
        ('operator.address = "HOSHO@city.example.jp"', "operator.address", "人が読む別のアドレス"),
        (
            'outgoing = { method = "smtp", host = "localhost", port = 2525, tls = "none" }',
            "outgoing.port",
            "市の中継サーバー",
        ),
    ],
)
def test_a_name_that_there_is_not_and_a_letter_to_ourselves_are_told_with_what_was_meant(line, key, cure):
    with pytest.raises(ConfigError) as raised:
        checked(f"{line}\n{GOOD}" if "." not in line.partition("=")[0] else GOOD + f"{line}\n")
    told = {mistake.key: mistake.cure for mistake in raised.value.mistakes}
    assert cure in told[key], told


@pytest.mark.parametrize(
    ("line", "package", "key"),
    [
        ('monitoring.listen = "127.0.0.1:9464"', "aiohttp", "monitoring.listen"),
        ('monitoring.listen = "127.0.0.1:9464"', "prometheus_client", "monitoring.listen"),
        ('monitoring.heartbeat_url = "https://watch.example.jp/"', "aiohttp", "monitoring.heartbeat_url"),
    ],
)
def test_what_needs_a_package_that_is_not_there_is_told(line, package, key, monkeypatch):
    checked(GOOD + line)
    monkeypatch.setitem(sys.modules, package, None)
    cure = "./run setup で、この版のパッケージを入れるか、空欄にしてください"
    assert mistakes(GOOD + line) == [Mistake(key, f"{package} というパッケージがありません", cure)]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_what_notepad_puts_in_front_is_no_mistake(tmp_path, encoding):
    path = tmp_path / "config.toml"
    path.write_bytes(GOOD.replace("\n", "\r\n").encode(encoding))
    assert load(path).mail.inboxes == ("hosho@city.example.jp",)


@pytest.mark.parametrize(
    ("error", "cure"),
    [
        (PermissionError(errno.EACCES, "Permission denied"), "sudo -u hosho-bot"),
        (IsADirectoryError(errno.EISDIR, "Is a directory"), "はフォルダです"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory"), "config.example.toml を写して"),
    ],
)
def test_a_file_that_cant_be_read_has_the_cure_that_fits(tmp_path, error, cure):
    assert cure in unreadable_cure(tmp_path / "config.toml", error)
