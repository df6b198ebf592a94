"""Every quality code, in one table: what it is said of, what it means, what it does to due time.

A code is decided in one of two places: of a whole message in `quality.rejection`, of a channel in
`quality.assess` (and for many readings at once in `quality.assess_columns`).
The table is long; it is one, so that a code is found and never given twice.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

import numpy as np

from schemas.reading import FLAGS
from streams.core.records.bounded_names import FLAG_CHARACTERS, shortened

UNDECODABLE = "UNDECODABLE"
UNKNOWN_SCHEMA = "UNKNOWN_SCHEMA"
UNKNOWN_SOURCE = "UNKNOWN_SOURCE"
WRONG_PARTITION = "WRONG_PARTITION"
TEST_STREAM = "TEST_STREAM"
BAD_PERIOD = "BAD_PERIOD"
FROM_THE_FUTURE = "FROM_THE_FUTURE"
BEFORE_COMMISSIONING = "BEFORE_COMMISSIONING"
TOO_LATE = "TOO_LATE"
BAD_SIGNATURE = "BAD_SIGNATURE"
BROKEN_CHAIN = "BROKEN_CHAIN"
UNSIGNED = "UNSIGNED"
CONFLICTING_DUPLICATE = "CONFLICTING_DUPLICATE"
"""Reasons of the dead letters, in the order in which they are looked for."""

NOT_FINITE = "NOT_FINITE"
OUT_OF_RANGE = "OUT_OF_RANGE"
STATUS = "STATUS_"
STATE = "STATE_"
AUXILIARY_MISSING = "AUXILIARY_MISSING"
OXYGEN_TOO_HIGH = "OXYGEN_TOO_HIGH"
EXCUSED = "EXCUSED"
"""Why a channel does not count, in the order in which they are looked for; STATUS_ is followed by
the flag, STATE_ by the operating state."""

ZEROED = "ZEROED"
UNVERIFIED = "UNVERIFIED"
UNKNOWN_PARAMETER = "UNKNOWN_PARAMETER"
"""Marks of a channel that counts, or that nothing is computed of."""

STATUS_OTHER = "STATUS_OTHER"
"""Flags that are none, where a slot has more different ones than it counts."""


class Scope(StrEnum):
    """What a code is said of, and what follows: a dead letter, a value left out, or a mark."""

    MESSAGE = "message"
    CHANNEL = "channel"
    MARK = "mark"


class QualityCode(NamedTuple):
    """One code; ``code`` ends with ``_`` where a flag or a state follows.

    ``excuses``: whether the time of the reading is not due either (specification, Means). ``ru``
    and ``kk`` say the meaning in Russian and Kazakh.
    """

    code: str
    scope: Scope
    meaning: str
    excuses: bool = False
    ru: str = ""
    kk: str = ""


CODES: Final = (
    QualityCode(
        UNDECODABLE,
        Scope.MESSAGE,
        "the record is no message, or has no arrival time",
        ru="запись не является сообщением или не имеет времени поступления",
        kk="жазба хабарлама емес немесе оның келіп түскен уақыты жоқ",
    ),
    QualityCode(
        UNKNOWN_SCHEMA,
        Scope.MESSAGE,
        "the schema id of the message is not known",
        ru="номер схемы сообщения неизвестен",
        kk="хабарлама схемасының нөмірі белгісіз",
    ),
    QualityCode(
        UNKNOWN_SOURCE,
        Scope.MESSAGE,
        "the source is not registered",
        ru="источник не зарегистрирован",
        kk="көз тіркелмеген",
    ),
    QualityCode(
        WRONG_PARTITION,
        Scope.MESSAGE,
        "the source belongs to another partition",
        ru="источник относится к другому разделу",
        kk="көз басқа бөлімге жатады",
    ),
    QualityCode(
        TEST_STREAM,
        Scope.MESSAGE,
        "the registry marks the enterprise as a test stream",
        ru="реестр помечает предприятие как тестовый поток",
        kk="тізілім кәсіпорынды сынақ ағыны деп белгілейді",
    ),
    QualityCode(
        BAD_PERIOD,
        Scope.MESSAGE,
        "the period is not the cadence of the source",
        ru="период не равен периоду источника",
        kk="кезең көздің кезеңіне тең емес",
    ),
    QualityCode(
        FROM_THE_FUTURE,
        Scope.MESSAGE,
        "the interval ends too long after the arrival",
        ru="интервал кончается слишком поздно после поступления",
        kk="аралық келіп түскеннен кейін тым кеш аяқталады",
    ),
    QualityCode(
        BEFORE_COMMISSIONING,
        Scope.MESSAGE,
        "the interval begins before the commissioning",
        ru="интервал начинается до ввода в эксплуатацию",
        kk="аралық пайдалануға берілгенге дейін басталады",
    ),
    QualityCode(
        TOO_LATE,
        Scope.MESSAGE,
        "the message arrived later than is allowed",
        ru="сообщение поступило позже допустимого",
        kk="хабарлама рұқсат етілген мерзімнен кеш келді",
    ),
    QualityCode(
        BAD_SIGNATURE,
        Scope.MESSAGE,
        "no key of the source that was valid then has signed the message",
        ru="сообщение не подписано ключом источника, действовавшим в то время",
        kk="хабарламаға көздің сол кезде жарамды кілтімен қол қойылмаған",
    ),
    QualityCode(
        BROKEN_CHAIN,
        Scope.MESSAGE,
        "the message is not the next one in the signed chain of its source",
        ru="сообщение не следующее в подписанной цепочке источника",
        kk="хабарлама көздің қол қойылған тізбегінде келесі емес",
    ),
    QualityCode(
        UNSIGNED,
        Scope.MESSAGE,
        "the message is not signed, and its source must sign",
        ru="сообщение не подписано, а источник обязан подписывать",
        kk="хабарламаға қол қойылмаған, ал көз қол қоюға міндетті",
    ),
    QualityCode(
        CONFLICTING_DUPLICATE,
        Scope.MESSAGE,
        "an accepted reading of the interval differs",
        ru="принятое измерение того же интервала говорит иное",
        kk="сол аралықтың қабылданған өлшемі басқаша",
    ),
    QualityCode(
        NOT_FINITE,
        Scope.CHANNEL,
        "the value is no finite number",
        ru="значение не является конечным числом",
        kk="мән шекті сан емес",
    ),
    QualityCode(
        OUT_OF_RANGE,
        Scope.CHANNEL,
        "the value is outside the range of the channel",
        ru="значение вне диапазона канала",
        kk="мән арнаның ауқымынан тыс",
    ),
    QualityCode(
        STATUS,
        Scope.CHANNEL,
        "the channel has a flag other than N (HJ 212-2017)",
        ru="канал имеет флаг, отличный от N (HJ 212-2017)",
        kk="арнаның N-нен басқа жалауы бар (HJ 212-2017)",
    ),
    QualityCode(
        STATE,
        Scope.CHANNEL,
        "the source is not in normal operation",
        excuses=True,
        ru="источник не в регламентной работе",
        kk="көз регламенттік жұмыста емес",
    ),
    QualityCode(
        AUXILIARY_MISSING,
        Scope.CHANNEL,
        "the normalisation needs a channel that does not count",
        ru="для приведения нет действительного вспомогательного канала",
        kk="келтіру үшін жарамды қосалқы арна жоқ",
    ),
    QualityCode(
        OXYGEN_TOO_HIGH,
        Scope.CHANNEL,
        "the dry gas has 20 % of oxygen or more",
        ru="в сухом газе 20 % кислорода или больше",
        kk="құрғақ газда оттегі 20 % немесе одан көп",
    ),
    QualityCode(
        EXCUSED,
        Scope.CHANNEL,
        "the interval lies in an excused period",
        excuses=True,
        ru="интервал лежит в освобождённом периоде",
        kk="аралық босатылған кезеңде жатыр",
    ),
    QualityCode(
        ZEROED,
        Scope.MARK,
        "a drift of zero, at most 2 % of the span, counts as 0",
        ru="уход нуля не более 2 % диапазона считается нулём",
        kk="ауқымның 2 %-ынан аспайтын нөл ауытқуы нөл деп есептеледі",
    ),
    QualityCode(
        UNVERIFIED,
        Scope.MARK,
        "the device is not listed, or beyond its verification",
        ru="прибор не указан в реестре или вне срока поверки",
        kk="аспап тізілімде жоқ немесе салыстырып тексеру мерзімінен тыс",
    ),
    QualityCode(
        UNKNOWN_PARAMETER,
        Scope.MARK,
        "the source is not registered to measure this",
        ru="источник не зарегистрирован для этого измерения",
        kk="көз бұл өлшемге тіркелмеген",
    ),
)
"""The table (specification 5), in the order in which the codes are looked for."""


FOLLOWERS: Final = {
    STATUS: {
        "F": ("stopped", "останов", "тоқтатылған"),
        "M": ("maintenance", "обслуживание", "қызмет көрсету"),
        "S": ("set by hand", "задано вручную", "қолмен қойылған"),
        "D": ("fault", "неисправность", "ақау"),
        "C": ("calibration", "калибровка", "калибрлеу"),
        "T": ("over its range", "выше диапазона", "ауқымнан жоғары"),
        "B": ("no communication", "нет связи", "байланыс жоқ"),
    },
    STATE: {
        "STARTUP": ("startup", "пуск", "іске қосу"),
        "SHUTDOWN": ("shutdown", "останов", "тоқтату"),
        "STOPPED": ("stopped", "не работает", "жұмыс істемейді"),
        "EMERGENCY": ("emergency", "авария", "апат"),
    },
}
"""What follows a code that ends with ``_``, in English, Russian and Kazakh."""


class NamedCode(NamedTuple):
    """A code as it stands in results, and its meaning in three languages."""

    code: str
    scope: Scope
    excuses: bool
    ru: str
    kk: str
    en: str


def named_codes() -> list[NamedCode]:
    """List every code, those with a flag or a state each by itself."""
    found = []
    for each in CODES:
        said = NamedCode(each.code, each.scope, each.excuses, each.ru, each.kk, each.meaning)
        followers = FOLLOWERS.get(each.code, {})
        found += [
            said._replace(
                code=f"{each.code}{name}",
                ru=f"{each.ru}: {ru}",
                kk=f"{each.kk}: {kk}",
                en=f"{each.meaning}: {en}",
            )
            for name, (en, ru, kk) in followers.items()
        ] or [said]
    return found


def status_code(flag: str) -> str:
    """Return the code of a channel with an abnormal flag."""
    return f"{STATUS}{shortened(flag, FLAG_CHARACTERS)}"


def made_up_status(code: str) -> bool:
    """Whether a code stands for a flag that HJ 212-2017 does not have."""
    return code.startswith(STATUS) and code[len(STATUS) :] not in FLAGS


CODE_ABSENT: Final = -1
CODE_VALID: Final = 0
"""Beside the numbers of codes: the reading does not carry the channel; the value counts."""

NUMBERED_CODES: Final = (
    "",
    *(each.code for each in CODES if each.scope is Scope.CHANNEL and not each.code.endswith("_")),
)
"""Codes that every pattern has, by their number."""

CODE_NUMBERS: Final = {code: np.int16(number) for number, code in enumerate(NUMBERED_CODES)}
