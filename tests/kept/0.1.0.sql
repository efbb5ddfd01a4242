BEGIN TRANSACTION;
CREATE TABLE alarm (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    since TEXT NOT NULL,
    detail TEXT NOT NULL,
    told_on TEXT NOT NULL,
    absent_since TEXT,
    UNIQUE (kind, subject)
);
INSERT INTO "alarm" VALUES(1,'mails_parked','','2026-11-22 01:30:00+00:00','保留のメール：1件','2026-11-22',NULL);
CREATE TABLE canary (
    name TEXT NOT NULL PRIMARY KEY,
    sent_at TEXT NOT NULL,
    reason TEXT NOT NULL,
    reply TEXT NOT NULL,
    back_at TEXT
);
INSERT INTO "canary" VALUES('0011223344556677-1795311000','2026-11-22 01:30:00+00:00','relay_accepted','250 2.0.0 Ok',NULL);
CREATE TABLE case_words (
    submission_id INTEGER PRIMARY KEY REFERENCES submission (id),
    words_0 INTEGER NOT NULL,
    words_1 INTEGER NOT NULL,
    words_2 INTEGER NOT NULL,
    words_3 INTEGER NOT NULL,
    words_4 INTEGER NOT NULL,
    words_5 INTEGER NOT NULL,
    words_6 INTEGER NOT NULL,
    words_7 INTEGER NOT NULL,
    words_8 INTEGER NOT NULL,
    words_9 INTEGER NOT NULL,
    words_10 INTEGER NOT NULL,
    words_11 INTEGER NOT NULL,
    words_12 INTEGER NOT NULL,
    words_13 INTEGER NOT NULL,
    words_14 INTEGER NOT NULL,
    words_15 INTEGER NOT NULL
);
INSERT INTO "case_words" VALUES(1,1099511900224,17593260834826,1152921504606846980,4503599694479368,4503668485525504,9079577640960,9007199256846337,2305843009750581248,8796093022208,6543114240,4616787752380268548,576461027181346816,4535485497376,2323857442103885824,9007216434610192,4629700451297658882);
INSERT INTO "case_words" VALUES(2,1099511900224,17593259786250,1152921504606846982,4503599694479368,4503668485525504,9079577640960,9007199256846337,2305843009750581248,8796093022208,6543114240,4616787752380268548,576461027181346816,4535485497376,2323857442103885824,9007216434610192,4629700451297658882);
INSERT INTO "case_words" VALUES(3,1099511900224,17593259786250,1152921504606846980,4503599694479368,4503668485525504,576469831881064448,9007199256846337,2305843009750581248,8796093022208,6543114240,4616787752380268548,576461027181346816,4535485497376,2323857442103885824,9007216434610192,4629700451297658882);
INSERT INTO "case_words" VALUES(4,1099511900224,17593259786250,1152921504606846980,4503599694479368,4503668485525504,9079577640960,9007199256846337,2305843009750581248,36037593111986176,6543114240,4616787752380268548,576461027181346816,4535485497376,2323857442103885824,9007216434610192,4629700451297658882);
INSERT INTO "case_words" VALUES(5,1099511900224,17593259786250,1152921504606846980,4503599694479368,4503668485525504,9079577640960,9007199257108481,2305843009750581248,8796093022208,281481519824896,4616787752380268548,576461027181346816,4535485497376,2323857442103885824,9007216434610192,4629700451297658882);
INSERT INTO "case_words" VALUES(6,1099516094528,17593259786250,1152921504606846980,4503599694479368,4503668485525504,9079577640960,9007199256846337,2305843009750581248,8796093022208,6543114240,4616787756675235844,576461027181346816,4535485497376,2323857442103885824,9007216434610192,4629700451297658882);
CREATE TABLE consent (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    address TEXT NOT NULL,
    guarantee_id INTEGER REFERENCES guarantee (id),
    given INTEGER NOT NULL,
    wording TEXT NOT NULL,
    origin TEXT NOT NULL,
    source TEXT NOT NULL,
    actor TEXT NOT NULL
);
INSERT INTO "consent" VALUES(1,'2026-11-22 01:30:00+00:00','keiri@kensetsu.example.jp',1,1,'電子保証発行完了のお知らせ：希望する、メールアドレス：keiri@kensetsu.example.jp','register','台帳.csv 2行目','register');
INSERT INTO "consent" VALUES(2,'2026-11-22 01:30:00+00:00','keiri@kensetsu.example.jp',2,1,'電子保証発行完了のお知らせ：希望する、メールアドレス：keiri@kensetsu.example.jp','register','台帳.csv 3行目','register');
INSERT INTO "consent" VALUES(3,'2026-11-22 01:30:00+00:00','keiri@kensetsu.example.jp',3,1,'電子保証発行完了のお知らせ：希望する、メールアドレス：keiri@kensetsu.example.jp','register','台帳.csv 4行目','register');
INSERT INTO "consent" VALUES(4,'2026-11-22 01:30:00+00:00','keiri@kensetsu.example.jp',4,1,'電子保証発行完了のお知らせ：希望する、メールアドレス：keiri@kensetsu.example.jp','register','台帳.csv 5行目','register');
INSERT INTO "consent" VALUES(5,'2026-11-22 01:30:00+00:00','keiri@kensetsu.example.jp',5,1,'電子保証発行完了のお知らせ：希望する、メールアドレス：keiri@kensetsu.example.jp','register','台帳.csv 6行目','register');
INSERT INTO "consent" VALUES(6,'2026-11-22 01:30:00+00:00','keiri@kensetsu.example.jp',6,1,'電子保証発行完了のお知らせ：希望する、メールアドレス：keiri@kensetsu.example.jp','register','台帳.csv 7行目','register');
INSERT INTO "consent" VALUES(7,'2026-11-22 01:30:00+00:00','keiri@kensetsu.example.jp',7,1,'電子保証発行完了のお知らせ：希望する、メールアドレス：keiri@kensetsu.example.jp','register','台帳.csv 8行目','register');
INSERT INTO "consent" VALUES(8,'2026-11-22 01:30:00+00:00','keiri@kensetsu.example.jp',8,1,'電子保証発行完了のお知らせ：希望する、メールアドレス：keiri@kensetsu.example.jp','register','台帳.csv 9行目','register');
INSERT INTO "consent" VALUES(9,'2026-11-22 01:30:00+00:00','eigyo@kensetsu.example.jp',NULL,0,'今後は不要','command','電話','契約課A');
CREATE TABLE dead_address (
    address TEXT NOT NULL PRIMARY KEY,
    since TEXT NOT NULL,
    why TEXT NOT NULL,
    outbox_id INTEGER NOT NULL REFERENCES outbox (id)
);
INSERT INTO "dead_address" VALUES('ko@kensetsu.example.jp','2026-11-22 01:30:00+00:00','550 5.1.1 no such user',4);
CREATE TABLE disposed (
    row_kind TEXT NOT NULL,
    row_id INTEGER NOT NULL,
    what TEXT NOT NULL,
    PRIMARY KEY (row_kind, row_id, what)
);
CREATE TABLE guarantee (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    project_name TEXT NOT NULL,
    contractor TEXT NOT NULL,
    product TEXT NOT NULL,
    number TEXT UNIQUE,
    revision INTEGER NOT NULL,
    jv_name TEXT NOT NULL,
    orderer TEXT NOT NULL,
    contract_amount_yen INTEGER,
    guarantee_amount_yen INTEGER,
    expires_on TEXT,
    works_start_on TEXT,
    works_end_on TEXT,
    contracted_on TEXT,
    deposit_bank TEXT NOT NULL,
    auth_key TEXT,
    issued_at TEXT,
    wants_issued_mail INTEGER NOT NULL,
    email TEXT NOT NULL,
    desk TEXT NOT NULL,
    state TEXT NOT NULL,
    project_fold TEXT NOT NULL,
    contractor_fold TEXT NOT NULL,
    contractor_core TEXT NOT NULL,
    jv_fold TEXT NOT NULL,
    works_number TEXT NOT NULL DEFAULT '',
    works_fold TEXT NOT NULL DEFAULT ''
);
INSERT INTO "guarantee" VALUES(1,'市道第3号線舗装修繕工事','（株）みほん建設','advance_payment','00123-000001',0,'','みほん市',12345000,4900000,'2027-03-31','2026-11-01','2027-03-20','2026-10-30','見本銀行',NULL,'2026-11-20 03:04:05.600000+00:00',1,'Keiri@kensetsu.example.jp','契約','expected','市道第3号線舗装修繕工事','株式会社みほん建設','みほん建設','','','');
INSERT INTO "guarantee" VALUES(2,'市道第3号線舗装修繕工事','（株）みほん建設','advance_payment','00123-000002',0,'','みほん市',12345000,4900000,'2027-03-31','2026-11-01','2027-03-20','2026-10-30','みほん銀行',NULL,'2026-11-20 03:04:05.600000+00:00',1,'Keiri@kensetsu.example.jp','契約','issued','市道第3号線舗装修繕工事','株式会社みほん建設','みほん建設','','','');
INSERT INTO "guarantee" VALUES(3,'市道第3号線舗装修繕工事','（株）みほん建設','advance_payment','00123-000003',0,'','みほん市',12345000,4900000,'2027-03-31','2026-11-01','2027-03-20','2026-10-30','みほん銀行',NULL,'2026-11-20 03:04:05.600000+00:00',1,'Keiri@kensetsu.example.jp','契約','key_received','市道第3号線舗装修繕工事','株式会社みほん建設','みほん建設','','','');
INSERT INTO "guarantee" VALUES(4,'市道第3号線舗装修繕工事','（株）みほん建設','advance_payment','00123-000004',0,'','みほん市',12345000,4900000,'2027-03-31','2026-11-01','2027-03-20','2026-10-30','みほん銀行',NULL,'2026-11-20 03:04:05.600000+00:00',1,'Keiri@kensetsu.example.jp','契約','verified','市道第3号線舗装修繕工事','株式会社みほん建設','みほん建設','','','');
INSERT INTO "guarantee" VALUES(5,'市道第3号線舗装修繕工事','（株）みほん建設','advance_payment','00123-000005',0,'','みほん市',12345000,4900000,'2027-03-31','2026-11-01','2027-03-20','2026-10-30','みほん銀行',NULL,'2026-11-20 03:04:05.600000+00:00',1,'Keiri@kensetsu.example.jp','契約','on_paper','市道第3号線舗装修繕工事','株式会社みほん建設','みほん建設','','','');
INSERT INTO "guarantee" VALUES(6,'市道第3号線舗装修繕工事','（株）みほん建設','advance_payment','00123-000006',0,'','みほん市',12345000,4900000,'2027-03-31','2026-11-01','2027-03-20','2026-10-30','みほん銀行',NULL,'2026-11-20 03:04:05.600000+00:00',1,'Keiri@kensetsu.example.jp','契約','cancelled','市道第3号線舗装修繕工事','株式会社みほん建設','みほん建設','','','');
INSERT INTO "guarantee" VALUES(7,'市道第3号線舗装修繕工事','（株）みほん建設','advance_payment','00123-000007',0,'','みほん市',12345000,4900000,'2027-03-31','2026-11-01','2027-03-20','2026-10-30','みほん銀行',NULL,'2026-11-20 03:04:05.600000+00:00',1,'Keiri@kensetsu.example.jp','契約','expired','市道第3号線舗装修繕工事','株式会社みほん建設','みほん建設','','','');
INSERT INTO "guarantee" VALUES(8,'市道第3号線舗装修繕工事','（株）みほん建設','advance_payment','00123-000008',0,'','みほん市',12345000,4900000,'2027-03-31','2026-11-01','2027-03-20','2026-10-30','みほん銀行',NULL,'2026-11-20 03:04:05.600000+00:00',1,'Keiri@kensetsu.example.jp','契約','verified','市道第3号線舗装修繕工事','株式会社みほん建設','みほん建設','','','');
CREATE TABLE guarantee_seen (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version_id INTEGER NOT NULL REFERENCES guarantee_version (id),
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    result TEXT NOT NULL,
    receipt_number TEXT NOT NULL,
    note TEXT NOT NULL
);
INSERT INTO "guarantee_seen" VALUES(1,8,'2026-11-22 01:30:00+00:00','契約課A','verified_in_dsure','20261122-0002-5','');
CREATE TABLE guarantee_version (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guarantee_id INTEGER NOT NULL REFERENCES guarantee (id),
    revision INTEGER NOT NULL,
    kind TEXT NOT NULL,
    is_on_paper INTEGER NOT NULL,
    project_name TEXT NOT NULL,
    contractor TEXT NOT NULL,
    jv_name TEXT NOT NULL,
    contract_amount_yen INTEGER,
    guarantee_amount_yen INTEGER,
    expires_on TEXT,
    works_start_on TEXT,
    works_end_on TEXT,
    contracted_on TEXT,
    deposit_bank TEXT NOT NULL,
    issued_at TEXT,
    learnt_at TEXT NOT NULL,
    source TEXT NOT NULL,
    actor TEXT NOT NULL
);
INSERT INTO "guarantee_version" VALUES(1,1,0,'new',0,'市道第3号線舗装修繕工事','（株）みほん建設','',12345000,4900000,'2027-03-31','2026-11-01','2027-03-20','2026-10-30','みほん銀行','2026-11-20 03:04:05.600000+00:00','2026-11-22 01:30:00+00:00','台帳.csv','register');
INSERT INTO "guarantee_version" VALUES(2,2,0,'new',0,'市道第3号線舗装修繕工事','（株）みほん建設','',12345000,4900000,'2027-03-31','2026-11-01','2027-03-20','2026-10-30','みほん銀行','2026-11-20 03:04:05.600000+00:00','2026-11-22 01:30:00+00:00','台帳.csv','register');
INSERT INTO "guarantee_version" VALUES(3,3,0,'new',0,'市道第3号線舗装修繕工事','（株）みほん建設','',12345000,4900000,'2027-03-31','2026-11-01','2027-03-20','2026-10-30','みほん銀行','2026-11-20 03:04:05.600000+00:00','2026-11-22 01:30:00+00:00','台帳.csv','register');
INSERT INTO "guarantee_version" VALUES(4,4,0,'new',0,'市道第3号線舗装修繕工事','（株）みほん建設','',12345000,4900000,'2027-03-31','2026-11-01','2027-03-20','2026-10-30','みほん銀行','2026-11-20 03:04:05.600000+00:00','2026-11-22 01:30:00+00:00','台帳.csv','register');
INSERT INTO "guarantee_version" VALUES(5,5,0,'new',1,'市道第3号線舗装修繕工事','（株）みほん建設','',12345000,4900000,'2027-03-31','2026-11-01','2027-03-20','2026-10-30','みほん銀行','2026-11-20 03:04:05.600000+00:00','2026-11-22 01:30:00+00:00','台帳.csv','register');
INSERT INTO "guarantee_version" VALUES(6,6,0,'cancellation',0,'市道第3号線舗装修繕工事','（株）みほん建設','',12345000,4900000,'2027-03-31','2026-11-01','2027-03-20','2026-10-30','みほん銀行','2026-11-20 03:04:05.600000+00:00','2026-11-22 01:30:00+00:00','台帳.csv','register');
INSERT INTO "guarantee_version" VALUES(7,7,0,'new',0,'市道第3号線舗装修繕工事','（株）みほん建設','',12345000,4900000,'2027-03-31','2026-11-01','2027-03-20','2026-10-30','みほん銀行','2026-11-20 03:04:05.600000+00:00','2026-11-22 01:30:00+00:00','台帳.csv','register');
INSERT INTO "guarantee_version" VALUES(8,8,0,'new',0,'市道第3号線舗装修繕工事','（株）みほん建設','',12345000,4900000,'2027-03-31','2026-11-01','2027-03-20','2026-10-30','みほん銀行','2026-11-20 03:04:05.600000+00:00','2026-11-22 01:30:00+00:00','台帳.csv','register');
CREATE TABLE journal (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    event TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    detail TEXT NOT NULL,
    hash TEXT NOT NULL
);
INSERT INTO "journal" VALUES(1,'2026-11-22 01:30:00+00:00','register','register.add','guarantee','1','{"line": 2, "source": "台帳.csv"}','87722a86e145f976514209684df8384485072be289cf43a26422728ffb49be97');
INSERT INTO "journal" VALUES(2,'2026-11-22 01:30:00+00:00','register','register.add','guarantee','2','{"line": 3, "source": "台帳.csv"}','71801be36c526268ba7cd169826ad0cc12ae68e1e22879a0aa47c76645b85291');
INSERT INTO "journal" VALUES(3,'2026-11-22 01:30:00+00:00','register','register.add','guarantee','3','{"line": 4, "source": "台帳.csv"}','485abfbc20b8d1824b14d991a9f61106b2dc9c1ad3e945ec83d0b32656a5824b');
INSERT INTO "journal" VALUES(4,'2026-11-22 01:30:00+00:00','register','register.add','guarantee','4','{"line": 5, "source": "台帳.csv"}','355c0113a9e08f47b1f569ea9d5f4100464014f6b66daaa26a5fd9942bbb286c');
INSERT INTO "journal" VALUES(5,'2026-11-22 01:30:00+00:00','register','register.add','guarantee','5','{"line": 6, "source": "台帳.csv"}','3270e449ddb790519fece86e68c5d60a71622736db23408c06a87c1247df0b63');
INSERT INTO "journal" VALUES(6,'2026-11-22 01:30:00+00:00','register','register.add','guarantee','6','{"line": 7, "source": "台帳.csv"}','df19b7167a879bb321a81f03a49357a063162dbc6aaccb1b64a1035a9a7ba929');
INSERT INTO "journal" VALUES(7,'2026-11-22 01:30:00+00:00','register','register.add','guarantee','7','{"line": 8, "source": "台帳.csv"}','2339cc37040aa52f1b6e6d13a1843043338d498ea663a48b7aec3098d2e21f53');
INSERT INTO "journal" VALUES(8,'2026-11-22 01:30:00+00:00','register','register.add','guarantee','8','{"line": 9, "source": "台帳.csv"}','93db65e665f208a8706840a8e1641a9c9e5e2766ebcd05474f66f76eeb38cf26');
INSERT INTO "journal" VALUES(9,'2026-11-22 01:30:00+00:00','register','consent.given','consent','1','{"address": "keiri@kensetsu.example.jp", "guarantee_id": 1, "wording": "電子保証発行完了のお知らせ：希望する、メールアドレス：keiri@kensetsu.example.jp", "source": "台帳.csv 2行目"}','923e110968a52c251871c8cd855072398295f58399c80040579c486e8abe6886');
INSERT INTO "journal" VALUES(10,'2026-11-22 01:30:00+00:00','register','consent.given','consent','2','{"address": "keiri@kensetsu.example.jp", "guarantee_id": 2, "wording": "電子保証発行完了のお知らせ：希望する、メールアドレス：keiri@kensetsu.example.jp", "source": "台帳.csv 3行目"}','7011ff4a65c88c69f31c2c6338b48301faa00719c41ddd75670a968e8777747f');
INSERT INTO "journal" VALUES(11,'2026-11-22 01:30:00+00:00','register','consent.given','consent','3','{"address": "keiri@kensetsu.example.jp", "guarantee_id": 3, "wording": "電子保証発行完了のお知らせ：希望する、メールアドレス：keiri@kensetsu.example.jp", "source": "台帳.csv 4行目"}','d6aa0ed580bbba01d464f771cf2acbe4953516121d8d15628cffb2a87ceb7e66');
INSERT INTO "journal" VALUES(12,'2026-11-22 01:30:00+00:00','register','consent.given','consent','4','{"address": "keiri@kensetsu.example.jp", "guarantee_id": 4, "wording": "電子保証発行完了のお知らせ：希望する、メールアドレス：keiri@kensetsu.example.jp", "source": "台帳.csv 5行目"}','37b03716053ae0ea35187e4ff7a67d3efdc3b70d9145eb05a9c4d5b1e42b452c');
INSERT INTO "journal" VALUES(13,'2026-11-22 01:30:00+00:00','register','consent.given','consent','5','{"address": "keiri@kensetsu.example.jp", "guarantee_id": 5, "wording": "電子保証発行完了のお知らせ：希望する、メールアドレス：keiri@kensetsu.example.jp", "source": "台帳.csv 6行目"}','ee14f0df75d73693710cb7e788f3f926fff60b6cc2a295d9a635c6a12da54bce');
INSERT INTO "journal" VALUES(14,'2026-11-22 01:30:00+00:00','register','consent.given','consent','6','{"address": "keiri@kensetsu.example.jp", "guarantee_id": 6, "wording": "電子保証発行完了のお知らせ：希望する、メールアドレス：keiri@kensetsu.example.jp", "source": "台帳.csv 7行目"}','5a063d776b7ae8c9cf1295fa0d2f0b3db19459b032440a191ecb67415fcf82ce');
INSERT INTO "journal" VALUES(15,'2026-11-22 01:30:00+00:00','register','consent.given','consent','7','{"address": "keiri@kensetsu.example.jp", "guarantee_id": 7, "wording": "電子保証発行完了のお知らせ：希望する、メールアドレス：keiri@kensetsu.example.jp", "source": "台帳.csv 8行目"}','e27152cfffbb330188b578e211743f952374708c7556580ee3039c865efd537a');
INSERT INTO "journal" VALUES(16,'2026-11-22 01:30:00+00:00','register','consent.given','consent','8','{"address": "keiri@kensetsu.example.jp", "guarantee_id": 8, "wording": "電子保証発行完了のお知らせ：希望する、メールアドレス：keiri@kensetsu.example.jp", "source": "台帳.csv 9行目"}','d7507e1fa97b9e9bf2d4ef0cbafe8279e8824dcc18ee53443857f1556b9fcf62');
INSERT INTO "journal" VALUES(17,'2026-11-22 01:30:00+00:00','register','register.import','register','台帳.csv','{"add": 8, "update": 0, "unchanged": 0}','b3bb53d99cc61ed9f81c34bc1a70e40e34f9cbf06a976812d826ad2d668db6fc');
INSERT INTO "journal" VALUES(18,'2026-11-22 01:30:00+00:00','契約課A','register.update','guarantee','1','{"line": 2, "source": "台帳.csv", "changed": ["deposit_bank"]}','01d8ecc8eb112b058d30ff0b4ba8421bd375c7954db93ba78d1480f0645b4d72');
INSERT INTO "journal" VALUES(19,'2026-11-22 01:30:00+00:00','契約課A','register.import','register','台帳.csv','{"add": 0, "update": 1, "unchanged": 0}','5dc926574b1a2747de264fb777e0609b49c55b362d26b3aff253d58695c90a82');
INSERT INTO "journal" VALUES(20,'2026-11-22 01:30:00+00:00','bot','mail.sorted','mail','2','{"reason": "notice_found", "no_reply": null, "submissions": ["20261122-0002-1", "20261122-0002-2", "20261122-0002-3", "20261122-0002-4", "20261122-0002-5", "20261122-0002-6"], "withheld": ["receipt: address"]}','95be91b23e25259f07eab00cdddeee077498552381d91dfb2d9087bb8e29c17a');
INSERT INTO "journal" VALUES(21,'2026-11-22 01:30:00+00:00','bot','submission.held','submission','20261122-0002-1','{"reasons": ["not_in_register"], "guarantee_id": null}','2cf3a921c04f6ffa1ed6bde9109a57c781e1b5c98347dee79737ff014cb3ce7c');
INSERT INTO "journal" VALUES(22,'2026-11-22 01:30:00+00:00','bot','submission.accepted','submission','20261122-0002-2','{"reasons": ["number_matches"], "guarantee_id": 2}','feef0077da6af05d4853fece26abb33a3a86b50517fd6c9bc219fa7c259221af');
INSERT INTO "journal" VALUES(23,'2026-11-22 01:30:00+00:00','bot','submission.refused','submission','20261122-0002-3','{"reasons": ["clerk_refused"], "guarantee_id": null}','cf9f0f9e3e1e52d6446eeaa9311fdc4558800fe32ffd073364de1fecc38d1ba6');
INSERT INTO "journal" VALUES(24,'2026-11-22 01:30:00+00:00','bot','submission.duplicate','submission','20261122-0002-4','{"reasons": ["same_as_accepted"], "guarantee_id": 2}','7dd0d9d18acc453047bd93002c0324f8d8beaea5862b09f402beaaee0dddab1d');
INSERT INTO "journal" VALUES(25,'2026-11-22 01:30:00+00:00','bot','submission.accepted','submission','20261122-0002-5','{"reasons": ["verified_in_dsure"], "guarantee_id": 8}','9a3bc6a409bd6fb9261ef154ee6e84e16847bf2d48c6067da58d2c943f9cbc9d');
INSERT INTO "journal" VALUES(26,'2026-11-22 01:30:00+00:00','bot','submission.superseded','submission','20261122-0002-6','{"reasons": ["guarantee_changed"], "guarantee_id": null}','5448c039c9ba018eab6cdbfd6e26a42ffc824301d1d97d26864f8a5eafa057bc');
INSERT INTO "journal" VALUES(27,'2026-11-22 01:30:00+00:00','bot','outgoing.queued','outgoing','1','{"letter": "receipt", "submission": "20261122-0002-1", "guarantee_id": null}','c89114201563e297a6bd4086b18be7e3a61d234dd7e283381a6970682a5e6dfc');
INSERT INTO "journal" VALUES(28,'2026-11-22 01:30:00+00:00','bot','outgoing.queued','outgoing','2','{"letter": "receipt", "submission": "20261122-0002-2", "guarantee_id": null}','31e97c68624fbfa4ba70cf6eaca1b32376a5b651e72829d0f8e7c76d96ae8bf6');
INSERT INTO "journal" VALUES(29,'2026-11-22 01:30:00+00:00','bot','outgoing.queued','outgoing','3','{"letter": "receipt", "submission": "20261122-0002-3", "guarantee_id": null}','d408dc5b64fb7373b1026dec595a31cbad39dd50f3853b63aa7572f94f84b608');
INSERT INTO "journal" VALUES(30,'2026-11-22 01:30:00+00:00','bot','outgoing.queued','outgoing','4','{"letter": "receipt", "submission": "20261122-0002-4", "guarantee_id": null}','e61655841d37905b9fbdf7eb1c4f1f81238e18b7842ae66deccc4c842408b2b6');
INSERT INTO "journal" VALUES(31,'2026-11-22 01:30:00+00:00','bot','outgoing.queued','outgoing','5','{"letter": "receipt", "submission": "20261122-0002-5", "guarantee_id": null}','40919bb4666a27c1bf6ca1a388d79071835ee9d24886e1e9278ae9086496c445');
INSERT INTO "journal" VALUES(32,'2026-11-22 01:30:00+00:00','bot','outgoing.queued','outgoing','6','{"letter": "receipt", "submission": "20261122-0002-6", "guarantee_id": null}','f4b86cfcb111c76dc92db09c48d7ad3bb724fe9e95ac1295f8763248a92110cb');
INSERT INTO "journal" VALUES(33,'2026-11-22 01:30:00+00:00','bot','mail.besides','mail','3','{"reason": "notice_and_question", "no_reply": null, "submissions": [], "withheld": []}','20920491829e06189c81566091369bc90b51dafe4ee0fb1d0f97a8667e959675');
INSERT INTO "journal" VALUES(34,'2026-11-22 01:30:00+00:00','bot','mail.answered','mail','4','{"reason": "orders_done", "no_reply": null, "submissions": [], "withheld": []}','a41b5dd753b2f33d15b7638301ae412cb430035f885454309447ad19ead40174');
INSERT INTO "journal" VALUES(35,'2026-11-22 01:30:00+00:00','bot','mail.passed_on','mail','5','{"reason": "no_notice", "no_reply": null, "submissions": [], "withheld": []}','bd8aeabb660d6d4ac03103c7a28dc4456b01a75922870b6c57550cfef9e8259d');
INSERT INTO "journal" VALUES(36,'2026-11-22 01:30:00+00:00','bot','mail.asked','mail','6','{"reason": "notice_wanted", "no_reply": null, "submissions": [], "withheld": []}','5cd79ec0e5b65c2a2c5d173c59d4660b12ad70e5ddbcc6bdfa020143ced23c2f');
INSERT INTO "journal" VALUES(37,'2026-11-22 01:30:00+00:00','bot','mail.ignored','mail','7','{"reason": "automatic_reply", "no_reply": null, "submissions": [], "withheld": []}','9ee032a4043ebe68b419ba11ca5494a5a0f2cc72e5b65799da2a2830bd59e558');
INSERT INTO "journal" VALUES(38,'2026-11-22 01:30:00+00:00','bot','mail.parked','mail','8','{"reason": "reading_failed", "no_reply": null, "submissions": [], "withheld": []}','0f78ea08ea991f6cdd1e7fc3bd8e1e538df369531deab74c95c43c6441bbf0f7');
INSERT INTO "journal" VALUES(39,'2026-11-22 01:30:00+00:00','bot','mail.parked','mail','9','{"reason": "reading_failed", "no_reply": null, "submissions": [], "withheld": []}','6af75d2ab391a43b8deac4c10503cbd5a3861d7975f36c538f39dcd81c53ea09');
INSERT INTO "journal" VALUES(40,'2026-11-22 01:30:00+00:00','契約課A','mail.released','mail','9','{"from": "parked", "reason": "clerk_released", "note": "電話で確認"}','257b0d1aa6af0598bd0efc0258cde6915699981092cb96fbc391371f92ca348a');
INSERT INTO "journal" VALUES(41,'2026-11-22 01:30:00+00:00','契約課A','submission.verified','submission','20261122-0002-5','{"reasons": ["verified_in_dsure", "verified_in_dsure"], "guarantee_id": 8}','a875a6ba06b1b4445597edd2aaaabdc16eb6bef0a57fc8c1defa66f60d779c8f');
INSERT INTO "journal" VALUES(42,'2026-11-22 01:30:00+00:00','契約課A','guarantee.seen','guarantee','8','{"kind": "new", "revision": 0, "result": "verified_in_dsure", "receipt": "20261122-0002-5"}','fa630a07c2816131a6194cb7f8fe752c7a27655d01a2b4cbad7502e35b2aa0c8');
INSERT INTO "journal" VALUES(43,'2026-11-22 01:30:00+00:00','契約課A','guarantee.verified','guarantee','8','{"from": "key_received"}','7dec4723d2a2c602e878b5cadc4d488c93d6f6b0c9eb1e88e5a731f7d91a5095');
INSERT INTO "journal" VALUES(44,'2026-11-22 01:30:00+00:00','bot','mailbox.compared','mailbox','hosho@imap.example.jp/INBOX','{"on_server": 9, "known": 8, "missing": 1, "recovered": 1}','95112b32cfec52dab78d35b2a26ebe5f9d2cc6b409836d8b49b768d8551bd7a5');
INSERT INTO "journal" VALUES(45,'2026-11-22 01:30:00+00:00','bot','alarm.told','alarm','mails_parked','{"subject": "", "detail": "保留のメール：1件"}','0c07c21e4f186c1783caaebc8dc31fe6842c5e89c96e6ce029e91e2cfb7f9946');
INSERT INTO "journal" VALUES(46,'2026-11-22 01:30:00+00:00','契約課A','consent.withdrawn','consent','9','{"address": "eigyo@kensetsu.example.jp", "guarantee_id": null, "wording": "今後は不要", "source": "電話"}','548d129e30e2dd724d0db44d71a8cee9d59eed5deb2365602452c6b4d121ea23');
INSERT INTO "journal" VALUES(47,'2026-11-22 01:30:00+00:00','契約課A','reminder.ended','submission','20261122-0002-2','{"kind": "notice_without_claim", "note": "紙"}','6023926475c7320d91b62907cb95731066de073a649c24d36e7ac559948447f4');
INSERT INTO "journal" VALUES(48,'2026-11-22 01:30:00+00:00','bot','outgoing.queued','outgoing','7','{"letter": "reminder", "submission": "20261122-0001-1", "guarantee_id": null}','be5f13ebc06a5ca3552152a2ba2a5011a7af5e7b0a33b1ee5eeb68ebda0183bb');
INSERT INTO "journal" VALUES(49,'2026-11-22 01:30:00+00:00','bot','reminder.told','submission','20261122-0002-1','{"kind": "held_too_long", "level": 1, "outgoing": 7}','b3ed75bd4a4a8dd3c0ad82aec9d56d0ee35b7a731b5a1be5ffbdaf62c65566a0');
INSERT INTO "journal" VALUES(50,'2026-11-22 01:30:00+00:00','文書管理者','disposal.held','mail','2','{"why": "住民訴訟のため"}','4bfc94eb15c675979a7c5d96e3da6473cab95695ebe98d31f4eed082e36bf410');
CREATE TABLE journal_head (
    only_one INTEGER NOT NULL PRIMARY KEY CHECK (only_one = 1),
    number INTEGER NOT NULL,
    hash TEXT NOT NULL
);
INSERT INTO "journal_head" VALUES(1,50,'4bfc94eb15c675979a7c5d96e3da6473cab95695ebe98d31f4eed082e36bf410');
CREATE TABLE legal_hold (
    mail_id INTEGER NOT NULL PRIMARY KEY REFERENCES mail (id),
    why TEXT NOT NULL,
    actor TEXT NOT NULL
);
INSERT INTO "legal_hold" VALUES(2,'住民訴訟のため','文書管理者');
CREATE TABLE mail (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    identity TEXT NOT NULL UNIQUE,
    digest TEXT NOT NULL,
    source TEXT NOT NULL,
    peer TEXT NOT NULL,
    mail_from TEXT,
    rcpt_tos TEXT NOT NULL,
    received_at TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    no_reply TEXT,
    error TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at TEXT NOT NULL,
    state_at TEXT NOT NULL,
    sender TEXT NOT NULL DEFAULT '',
    quoted TEXT,
    desk TEXT NOT NULL DEFAULT '',
    entered_by INTEGER REFERENCES mail (id),
    papers TEXT NOT NULL DEFAULT '[]',
    owner INTEGER,
    content BLOB NOT NULL
);
INSERT INTO "mail" VALUES(1,'990c34b44aa1e617569a99b0546d299d4909883e13e2b4d6b1fd26520e536dbf','eebc61362107eb3e4ae8bf30433e83428d10a99dc1e33c21c1d1f15f7778b469','smtp','192.0.2.7','tanto@kensetsu.example.jp','["hosho@city.example.jp"]','2026-11-22 01:00:00+00:00',77,'received',NULL,NULL,'',0,'2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00','',NULL,'',NULL,'[]',NULL,X'00686F73686F2D7365616C656431004B386FC39FD82E45797A30ABCF5C57C5E2165BD2D526005A173AF35C78FBE063F7AC6E69A4D5C8C0D340D6A057CC53E93FC0DE4DB29755AFD7130E23634D789D951CFF5EB6062BA61D553155CAF5030448621465114AFC54273BCEEE3DCA83B27A188D2047232FEE8FB7C16C61');
INSERT INTO "mail" VALUES(2,'78f5a0736c171f816ebef958c91000607cedaf7bcf8dfc979e138611b63d75a1','4bc48e3f23f607be1c75fe0b3d48d1bd2ff0592833c7993d1d277bbf2c6f6ad7','smtp','192.0.2.7','tanto@kensetsu.example.jp','["hosho@city.example.jp"]','2026-11-22 01:00:00+00:00',75,'sorted','notice_found',NULL,'',0,'2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00','tanto@kensetsu.example.jp','sealed1:4b386fc3:gAAAAABrDqZ9WNaKct6dHqi-IYmR7nUv3CfLQWTeFWXJr47IiCbRGed3bStaWQfKq_DdqUqvj4eEUGGZtAXDCqpniTINUWxUTlPWxeNOVm8sHU4pT3dZQqKmFGL04iWqw317kcxs98XCbN6aFGpSYyluMM3RlS59_g==','',NULL,'[]',NULL,X'00686F73686F2D7365616C656431004B386FC31A257FCE19532D64F67F5B579026F7EFB448C42A153B7A6779BDDAA23088CF7530EE77D2E4B2C7B8300D6EE4448D05182ACF43288908A9544680E63007F80CB3FAE5B8221D585B87E4445A0046CB12E03CD4CEF7652581ECFDCD301302A976FA3293B2E8204C6B');
INSERT INTO "mail" VALUES(3,'b3d270fc86f926c7d2270fa16bcc8e8d1c121e0d64235412e216053b3e7bbcc1','2941cb3a6c8c88f38fa0b40e9af1f08dd20ac151fb7b877597335f2956ed68ce','smtp','192.0.2.7','tanto@kensetsu.example.jp','["hosho@city.example.jp"]','2026-11-22 01:00:00+00:00',76,'besides','notice_and_question',NULL,'',0,'2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00','tanto@kensetsu.example.jp','sealed1:4b386fc3:gAAAAABrDqZ9dEj8QlgHbDKzRdFv8MR8AgByM6bAYL0ZwbjUEZyuNOYNTKJ4f9tNpkr-2onIatsO_ydeFPPk9asr1svYPuQtgOYDJKL0Gjg1dIAIi_U_XOM0h-Lxsk2NUMIU2cjG0zueG-ArAOOOLnh1cmTWVanFKQ==','',NULL,'[]',NULL,X'00686F73686F2D7365616C656431004B386FC3A2198FA11776D7F75AACC5E06CF4CEB7BE9E4B16501E9862CD9FCA76D9390CE292C7DBDAD4C888A2339924C773C87CE6A22AE44FCB7CA70699CD276BF6A0F74F1FC156EC69F812449637BF686E9A0385D1A96631A2EA36E25987DEDAF7AE838F3622E4E8BEE29D6A');
INSERT INTO "mail" VALUES(4,'b3f95e6af4f71392d2b34063ce4348fb0fe37ee2dbea431b0548f6d8e5a54aa8','aab5ec403e03a4d4e2f55c1f97d4591ac4c1505d68d3721a18206418ee09bae9','smtp','192.0.2.7','tanto@kensetsu.example.jp','["hosho@city.example.jp"]','2026-11-22 01:00:00+00:00',77,'answered','orders_done',NULL,'',0,'2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00','tanto@kensetsu.example.jp','sealed1:4b386fc3:gAAAAABrDqZ9tJV3cDkEoRUPs6TtWP7bI1Fceyc85C5-CwEB65f_J9RmqiI9rCxPbbJT590H9aBE_Z2yGo8xKMvWCzH1WIjDFYwpfM1wZAffo1oq_xlsQQRrM0kQzoNrWEYh2t7ZWsYKUkBhYUGbvQE7LuyiMCMeeQ==','',NULL,'[]',NULL,X'00686F73686F2D7365616C656431004B386FC30E8DC6FE73279E96E75D2AFF38489FFD5199A71EA5B5553E067C5736167CBF98B35869A70463CD20B6173172C36451B8B8617F149780E18DCD69DEA778A256100BD5EFC8AA178AAB9942F4AE93AF75DDED3B5B0DA10F16947405651E1035057FE83778905F3E97FD88');
INSERT INTO "mail" VALUES(5,'e603e1d4990a76c599dfef3f12c8ff60baa26aceee56619d0d04bb6f684c9146','c922f7af44afea368120a75cf95da87835228e58f9107a921137bd7de9784675','smtp','192.0.2.7','tanto@kensetsu.example.jp','["hosho@city.example.jp"]','2026-11-22 01:00:00+00:00',78,'passed_on','no_notice',NULL,'',0,'2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00','tanto@kensetsu.example.jp','sealed1:4b386fc3:gAAAAABrDqZ9gHKzvO6AnCeUKqrgCXjHJBAnx9HIJ70SmyMhtLrhgkT3H8SE1UNmBf-Uglen51YFwNY8ICvyyzv2KV6uVvkrjaFy-1qlRFbmWdQxMqDsjQTo-RaAIz6QBufFMJ1M5GKlOHI0UHIOklFEiWZIfGiKdQ==','',NULL,'[]',NULL,X'00686F73686F2D7365616C656431004B386FC37C35D30934BD24779028F1EA82B4BF761C50642D26814396F171EA023BED77C8B5FF0EB851F6FBB715DAC1C9A5B71E834DC5F8E72BF617DBD3D314D22AF4EC983E82202C8226BD6527C0DF9CC5283728CAE7DAABCF4A78A22D06751C293503ADF4BFD557923294202610');
INSERT INTO "mail" VALUES(6,'a68716daa2db89d5228928f33646c3d5f0891d147c3304cb6114852648e347a6','64cfeb50f212d8344953f83ca42f3346a2ac5b4afe0f7f53450103836875bd94','smtp','192.0.2.7','tanto@kensetsu.example.jp','["hosho@city.example.jp"]','2026-11-22 01:00:00+00:00',74,'asked','notice_wanted',NULL,'',0,'2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00','tanto@kensetsu.example.jp','sealed1:4b386fc3:gAAAAABrDqZ9UAmbgZuSq7z4yruYSgKGBZBOV9SY006pQxzr4zCJ2P3aO0OGetgqfQ_UT3z7uChjc2fasfFpyc21whk0oRLuHM0Z-ppacjWClIpNNoBteuYKDeviLkrtkArnNnRS58RxpOtth_fcCQoA_doLJio5Fw==','',NULL,'[]',NULL,X'00686F73686F2D7365616C656431004B386FC312803BC1DBC7E179C0ADEE64F80D70793672C882C732C1AE2637715D2E740A0046EDE3515D15721C2183742C601A87C4C331430E26A8FFB985F93BEAEF64933BA6146D3060C0B180DC1C8C81B7E2D202CFE0209DB0C0A0A843DCE95DEC8E0C81A69AF6D8F9BD');
INSERT INTO "mail" VALUES(7,'ce39856afd8fd64a1d5135d0212e7886b2cad4e9adb1170c4acb5e76596447bc','4f2cc9b71472a1e0d051242f2566a7f0bedac5980fabcfc6b019e17f4c691b44','smtp','192.0.2.7','tanto@kensetsu.example.jp','["hosho@city.example.jp"]','2026-11-22 01:00:00+00:00',76,'ignored','automatic_reply',NULL,'',0,'2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00','tanto@kensetsu.example.jp','sealed1:4b386fc3:gAAAAABrDqZ9u3BcLdS7zdjgPaBmCxd7HzqPqyaYniXcky_Ycn67nzc3MwCTPhcNgqCZ7LiYJkULH8_UZkDpbEh6757yqz0bJKmVkI8aeJNLH_pd6JKfus6K_skzMINXzz51uxiC5dh-eQTsGct-LvUzySpMgnk07g==','',NULL,'[]',NULL,X'00686F73686F2D7365616C656431004B386FC360E7A8FE9798A65386284BC818013209E509C41F9F9839DF3B46397A841851C128007A324B43C214D565A444D17C960A15DE661CAD47B482B6259E5162D49507D497E71235BF6D22B1FC113825AE797CEC1AD2D761BA2E83D3D30460433B3E2685F88FB573C60A21');
INSERT INTO "mail" VALUES(8,'c73bb9c04d1f5e5cf73bf1941c77e35494caa269d828e5337521e1e45c14947d','f73959281c585ac4b701219e15b8c47c9b4b90f8c54e4526064bc3cfbd77add6','smtp','192.0.2.7','tanto@kensetsu.example.jp','["hosho@city.example.jp"]','2026-11-22 01:00:00+00:00',75,'parked','reading_failed',NULL,'',0,'2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00','tanto@kensetsu.example.jp','sealed1:4b386fc3:gAAAAABrDqZ9ZacX-cIccmkE3XB_EGD0QxYIVV6xCyuszug9Ejm8ZE4eA9ULPM9gZMYqZY0cuKXOpmwtn-mVGbmytKD84PrnAt3JaVOMEBQTGSPnM3mwHgs9hhhGfkKnO63NqdImMRWZzPlOP0aEiHKd5VYS8x18qg==','',NULL,'[]',NULL,X'00686F73686F2D7365616C656431004B386FC3E1400B3D12116C5F756665522B04BFE878C6773D71D50458571C1224927593AA15FF7DF43A9542A9B949651DB6A21A7A72BA1A2FB9654C1BCBE9C9CBFE532268B80F074313884F7A32109622ED668871858704D8D2ED4E46AA6CA0AB7D3A7F1BF86E4C85D7B820');
INSERT INTO "mail" VALUES(9,'5da1716b637092d7722f0acae5c2a1dfb9adcc2ac58b89ef3294f33609686fed','65bb4d92e5f09ff3fad17a401b22a5d5c7a4e928f62a60419e576ba05bccf280','smtp','192.0.2.7','tanto@kensetsu.example.jp','["hosho@city.example.jp"]','2026-11-22 01:00:00+00:00',77,'released','clerk_released',NULL,'',0,'2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00','tanto@kensetsu.example.jp','sealed1:4b386fc3:gAAAAABrDqZ9O8vs-yjxak5n2nwTyGVLmOwfeMGPWRtorhUKmD9SucnAgxGSUstm-hJ6eWA1E_pqrEaBNLqYQZBOLs1tLlsiRW6Ble4IyNdKlTwijyKTlNGRnv-rlvoUBV6hG6fGyK2BnvBTxtRTSV2_xGnyy8K_2Q==','',NULL,'[]',NULL,X'00686F73686F2D7365616C656431004B386FC318E77F717B758FA22A339EE630C0FEADF6BFB6297C38C09181D2CF5C8AB3B1367C9A34C24EFC0869AC26C1D86F1F44D72C907FFAAD77897B05167798EF3FC9F2FDA3D07D386DD6091A408260CBCD691888EDEFD62D34540F331BFA2007A5A99F65BB41C7E9E9C51EC2');
CREATE TABLE mail_place (
    mailbox TEXT NOT NULL,
    name TEXT NOT NULL,
    mail_id INTEGER REFERENCES mail (id),
    noted_at TEXT NOT NULL,
    is_canary INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (mailbox, name)
);
INSERT INTO "mail_place" VALUES('hosho@imap.example.jp/INBOX','1/7',NULL,'2026-11-22 01:30:00+00:00',0);
CREATE TABLE mailbox_check (
    mailbox TEXT NOT NULL PRIMARY KEY,
    checked_at TEXT NOT NULL,
    days INTEGER NOT NULL,
    on_server INTEGER NOT NULL,
    known INTEGER NOT NULL,
    missing INTEGER NOT NULL,
    recovered INTEGER NOT NULL
);
INSERT INTO "mailbox_check" VALUES('hosho@imap.example.jp/INBOX','2026-11-22 01:30:00+00:00',7,9,8,1,1);
CREATE TABLE mailbox_memory (
    mailbox TEXT NOT NULL PRIMARY KEY,
    memory TEXT NOT NULL,
    looked_at TEXT NOT NULL
);
INSERT INTO "mailbox_memory" VALUES('hosho@imap.example.jp/INBOX','{"uidvalidity": 1, "uid": 7}','2026-11-22 01:30:00+00:00');
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    dedupe_key TEXT NOT NULL UNIQUE,
    letter TEXT NOT NULL,
    recipient TEXT NOT NULL,
    recipient_fold TEXT NOT NULL,
    reverse_path TEXT NOT NULL,
    quoted TEXT NOT NULL,
    message_id TEXT NOT NULL,
    submission TEXT NOT NULL,
    guarantee_id INTEGER REFERENCES guarantee (id),
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    reply TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    queued_at TEXT NOT NULL,
    next_attempt_at TEXT NOT NULL,
    owner INTEGER,
    done_at TEXT,
    content BLOB NOT NULL,
    unsure_attempts INTEGER NOT NULL DEFAULT 0,
    counted_as TEXT NOT NULL DEFAULT '',
    counted_domain TEXT NOT NULL DEFAULT '',
    consent_id INTEGER REFERENCES consent (id),
    consent_at TEXT,
    consent_seen INTEGER
);
INSERT INTO "outbox" VALUES(1,'receipt/1','receipt','tanto@kensetsu.example.jp','tanto@kensetsu.example.jp','','sealed1:4b386fc3:gAAAAABrDqZ95lduMqwTydfaC2cKhe4d3GI84p1SaQYShYEQoho6d2LaImbxnn4Y9OTNP_zDDNZ_JBgaOq4oQdevk1DlzVo4B2AihgfhVZzXZbvJp6bBGo_T4KyHyKNBWuIBP2WcPtwciyPxkyh5q1LnUdpPg9lKCM15XIWUaGP6MAMR-AKQO_fDYIdwSCkjCuIyWVf3l5As','<receipt/1@city.example.jp>','20261122-0002-1',NULL,'queued','relay_deferred','',0,'2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00',NULL,NULL,X'00686F73686F2D7365616C656431004B386FC39F6037902C45275693FDDBC1DCB1FFC82163D5C65AAE8DD543004A9829D73E643909B607E31F22175F8D3E3EB708BE1551664C',0,'tanto@kensetsu.example.jp','example.jp',NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(2,'receipt/2','receipt','tanto@kensetsu.example.jp','tanto@kensetsu.example.jp','','sealed1:4b386fc3:gAAAAABrDqZ9rGLqrqZYeiEkjYjawxs4ZFZGFZcVlaC0qptNechQwxka4wNg88_yJI-lMwtHrT4k0lmX5TZ3cixEjcw6c0fnn1LQ1keHj3ZheeFW-WJFvgcIfY2vjShZrFe3b9DSKFryAHwoXF7DITqGrRibHozkZB9O93Xl7T2XBW3_HmUj0iSnQYF8-iSLdgdypxEf3xih','<receipt/2@city.example.jp>','20261122-0002-2',NULL,'hold','clerk_held','',0,'2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00',NULL,NULL,X'00686F73686F2D7365616C656431004B386FC3865F7DDE500A61DC297C51CD38EF9203F8C66E6ABF5F08A6DD2B8827B1278A8C64BA30C072BEA87FACF71CABDF081535A38087',0,'tanto@kensetsu.example.jp','example.jp',NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(3,'receipt/3','receipt','tanto@kensetsu.example.jp','tanto@kensetsu.example.jp','','sealed1:4b386fc3:gAAAAABrDqZ9QFVZ2UpWYD2NsIBMv2l8f-HkiEw9sztel8FD7HiwT-Pp7emYttaQoi5mOE1rjuRykDSynp468fdi4pY7NdVzosomN9gpaBSA5a-hS5ZoxxWOkzxnIjFA4jJebmXEIAMDLO0eMBZOmhY8cULf1FAkOLkY1XDRdKSoqZ3lWnahVZoWj-Xq8K3JwkNi9TR8gQXz','<receipt/3@city.example.jp>','20261122-0002-3',NULL,'delivered','relay_accepted','',0,'2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00',NULL,NULL,X'00686F73686F2D7365616C656431004B386FC3F3879DA879866DD1DFD729F2E048CACBC025F7FD38B4C27B2E3CA19CBD70734819D25A8F6F0A3D423A1E95D15D9283AE271FC6',0,'tanto@kensetsu.example.jp','example.jp',NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(4,'receipt/4','receipt','tanto@kensetsu.example.jp','tanto@kensetsu.example.jp','','sealed1:4b386fc3:gAAAAABrDqZ98-QyUiTLBgpawx3OokIat8ryiVLi9GrSoGe23avOTXtBzuAZQFKAzR8p_5__29vYuEK-Z-rDY4pj83cXwXyi_WOUVJsgHGJ3CJvLW58_uy52KicpYDrHM9B3376FuqCxWm2i4I8p_nLSa_rme057HLIHjNI1nMYPFoDtcz2Fa3nfqD6yOfdYG0pTuO2oVBFu','<receipt/4@city.example.jp>','20261122-0002-4',NULL,'bounced','relay_refused','',0,'2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00',NULL,NULL,X'00686F73686F2D7365616C656431004B386FC33F92E42A63A4A5275DA488610343C8DE76C36B0A320F7701CCDC1D055B89ECCC5B73A24062B6DCDCF0E7E08D18CB7A6457E7FC',0,'tanto@kensetsu.example.jp','example.jp',NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(5,'receipt/5','receipt','tanto@kensetsu.example.jp','tanto@kensetsu.example.jp','','sealed1:4b386fc3:gAAAAABrDqZ9f9AstluUdovNteEsOBFGidVKkjhd2IbLnkFc_vg3mqm5u063O8YDaz_bXI79sVZ7AZ-vwgGApz96glKvj7DNQ78fImgC0Y4f-vi7Rr3WJ5pJ0y5URDoEwF67tfk0FcS3yNkdgFZwc1S1jXw1kkFfVLndBH-yrjp8UjU8Ugk21hgPdAxHRNW3Sxb7kjRovOnh','<receipt/5@city.example.jp>','20261122-0002-5',NULL,'expired','too_old','',0,'2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00',NULL,NULL,X'00686F73686F2D7365616C656431004B386FC382951EAD9E487553969B0DA234DB49D1391E8960C6AA8B8AD589746A321D9FB52024ED5EF722094FD019CF4ECA0AE12B091350',0,'tanto@kensetsu.example.jp','example.jp',NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(6,'receipt/6','receipt','tanto@kensetsu.example.jp','tanto@kensetsu.example.jp','','sealed1:4b386fc3:gAAAAABrDqZ9aKUzFVCkqslcCYn9Jht0YFVGVTW50hMt2vloO_ZohSRjxvZKErH7A5NFbwp1XfOaM5fB-fy1r6XeMthYjAb91U2PX4SpDoOuD1p-05XyUZ3dZZBv28ee1X0h72AWRp0VwDeak46WCinuyrg00nNtnpf3kE7j_zXa3PbmTgCuJu9xGAxKt3tW0SCeXyeBK2kI','<receipt/6@city.example.jp>','20261122-0002-6',NULL,'cancelled','clerk_cancelled','',0,'2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00',NULL,NULL,X'00686F73686F2D7365616C656431004B386FC3D82D10A3F2AFBC45739F2537F90FC3BFD299E92DC1717E74A8F56CF219A6485FE9F7E20D4E50B3EF79BF6E054FA881150D1081',0,'tanto@kensetsu.example.jp','example.jp',NULL,NULL,NULL);
INSERT INTO "outbox" VALUES(7,'reminder/1','reminder','tanto@kensetsu.example.jp','tanto@kensetsu.example.jp','','sealed1:4b386fc3:gAAAAABrDqZ-wRwMDgGLIYk3RU4d5asn0zLhn_65XzSQHtW2wEDNwHAPL56b7m--sIXdcDPdLlBzMqVENSlgjLulcwDeuE7vS5RprwXigT-tajx6MFVUDKvhXP3V4gXejbwzLMM0hfeK1Tb1mo8vdLnIo4RydYMw5tIQMj08mXI2UX8CQhfJjJuhRxH4Vos7FsiGRXlQwhXP','<reminder/1@city.example.jp>','20261122-0001-1',NULL,'queued','waiting','',0,'2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00',NULL,NULL,X'00686F73686F2D7365616C656431004B386FC3F94C7040FD0DE53C22DA56C642B5AD945A951ACBCA2540500540DEE900FCC4378CAF897597E6F7BA82B7F0DAF35FC0E1F21C12',0,'tanto@kensetsu.example.jp','example.jp',NULL,NULL,NULL);
CREATE TABLE reminder (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    about TEXT NOT NULL,
    recipient TEXT NOT NULL,
    level INTEGER NOT NULL,
    told_at TEXT NOT NULL,
    count INTEGER NOT NULL,
    outbox_id INTEGER NOT NULL REFERENCES outbox (id),
    UNIQUE (kind, about, recipient)
);
INSERT INTO "reminder" VALUES(1,'held_too_long','submission/20261122-0002-1','keiyaku@city.example.jp',1,'2026-11-22 01:30:00+00:00',1,7);
CREATE TABLE reminder_done (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    about TEXT NOT NULL,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    note TEXT NOT NULL,
    UNIQUE (kind, about)
);
INSERT INTO "reminder_done" VALUES(1,'notice_without_claim','submission/20261122-0002-2','2026-11-22 01:30:00+00:00','契約課A','紙');
CREATE TABLE schema_version (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL, checksum TEXT NOT NULL);
INSERT INTO "schema_version" VALUES(1,'0001_tables','2026-11-22 01:30:00+00:00','29f48c2d4c4c6cc11caf4696cc44a652de630c0524560953ca1cf060a84e1d39');
CREATE TABLE submission (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    receipt_number TEXT NOT NULL UNIQUE,
    mail_id INTEGER NOT NULL REFERENCES mail (id),
    state TEXT NOT NULL,
    state_at TEXT NOT NULL,
    reasons TEXT NOT NULL,
    product TEXT,
    number TEXT NOT NULL,
    quoted TEXT NOT NULL,
    auth_key TEXT,
    key_mark TEXT NOT NULL,
    read_from TEXT NOT NULL,
    guarantee_id INTEGER REFERENCES guarantee (id),
    sender TEXT NOT NULL,
    received_at TEXT NOT NULL,
    sender_proven INTEGER NOT NULL,
    moved_from TEXT NOT NULL DEFAULT ''
);
INSERT INTO "submission" VALUES(1,'20261122-0002-1',2,'held','2026-11-22 01:30:00+00:00','["not_in_register"]','advance_payment','00123-000001','sealed1:4b386fc3:gAAAAABrDqZ9miayDyaqF6i3YJtr8dh9wmvUyCe8k7xYHLSUVRAZvJ8B1QnZKaAjroxL9HcDByWU5xwcsOA5V_Q8Fvz9pbQ2ADiV7lgA-tXZjXhjTZS1KULArW0aKsxS6-Of_hS4h6UNqWKRc91DjQ-WU7iDTb1QV2e9b010yxMNAo2pGnXxLwZuge-Px1zQktBKoufUUjozzPQnFxyuShNf0nrMK7aTFCDp1xassig93TPshpYFFCRZZXcAune8mnaakSZB6AvHJJuAvb9yb4D098FIru0DxwAqqRloJumnM9dKddB4cXbLjACe-fD_4TkgNlr_fvP81JfuESmUvWwuFP7i9YgMn-7LYBQ5vubBN16S5wl7qTmS_9u-XNtqwzhHzXB-XXbNStbMgh3ThFwW-ifmxneG5-9lmbKnEtlhtRtR8o1T2fq5tH3FIVv2N3KjY2tdKyCom8MOQratQGSdhM0y8QQ0KpI3t46E0KNuVR9FTAlXSVAv5SFgqQDSFFWHg9I3MjpN','sealed1:4b386fc3:gAAAAABrDqZ9j1PQ7jViY6QapGX_cC2RjzVCAz2F4u9I_sTnQzFNVqyIdxOp2UMGbIFpBKvEQRNJp-My7KPLRAddL0UzMYZjOA==','d0205d5930a4f439dd37231841abd7daf1ca264dc72b662c57a55af4354ac863','pdf_text',NULL,'tanto@kensetsu.example.jp','2026-11-22 01:00:00+00:00',1,'');
INSERT INTO "submission" VALUES(2,'20261122-0002-2',2,'accepted','2026-11-22 01:30:00+00:00','["number_matches"]','advance_payment','00123-000002','sealed1:4b386fc3:gAAAAABrDqZ9nIaO7yfyVL9-PLSWKrCoXJ5UfY8F0y3d7Dxm48JkQhfKtvb3HjBkuPafObkE7awDTQjNl5Qg8YK6G3F11UG5mZ1ky3rEBChRCUkToP3WAs37BTQHf9J7ZOkNGh4N2p5CTz9mPNvOQMPQXFgOc9KA0LmmxLhR5gGMK-P8RBSYL4XbDgAsDvTJjfCE6ewxQby7uLbuesBC_Z_56yhR5CcjVIOXqrEEX7uQONDmcGx0d9v53WYEnNwO1FPRnN2SbFRMwWi8Gbs_ndUmxOyiEaS8n_GL2NdWNaz6VEtvueOwFW3WrI8NaxF2SL5UtBAmd2CaSFYiMiGdD4At37Psurs96P85ClRMnhgDWvD4WBI277HxgJKjDeIsGbqH2lurJ_FjYFgPcmoaeoYBj_oo1wz9KBp6O5xaOJj5z2pFPW_Y8ZEYZ7jJqio19eD_kRlTy_QHr6d303RWsSMa-xpL1CZaZqAKRI-n71CftLKMM8U9h0ebmAIpbv6OeMV0CbxEp1rh','sealed1:4b386fc3:gAAAAABrDqZ9Tey2um_2iwrENrZhZBo8xbTb59XFMnT1GQaJjq296RTgZ3qKm9xrxL8neRXpA6DOw_lXh5m0dqgX8Ug6N8jiDw==','d0205d5930a4f439dd37231841abd7daf1ca264dc72b662c57a55af4354ac863','pdf_text',2,'tanto@kensetsu.example.jp','2026-11-22 01:00:00+00:00',1,'');
INSERT INTO "submission" VALUES(3,'20261122-0002-3',2,'refused','2026-11-22 01:30:00+00:00','["clerk_refused"]','advance_payment','00123-000003','sealed1:4b386fc3:gAAAAABrDqZ9imCnUNheslXaAYziSZpVTygFbuZ8X0DikJqNwu2F8gwCJDLnRDlhNtumHStMKwE21Ava-FCN560Wjq41PyuSsXNc-DiU4L4T2F2hDq5oEqOIfrnSw43oZVwwpwoE69yTJeHz0SSr4lZJZTaWfYTurQTxibWpC32hDOiLP-LpBW6jjoTHgjQaxhO4IIGXzMIgQBJc1CnkrT8kUcA_TcXnO03m31Z5-8V5AB5w7eMRe-IbVsTrYVDMs4VnvgmTbsZa1YZ1rzyJcPAGtLQrqrb7XmBxesypVaBBKhAp-Ru9huCpHHsG63Y31LVF4_5c6912PI8aDKkJMdXvcVIOlF24zCVW6cy7G2DAdYyUfp6O3keCuuCKBDm1UnEOosiQLwfdRtKCaHkwMBEw93yG4bFw3l0aRL4IOSIalXMaJnK2Sx65ZxAwyl5ixwgp0NdJ3OXVlOKokcyTh5iZZ0mssM2EtTsoW9jyqEaFdmRYucNvWN2UasIiijfTmXkcQMBrDtsn','sealed1:4b386fc3:gAAAAABrDqZ9j1Nyz8emyg403o6ze2flTZlcv5IzuoH2XuCbpNA87aL9i80otbGjmyTNb3LUfaf3uObqO7F0zz4YeP4myb6dag==','d0205d5930a4f439dd37231841abd7daf1ca264dc72b662c57a55af4354ac863','pdf_text',NULL,'tanto@kensetsu.example.jp','2026-11-22 01:00:00+00:00',1,'');
INSERT INTO "submission" VALUES(4,'20261122-0002-4',2,'duplicate','2026-11-22 01:30:00+00:00','["same_as_accepted"]','advance_payment','00123-000004','sealed1:4b386fc3:gAAAAABrDqZ94KgFyXLeUmtKrtLfBB73Gk3taxFydLwzl8nxxh8CX22LUnsQGZpM-XCwbR2kHKhsmoekzliIEF1B1jxEUPfXal6Lm19WklCswEr8dIJPhyTeXx_1X3priY6dVqVusyznmVlvZ24uBHhiyXPgxOKKW3sKLpoFpXHXUeQYZ7IgP78B1yy0OPkGJW9o0zRvP8jJcH6ouTI2XXRwxqoGMWj4VlU7ZcqXa5prwlS4Zi4Ri2HJ4kuAm2l2UqMOlIGs2DNvwCvSHgMMY18ucp3WGQU_W6MUQhhceoOxe-ps9QoP3cH1211vqRkBGWGlmxBqXA6uYW42p9V9pxTCHLM4DpBOJciwDCGWz5C2ZWkQiSnM9ykZcowpS3bws1J1bi2R0HNXEBR3GkspgMw-dIl2khy1H8EwhZpn6O2E2NHxXqcVKm9nwVtyINXKfuey5Q63tBng0TrSEbnNEZKJVkmU855u--MYxVcUSnzmXQlBD29GGek48HIT7U8OPj1iXZKYhUbw','sealed1:4b386fc3:gAAAAABrDqZ9M8cIxU0vBov3QeWRkXb27goyf2wr8hjBMDCDSq44-2HPR7rh7uEzUIZKMZ31hsGLpbb-6XIA1aGEW3_hQlanXA==','d0205d5930a4f439dd37231841abd7daf1ca264dc72b662c57a55af4354ac863','pdf_text',2,'tanto@kensetsu.example.jp','2026-11-22 01:00:00+00:00',1,'');
INSERT INTO "submission" VALUES(5,'20261122-0002-5',2,'verified','2026-11-22 01:30:00+00:00','["verified_in_dsure", "verified_in_dsure"]','advance_payment','00123-000005','sealed1:4b386fc3:gAAAAABrDqZ9eMCo-7l1qFCiZscVONf7j9xjo8eNDVTW3MD0xLiGFL3SJel148IbWShxwlbGjrK2Cs26EPCmgeKQyIAOPEvwekux-IcZLIJi-vNjDAYoI1ukY5GGd_Rwdjk9u6adGa3p-nR7vjYvvA3cypz7x0svTFe80-K4gs-VFvUEpGngqYodT42ps47X0dDm9Y5ujlgQbw3TZfOLzuY8mZJm56Msp_6dOMDIWFdfVfQW9FbDrLNJc3vBIeahSXmLfjNQzT5w979fFMmvOmOZur_96VtxWWiEtrxIWU7p-T6nSOUvgBIir7YUe1CQwNs94sSvQcidSt3mVKdf3MhLkIsxVFfER1AQngwtip8MCSng5VX5eNu8bBoxjSjicZI0P8BI89UNRtx1QbIdWxm3sBfCyFDbzKd8Ksiz6H_zgg4MrBaAwqq-ZWlHVoBConi18NP5hiOU23wEjvMC3sVmP9G9v3WpyLwrYmo7fcrEUkBsibhVBNhsY7p6GqoauCm-mrYfsIUZ','sealed1:4b386fc3:gAAAAABrDqZ9afjd5FH2rBIWZrXJmuS5UeqG3D-FtTV1wLzH3Ud7BOScxBDGfx8yricxFi0qy60rza-frrITZ_c06-QOlmD19A==','d0205d5930a4f439dd37231841abd7daf1ca264dc72b662c57a55af4354ac863','pdf_text',8,'tanto@kensetsu.example.jp','2026-11-22 01:00:00+00:00',1,'');
INSERT INTO "submission" VALUES(6,'20261122-0002-6',2,'superseded','2026-11-22 01:30:00+00:00','["guarantee_changed"]','advance_payment','00123-000006','sealed1:4b386fc3:gAAAAABrDqZ9j6HwJB7NpukAnQOoy_NQwSoAhNxe-7YJGeopsQp5cdOZz_azBWgTLjQwa-NaVAqD-gBeIgk7tAxcdwBE-nVZ2fl92-p6TlM4lrHrF73jT7_YfgetV72xJS2XzTwWC6uF84KNOFLzRl1iiUb0Rnu6DlYeMP0Tq1Q33rZWKOI-PyHO1fcDNo_B0pQ1yKAsZLYCCt0QjuVmrMIT88l3SeQgpExMVOFFnFWjg1elbMJzATkY5yE6VwHfTLlEZEZRlqM-UIuVYY8wJcc4lBOWjNBBya6Snf6cqqPKm3XcgqPLgrrna4A0SeI-otzxHaOCCRCtlCs__3H1dkmjUuA9T0MUezX9CoZk0hyxuH6f3_aOMhvW4n50HeO1TeRP0dy1KG-HHQO9wU9BUMnWT8WVFcjxxCTDC4ttsVNYElw6qOI73nsWzmIHzHdzkwDvvbzQDGtamFkxUVoIxNZRPx8RnAvLT93MmpvIZWayx0EihZFiai_pwSeDP9TXgvCNBQ2coD5w','sealed1:4b386fc3:gAAAAABrDqZ9ZnFMvoRB7eLnnQjzL39ZNKiYU5VXESQLxygCJiwmrNyprzIHbn_8gV3EURiveOxDIATShVRRCd4H1se0y6kj8A==','d0205d5930a4f439dd37231841abd7daf1ca264dc72b662c57a55af4354ac863','pdf_text',NULL,'tanto@kensetsu.example.jp','2026-11-22 01:00:00+00:00',1,'');
CREATE TABLE ticket (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    token TEXT NOT NULL UNIQUE,
    outbox_id INTEGER NOT NULL REFERENCES outbox (id),
    desk TEXT NOT NULL,
    expires_at TEXT NOT NULL
);
INSERT INTO "ticket" VALUES(1,'ABCDEFGHJKLM',1,'契約課','2027-02-20 01:30:00+00:00');
CREATE TABLE ticket_case (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket_id INTEGER NOT NULL REFERENCES ticket (id),
    place INTEGER NOT NULL,
    receipt_number TEXT NOT NULL,
    mail_id INTEGER REFERENCES mail (id),
    candidates TEXT NOT NULL,
    spent_at TEXT,
    UNIQUE (ticket_id, place)
);
INSERT INTO "ticket_case" VALUES(1,1,1,'20261122-0002-1',NULL,'[]',NULL);
CREATE TABLE vault (
    only_one INTEGER NOT NULL PRIMARY KEY CHECK (only_one = 1),
    key_id TEXT NOT NULL,
    secret TEXT NOT NULL
);
INSERT INTO "vault" VALUES(1,'4b386fc3','sealed1:4b386fc3:gAAAAABrDqZ99AvzNNEVUthAKVaWanp2sPB0gFk1sJrB1gWem8V47xQgfjUNJ1XHZ3Zw_Xg6jItFfu5gRJcEphqt5Kp_LSzbdrHX7SU3LGGrXLJnZOx9XrSYtn9P1uWEq3DL8nTTGcYo');
CREATE TABLE withheld (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    mail_id INTEGER NOT NULL REFERENCES mail (id),
    letter TEXT NOT NULL,
    limit_hit TEXT NOT NULL,
    about TEXT NOT NULL
);
INSERT INTO "withheld" VALUES(1,'2026-11-22 01:30:00+00:00',2,'receipt','address','a@example.jp');
CREATE TABLE worker (
    name TEXT NOT NULL PRIMARY KEY,
    started_at TEXT NOT NULL,
    done_at TEXT,
    failing_since TEXT,
    failures INTEGER NOT NULL,
    trouble TEXT NOT NULL
);
INSERT INTO "worker" VALUES('reading','2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00',NULL,0,'');
INSERT INTO "worker" VALUES('sending','2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00',NULL,0,'');
INSERT INTO "worker" VALUES('folder','2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00',NULL,0,'');
INSERT INTO "worker" VALUES('register','2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00',NULL,0,'');
INSERT INTO "worker" VALUES('clock','2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00',NULL,0,'');
INSERT INTO "worker" VALUES('rematching','2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00',NULL,0,'');
INSERT INTO "worker" VALUES('issued','2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00',NULL,0,'');
INSERT INTO "worker" VALUES('summaries','2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00',NULL,0,'');
INSERT INTO "worker" VALUES('reminders','2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00',NULL,0,'');
INSERT INTO "worker" VALUES('entry_results','2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00',NULL,0,'');
INSERT INTO "worker" VALUES('alarms','2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00',NULL,0,'');
INSERT INTO "worker" VALUES('disposal','2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00',NULL,0,'');
INSERT INTO "worker" VALUES('canary','2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00',NULL,0,'');
INSERT INTO "worker" VALUES('heartbeat','2026-11-22 01:30:00+00:00','2026-11-22 01:30:00+00:00',NULL,0,'');
CREATE INDEX mail_by_state ON mail (state, id, next_attempt_at);
CREATE INDEX mail_turns ON mail (mail_from, sender, next_attempt_at, attempts, id) WHERE state = 'received';
CREATE INDEX mail_earlier ON mail (CASE WHEN COALESCE(mail_from, '') = '' THEN sender ELSE lower(mail_from) END, id, next_attempt_at) WHERE state = 'received';
CREATE INDEX mail_asked ON mail (lower(sender), id) WHERE state = 'asked';
CREATE INDEX mail_by_entry ON mail (entered_by) WHERE entered_by IS NOT NULL;
CREATE INDEX mail_by_received_at ON mail (received_at);
CREATE INDEX mail_by_state_at ON mail (state, state_at);
CREATE INDEX withheld_by_at ON withheld (at);
CREATE INDEX guarantee_by_contractor ON guarantee (contractor_core, state, id);
CREATE INDEX guarantee_by_project ON guarantee (project_fold);
CREATE INDEX guarantee_by_jv ON guarantee (jv_fold, state, id) WHERE jv_fold <> '';
CREATE INDEX guarantee_by_works_fold ON guarantee (works_fold) WHERE works_fold <> '';
CREATE INDEX guarantee_by_email ON guarantee (lower(email)) WHERE email <> '';
CREATE INDEX guarantee_by_domain ON guarantee (replace(lower(email), rtrim(lower(email), replace(lower(email), '@', '')), '')) WHERE email <> '';
CREATE INDEX guarantee_by_state ON guarantee (state, id);
CREATE INDEX guarantee_version_of ON guarantee_version (guarantee_id, revision, id);
CREATE INDEX guarantee_seen_of ON guarantee_seen (version_id, id);
CREATE UNIQUE INDEX submission_taken ON submission (guarantee_id) WHERE state IN ('accepted', 'verified');
CREATE INDEX submission_by_number ON submission (number);
CREATE INDEX submission_by_guarantee ON submission (guarantee_id);
CREATE INDEX submission_by_key ON submission (key_mark);
CREATE INDEX submission_by_sender ON submission (lower(sender), received_at);
CREATE INDEX submission_by_domain ON submission (replace(lower(sender), rtrim(lower(sender), replace(lower(sender), '@', '')), '')) WHERE state IN ('accepted', 'verified');
CREATE INDEX submission_by_mail ON submission (mail_id);
CREATE INDEX submission_by_state ON submission (state, state_at);
CREATE INDEX consent_by_address ON consent (address, id);
CREATE TRIGGER consent_no_update BEFORE UPDATE ON consent
BEGIN
    SELECT RAISE(ABORT, 'consent is append-only');
END;
CREATE TRIGGER consent_no_delete BEFORE DELETE ON consent
BEGIN
    SELECT RAISE(ABORT, 'consent is append-only');
END;
CREATE INDEX outbox_by_state ON outbox (state, next_attempt_at, id, recipient_fold);
CREATE INDEX outbox_by_counted_as ON outbox (counted_as, created_at, letter, state);
CREATE INDEX outbox_by_counted_domain ON outbox (counted_domain, created_at, letter, state);
CREATE INDEX outbox_by_letter ON outbox (letter, created_at, state);
CREATE INDEX outbox_by_recipient ON outbox (recipient_fold, created_at);
CREATE INDEX outbox_by_message_id ON outbox (message_id);
CREATE INDEX outbox_by_reverse_path ON outbox (reverse_path);
CREATE INDEX outbox_by_submission ON outbox (submission);
CREATE INDEX ticket_by_outbox ON ticket (outbox_id);
CREATE INDEX reminder_by_outbox ON reminder (outbox_id);
CREATE INDEX journal_by_subject ON journal (subject_kind, subject_id);
CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('guarantee',8);
INSERT INTO "sqlite_sequence" VALUES('guarantee_version',8);
INSERT INTO "sqlite_sequence" VALUES('consent',9);
INSERT INTO "sqlite_sequence" VALUES('journal',50);
INSERT INTO "sqlite_sequence" VALUES('mail',9);
INSERT INTO "sqlite_sequence" VALUES('submission',6);
INSERT INTO "sqlite_sequence" VALUES('outbox',7);
INSERT INTO "sqlite_sequence" VALUES('ticket',1);
INSERT INTO "sqlite_sequence" VALUES('ticket_case',1);
INSERT INTO "sqlite_sequence" VALUES('withheld',1);
INSERT INTO "sqlite_sequence" VALUES('guarantee_seen',1);
INSERT INTO "sqlite_sequence" VALUES('alarm',1);
INSERT INTO "sqlite_sequence" VALUES('reminder_done',1);
INSERT INTO "sqlite_sequence" VALUES('reminder',1);
COMMIT;
