"""The words of a backtest in English, Russian and Kazakh."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, NamedTuple


class Words(NamedTuple):
    """The words of one language; ``{...}`` is filled in."""

    title: str
    verdict: str  # {gained}, {lost}, {altered}
    nothing: str
    rules: str
    in_force: str
    draft: str
    changed: str
    added: str
    removed: str
    window: str
    readings: str
    total: str
    by_rule: str
    by_enterprise: str
    by_region: str
    changes: str
    rule: str
    enterprise: str
    region: str
    source: str
    channel: str
    start: str
    change: str
    kinds: dict[str, str]
    before: str
    after: str
    mass: str
    fine: str
    times: str
    estimate: str
    missing: str  # {base}, {draft}
    whole_log: str
    shown_of: str  # {shown}, {total}


EN: Final = Words(
    title="What a draft of the rules would change",
    verdict="Violations: {gained} gained, {lost} lost, {altered} altered",
    nothing="Nothing would change",
    rules="Rules",
    in_force="in force",
    draft="draft",
    changed="changed",
    added="added",
    removed="removed",
    window="time compared",
    readings="readings judged",
    total="Total",
    by_rule="By rule",
    by_enterprise="By enterprise",
    by_region="By region",
    changes="Changes one by one",
    rule="rule",
    enterprise="enterprise",
    region="region",
    source="source",
    channel="channel",
    start="start",
    change="change",
    kinds={"gained": "gained", "lost": "lost", "altered": "altered"},
    before="before",
    after="after",
    mass="excess, t",
    fine="fines, ₸",
    times="times the limit",
    estimate="Fines are estimates: each tonne counted once, by the payment rates of the day.",
    missing="Not in the fines, without a measured mass or a rate: {base} before, {draft} after.",
    whole_log="all that is recorded",
    shown_of="{shown} of {total} are shown; all are in the JSON form.",
)

RU: Final = Words(
    title="Что изменит проект правил",
    verdict="Нарушений: появится {gained}, исчезнет {lost}, изменится {altered}",
    nothing="Ничего не изменится",
    rules="Правила",
    in_force="действующие",
    draft="проект",
    changed="изменены",
    added="добавлены",
    removed="исключены",
    window="сравниваемое время",
    readings="рассмотрено показаний",
    total="Всего",
    by_rule="По правилам",
    by_enterprise="По предприятиям",
    by_region="По областям",
    changes="Изменения по одному",
    rule="правило",
    enterprise="предприятие",
    region="область",
    source="источник",
    channel="канал",
    start="начало",
    change="изменение",
    kinds={"gained": "появится", "lost": "исчезнет", "altered": "изменится"},
    before="было",
    after="станет",
    mass="сверх норматива, т",
    fine="штрафы, ₸",
    times="кратность нормативу",
    estimate="Штрафы — оценка: каждая тонна учтена один раз, по ставкам платы на тот день.",
    missing="Не вошли в штрафы (масса не измерена или нет ставки): было {base}, станет {draft}.",
    whole_log="всё, что записано",
    shown_of="Показано {shown} из {total}; все — в форме JSON.",
)

KK: Final = Words(
    title="Ережелер жобасы нені өзгертеді",
    verdict="Бұзушылықтар: {gained} пайда болады, {lost} жойылады, {altered} өзгереді",
    nothing="Ештеңе өзгермейді",
    rules="Ережелер",
    in_force="қолданыстағы",
    draft="жоба",
    changed="өзгертілген",
    added="қосылған",
    removed="алынып тасталған",
    window="салыстырылатын уақыт",
    readings="қаралған көрсеткіштер",
    total="Барлығы",
    by_rule="Ережелер бойынша",
    by_enterprise="Кәсіпорындар бойынша",
    by_region="Облыстар бойынша",
    changes="Өзгерістер бір-бірлеп",
    rule="ереже",
    enterprise="кәсіпорын",
    region="облыс",
    source="көз",
    channel="арна",
    start="басы",
    change="өзгеріс",
    kinds={"gained": "пайда болады", "lost": "жойылады", "altered": "өзгереді"},
    before="бұрын",
    after="кейін",
    mass="нормативтен тыс, т",
    fine="айыппұлдар, ₸",
    times="нормативтен неше есе",
    estimate="Айыппұлдар — бағалау: әр тонна бір рет, сол күннің төлем мөлшерлемесімен саналған.",
    missing="Айыппұлға кірмеді (масса өлшенбеген не мөлшерлеме жоқ): бұрын {base}, кейін {draft}.",
    whole_log="жазылғанның бәрі",
    shown_of="{total} ішінен {shown} көрсетілді; бәрі JSON түрінде.",
)

WORDS: Final = MappingProxyType({"en": EN, "ru": RU, "kk": KK})
"""Words by language."""
