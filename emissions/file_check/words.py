"""The words of a check in English, Russian and Kazakh: headings and verdicts.

Titles of rules come from the rules, the meaning of codes from `streams.core.law.quality_codes`.
One file, although a long one: the three languages stand beside each other, so none is forgotten.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, NamedTuple

from streams.core.law.quality_codes import CODES, STATE, STATUS, named_codes


class Words(NamedTuple):
    """The words of one language; ``{...}`` is filled in."""

    title: str
    would_be_found: str  # {count}
    nothing_found: str
    for_inspector: str  # {count}
    summary: str
    rows: str
    used: str
    refused: str
    duplicates: str
    after_until: str
    judged_until: str
    rule_set: str
    period: str
    period_note: str
    source: str
    first: str
    last: str
    cadence: str
    longest_hole: str
    outlying: str
    outlying_note: str
    quality: str
    quality_note: str
    channel: str
    sent: str
    valid: str
    not_valid: str
    refused_rows: str
    refused_note: str
    reason: str
    row: str
    measured_at: str
    beside: str
    gaps: str
    gaps_note: str
    whole_source: str
    start: str
    end: str
    length: str
    still_open: str
    violations: str
    violations_note: str
    findings: str
    findings_note: str
    kind: str
    threshold: str
    rule: str
    number: str
    value: str
    limit: str
    times: str
    mass: str
    mass_unknown: str
    enterprise: str
    decision: str
    automatic: str
    by_person: str
    nothing: str
    shown_of: str  # {shown}, {total}
    note: str


EN: Final = Words(
    title="Check of measurements",
    would_be_found="Violations that would be found: {count}",
    nothing_found="No violation would be found",
    for_inspector="things for an inspector to look at: {count}",
    summary="Summary",
    rows="rows",
    used="used",
    refused="refused",
    duplicates="repeated",
    after_until="after the end",
    judged_until="judged until",
    rule_set="rule set",
    period="Period",
    period_note="In local time of each source. The longest hole is time without a row.",
    source="source",
    first="first",
    last="last",
    cadence="cadence",
    longest_hole="longest hole",
    outlying="Rows with outlying dates",
    outlying_note="A mistyped day or month, often: the time between counts as silence.",
    quality="Quality of the channels",
    quality_note="Time of the rows that are used, by what the values are worth.",
    channel="channel",
    sent="sent",
    valid="valid",
    not_valid="not valid, or marked",
    refused_rows="Refused rows",
    refused_note="They count for nothing, as if they had not been sent.",
    reason="reason",
    row="row",
    measured_at="measured at",
    beside="rows beside it",
    gaps="Gaps",
    gaps_note="Silence of a source, or of a channel while its source sends and operates.",
    whole_source="whole source",
    start="start",
    end="end",
    length="length",
    still_open="still open",
    violations="What would be found",
    violations_note="As of the end of the judged time; data that are sent later may change it.",
    findings="What an inspector would look at",
    findings_note="No violation by itself; nothing follows without a person.",
    kind="kind",
    threshold="threshold",
    rule="rule",
    number="count",
    value="value",
    limit="limit",
    times="times the limit",
    mass="excess, t",
    mass_unknown="not measured",
    enterprise="the enterprise",
    decision="case",
    automatic="automatic",
    by_person="by a person",
    nothing="none",
    shown_of="{shown} of {total} are shown; all are in the JSON form.",
    note="Judged on this computer alone. Nothing was sent to anybody.",
)

RU: Final = Words(
    title="Проверка измерений",
    would_be_found="Будет найдено нарушений: {count}",
    nothing_found="Нарушений найдено не будет",
    for_inspector="на что посмотрит инспектор: {count}",
    summary="Итог",
    rows="строк",
    used="учтено",
    refused="отклонено",
    duplicates="повторов",
    after_until="после конца",
    judged_until="рассмотрено до",
    rule_set="набор правил",
    period="Период",
    period_note="По местному времени источника. Наибольший пропуск — время без строк.",
    source="источник",
    first="начало",
    last="конец",
    cadence="шаг",
    longest_hole="наибольший пропуск",
    outlying="Строки с далёкими датами",
    outlying_note="Часто это опечатка в дне или месяце: время между ними считается молчанием.",
    quality="Качество каналов",
    quality_note="Время учтённых строк по тому, чего стоят значения.",
    channel="канал",
    sent="передано",
    valid="годно",
    not_valid="негодно или с отметкой",
    refused_rows="Отклонённые строки",
    refused_note="Они не учитываются, как если бы их не передавали.",
    reason="причина",
    row="строка",
    measured_at="время измерения",
    beside="соседние строки",
    gaps="Пропуски",
    gaps_note="Молчание источника или канала, пока источник передаёт и работает.",
    whole_source="весь источник",
    start="начало",
    end="конец",
    length="длительность",
    still_open="продолжается",
    violations="Что будет найдено",
    violations_note="На конец рассмотренного времени; переданные позже данные могут это изменить.",
    findings="На что посмотрит инспектор",
    findings_note="Само по себе не нарушение: без человека ничего не следует.",
    kind="вид",
    threshold="порог",
    rule="правило",
    number="число",
    value="значение",
    limit="норматив",
    times="кратность нормативу",
    mass="сверх норматива, т",
    mass_unknown="не измерено",
    enterprise="предприятие",
    decision="дело",
    automatic="автоматически",
    by_person="через человека",
    nothing="нет",
    shown_of="Показано {shown} из {total}; все — в форме JSON.",
    note="Проверено только на этом компьютере. Никому ничего не отправлено.",
)

KK: Final = Words(
    title="Өлшемдерді тексеру",
    would_be_found="Табылатын бұзушылықтар: {count}",
    nothing_found="Бұзушылық табылмайды",
    for_inspector="инспектор қарайтыны: {count}",
    summary="Қорытынды",
    rows="жол",
    used="есепке алынды",
    refused="қабылданбады",
    duplicates="қайталанды",
    after_until="соңынан кейін",
    judged_until="қаралған уақыттың соңы",
    rule_set="ережелер жинағы",
    period="Кезең",
    period_note="Көздің жергілікті уақытымен. Ең ұзақ үзіліс — жолсыз уақыт.",
    source="көз",
    first="басы",
    last="соңы",
    cadence="қадам",
    longest_hole="ең ұзақ үзіліс",
    outlying="Күні алшақ жолдар",
    outlying_note="Көбіне күндегі не айдағы қате: арадағы уақыт үнсіздік болып саналады.",
    quality="Арналардың сапасы",
    quality_note="Есепке алынған жолдардың уақыты, мәндердің жарамдылығы бойынша.",
    channel="арна",
    sent="берілді",
    valid="жарамды",
    not_valid="жарамсыз немесе белгісі бар",
    refused_rows="Қабылданбаған жолдар",
    refused_note="Олар жіберілмегендей есепке алынбайды.",
    reason="себебі",
    row="жол",
    measured_at="өлшеу уақыты",
    beside="көрші жолдар",
    gaps="Үзілістер",
    gaps_note="Көздің үнсіздігі, немесе көз дерек беріп, жұмыс істеп тұрғанда арнаның үнсіздігі.",
    whole_source="бүкіл көз",
    start="басы",
    end="соңы",
    length="ұзақтығы",
    still_open="жалғасуда",
    violations="Не табылады",
    violations_note="Қаралған уақыттың соңындағы жағдай; кейін берілген дерек оны өзгертуі мүмкін.",
    findings="Инспектор не қарайды",
    findings_note="Өздігінен бұзушылық емес: адамсыз ештеңе болмайды.",
    kind="түрі",
    threshold="шек",
    rule="ереже",
    number="саны",
    value="мәні",
    limit="норматив",
    times="нормативтен неше есе",
    mass="нормативтен тыс, т",
    mass_unknown="өлшенбеген",
    enterprise="кәсіпорын",
    decision="іс",
    automatic="автоматты",
    by_person="адам арқылы",
    nothing="жоқ",
    shown_of="{total} ішінен {shown} көрсетілді; бәрі JSON түрінде.",
    note="Тек осы компьютерде тексерілді. Ешкімге ештеңе жіберілген жоқ.",
)

WORDS: Final = MappingProxyType({"en": EN, "ru": RU, "kk": KK})

_Three = tuple[str, str, str]  # English, Russian, Kazakh

_TRACKS: Final[dict[str, _Three]] = {
    "PRESCRIPTION": (
        "a fine without a court",
        "штраф без суда (предписание)",
        "сотсыз айыппұл (нұсқама)",
    ),
    "COURT": ("goes to a court", "протокол в суд", "сотқа хаттама"),
    "INSPECTION": ("ground for an inspection", "основание для проверки", "тексеруге негіз"),
}

_UNITS: Final[dict[str, _Three]] = {
    "mg/m3": ("mg/m³", "мг/м³", "мг/м³"),
    "g/s": ("g/s", "г/с", "г/с"),
    "t": ("t", "т", "т"),
    "t/a": ("t/a", "т/год", "т/жыл"),
    "kg": ("kg", "кг", "кг"),
    "day": ("day", "сут", "тәул"),
    "days": ("days", "сут", "тәул"),
    "h": ("h", "ч", "сағ"),
    "min": ("min", "мин", "мин"),
    "s": ("s", "с", "с"),
}

_PLACE: Final = {"en": 0, "ru": 1, "kk": 2}


_MEANINGS: Final = {
    **{each.code: (each.meaning, each.ru, each.kk) for each in CODES},
    **{each.code: (each.en, each.ru, each.kk) for each in named_codes()},
}


def code_text(code: str, language: str) -> str:
    """Say what a quality code or a reason means; the code itself where it has no words."""
    name = code
    if code not in _MEANINGS:  # a flag that is none
        name = next((each for each in (STATUS, STATE) if code.startswith(each)), code)
    said = _MEANINGS.get(name)
    return code if said is None else said[_PLACE[language]]


def track_text(track: str, language: str) -> str:
    """Say what follows from a violation of this track."""
    said = _TRACKS.get(track)
    return track if said is None else said[_PLACE[language]]


def verdict(violations: int, findings: int, language: str) -> str:
    """Say in a sentence what would be found."""
    words = WORDS[language]
    said = words.would_be_found.format(count=violations) if violations else words.nothing_found
    return f"{said}; {words.for_inspector.format(count=findings)}" if findings else said


def unit_text(unit: str, language: str) -> str:
    """Write a unit in the letters of a language; the unit itself where it has no words."""
    said = _UNITS.get(unit)
    return unit if said is None else said[_PLACE[language]]
