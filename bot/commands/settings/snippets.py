"""What `init` writes for the programs beside us: the systemd unit, and what to add to Postfix or Dovecot.

The unit is that of deploy/ with the places of this installation. Pure but for reading deploy/.
"""

from __future__ import annotations

from pathlib import Path

from bot.config.settings import Config
from bot.version import home

_MIB = 1024 * 1024


def snippets(config: Config, file: Path) -> dict[str, str]:
    """Names and texts. `file`: the settings'."""
    made = _units(config, file)
    if config.lmtp.enabled or config.smtp.enabled:
        made |= _postfix(config)
    if config.imap.enabled:
        made["dovecot.conf"] = _DOVECOT.format(user=config.imap.user)
    return made


def _units(config: Config, file: Path) -> dict[str, str]:
    program = home()
    deploy = program / "deploy"
    unit = (deploy / "hosho-bot.service").read_text("utf-8")
    folder = str(config.data_folder)
    state = "StateDirectory=hosho-bot\nStateDirectoryMode=0700\n"
    if folder != "/var/lib/hosho-bot":
        unit = unit.replace(state, f"ReadWritePaths={folder}\n").replace("/var/lib/hosho-bot", folder)
    unit = unit.replace("-/etc/hosho-bot/keys", f"-{config.key_file.parent}")
    unit = unit.replace("/etc/hosho-bot/config.toml", str(file)).replace("/opt/hosho-bot", str(program))
    failed = (deploy / "hosho-bot-failed.service").read_text("utf-8").replace("/opt/hosho-bot", str(program))
    told = config.operator.address or config.desks[0].address
    return {"hosho-bot.service": unit, "hosho-bot-failed.service": failed, "failed.env": f"TO={told}\n"}


def _postfix(config: Config) -> dict[str, str]:
    door, protocol = (config.lmtp, "lmtp") if config.lmtp.enabled else (config.smtp, "smtp")
    next_hop = f"lmtp:inet:{door.host}:{door.port}" if protocol == "lmtp" else f"smtp:[{door.host}]:{door.port}"
    return {
        "hosho_transport": "".join(f"{address}    {next_hop}\n" for address in config.inboxes),
        "hosho_recipients": "".join(f"{address}    OK\n" for address in config.inboxes),
        "postfix-main.cf": _MAIN_CF.format(limit=door.max_message_mib * _MIB),
    }


_MAIN_CF = """\
# /etc/postfix/main.cf に加える行（同じ名前の行があるときは、その後ろに書き足します）。
# hosho_transport と hosho_recipients を /etc/postfix に置き、postmap を実行してから、postfix reload をします:
#   postmap hash:/etc/postfix/hosho_transport hash:/etc/postfix/hosho_recipients
transport_maps = hash:/etc/postfix/hosho_transport
message_size_limit = {limit}
# 受付のアドレスのドメインが mydestination にあるとき。relay_domains のときは relay_recipient_maps です。
local_recipient_maps = proxy:unix:passwd.byname $alias_maps hash:/etc/postfix/hosho_recipients
"""

_DOVECOT = """\
# 受信箱の利用者 {user} を、Dovecot（2.3）に加える例です。メールサーバーに既にあるときは要りません。
# パスワードは doveadm pw -s SHA512-CRYPT で作り、/etc/dovecot/hosho.users に「{user}:{{SHA512-CRYPT}}…」と書きます
# （chmod 640、chown root:dovecot）。2.4 では、passdb passwd-file {{ passwd_file_path = /etc/dovecot/hosho.users }} です。
passdb {{
  driver = passwd-file
  args = scheme=SHA512-CRYPT username_format=%u /etc/dovecot/hosho.users
}}
"""
