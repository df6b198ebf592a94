"""What a verification says, in three languages."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "verified": "VERIFIED",
        "not_verified": "NOT VERIFIED",
        "case": "case {id}, revision {revision}",
        "violation": "violation {id}, revision {revision}",
        "unknown": "a damaged file",
        "bytes": "{files} files, {size} bytes; no byte is unaccounted for",
        "statement": "the statement over all files is signed by {key}",
        "log": "{records} records are in the log {log} ({leaves} leaves), signed by {key}",
        "messages": "{readings} messages as they came; {roots} roots of days computed again",
        "judged": "{violations} violations and {cases} cases judged again from them: equal",
        "note": "not compared",
        "given": "The keys are those that you gave.",
        "inside": (
            "The keys are those in the file itself. So it has not been changed since it was signed "
            "with them. WHO signed it you know only if you compare them with the keys that the "
            "authority publishes, or give those with --keys."
        ),
        "trusted": "given",
        "untrusted": "only known from the file",
        "more": "... and {count} more",
        "ARCHIVE": "The file is not as it was packed",
        "MANIFEST": "The manifest cannot be read",
        "MISSING": "A file is missing",
        "UNACCOUNTED": "A file is there that does not belong there",
        "HASH": "A file has been changed",
        "KEYS": "The list of keys cannot be read",
        "STATEMENT": "The statement does not hold",
        "CHECKPOINT": "The checkpoint of the log does not hold",
        "PROOF": "A record is not proved to be in the log",
        "UNTRUSTED": "It is signed, but by none of the keys that you trust",
        "UNSEALED": "The file proves nothing by the log",
        "UNSIGNED": "The file is not signed",
        "RECORD": "A record cannot be used",
        "ROOT": "The messages are not those under the root of their day",
        "MESSAGES": "The messages are not what they are said to be",
        "RULES": "The rules are not those it was judged by",
        "REGISTRY": "The registration cannot be used",
        "DIFFERENT": "What was published is not what its data give",
    },
    "ru": {
        "verified": "ПОДТВЕРЖДЕНО",
        "not_verified": "НЕ ПОДТВЕРЖДЕНО",
        "case": "дело {id}, редакция {revision}",
        "violation": "нарушение {id}, редакция {revision}",
        "unknown": "повреждённый файл",
        "bytes": "файлов {files}, байтов {size}; неучтённых байтов нет",
        "statement": "заявление обо всех файлах подписано ключом {key}",
        "log": "записей {records} в журнале {log} (листьев {leaves}), подписан ключом {key}",
        "messages": "сообщений {readings}, как они пришли; корней суток вычислено заново: {roots}",
        "judged": "по ним заново: нарушений {violations}, дел {cases}; совпадает",
        "note": "не сравнивалось",
        "given": "Ключи — те, которые задали вы.",
        "inside": (
            "Ключи взяты из самого файла. Значит, после подписания ими он не изменён. КТО "
            "подписал, известно, только если сравнить их с ключами, которые публикует орган, или "
            "задать те через --keys."
        ),
        "trusted": "задан вами",
        "untrusted": "известен только из файла",
        "more": "... и ещё {count}",
        "ARCHIVE": "Файл не такой, каким был упакован",
        "MANIFEST": "Опись не читается",
        "MISSING": "Файла нет",
        "UNACCOUNTED": "Есть файл, которого не должно быть",
        "HASH": "Файл изменён",
        "KEYS": "Список ключей не читается",
        "STATEMENT": "Заявление недействительно",
        "CHECKPOINT": "Контрольная точка журнала недействительна",
        "PROOF": "Не доказано, что запись есть в журнале",
        "UNTRUSTED": "Подписано, но ни одним из ключей, которым вы доверяете",
        "UNSEALED": "Файл ничего не доказывает по журналу",
        "UNSIGNED": "Файл не подписан",
        "RECORD": "Запись непригодна",
        "ROOT": "Сообщения не те, что под корнем своих суток",
        "MESSAGES": "Сообщения не то, чем они названы",
        "RULES": "Правила не те, по которым решалось",
        "REGISTRY": "Регистрация непригодна",
        "DIFFERENT": "Опубликовано не то, что следует из данных",
    },
    "kk": {
        "verified": "РАСТАЛДЫ",
        "not_verified": "РАСТАЛМАДЫ",
        "case": "іс {id}, {revision}-редакция",
        "violation": "бұзушылық {id}, {revision}-редакция",
        "unknown": "бүлінген файл",
        "bytes": "файлдар {files}, байттар {size}; есепке алынбаған байт жоқ",
        "statement": "барлық файлдар туралы мәлімдемеге мына кілтпен қол қойылған: {key}",
        "log": "{log} журналында {records} жазба бар (жапырақтар {leaves}), қол қойған кілт: {key}",
        "messages": (
            "келген күйіндегі хабарламалар {readings}; қайта есептелген тәулік түбірлері {roots}"
        ),
        "judged": "олар бойынша қайтадан: бұзушылықтар {violations}, істер {cases}; сәйкес келеді",
        "note": "салыстырылмады",
        "given": "Кілттер — сіз берген кілттер.",
        "inside": (
            "Кілттер файлдың өзінен алынды. Демек, қол қойылғаннан кейін ол өзгертілмеген; КІМ қол "
            "қойғаны оларды орган жариялайтын кілттермен салыстырғанда немесе соларды --keys "
            "арқылы бергенде ғана белгілі болады."
        ),
        "trusted": "сіз бергенсіз",
        "untrusted": "тек файлдан белгілі",
        "more": "... тағы {count}",
        "ARCHIVE": "Файл буып-түйілген күйінде емес",
        "MANIFEST": "Тізімдеме оқылмайды",
        "MISSING": "Файл жоқ",
        "UNACCOUNTED": "Болмауға тиіс файл бар",
        "HASH": "Файл өзгертілген",
        "KEYS": "Кілттер тізімі оқылмайды",
        "STATEMENT": "Мәлімдеме жарамсыз",
        "CHECKPOINT": "Журналдың бақылау нүктесі жарамсыз",
        "PROOF": "Жазбаның журналда бар екені дәлелденбеген",
        "UNTRUSTED": "Қол қойылған, бірақ сіз сенетін кілттердің ешқайсысымен емес",
        "UNSEALED": "Файл журнал арқылы ештеңені дәлелдемейді",
        "UNSIGNED": "Файлға қол қойылмаған",
        "RECORD": "Жазба жарамсыз",
        "ROOT": "Хабарламалар өз тәулігінің түбіріндегідей емес",
        "MESSAGES": "Хабарламалар аталғандай емес",
        "RULES": "Ережелер шешім қабылданған ережелер емес",
        "REGISTRY": "Тіркеу жарамсыз",
        "DIFFERENT": "Жарияланғаны деректерден шығатынға сәйкес емес",
    },
}
LANGUAGES: Final = tuple(WORDS)
