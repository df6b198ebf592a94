"""What the words of a case are called in Russian, Kazakh and English."""

from __future__ import annotations

from typing import Final

from emissions.cli.support.rule_text import TRACKS

LANGUAGES: Final = ("ru", "kk", "en")

_LABELS: Final = {
    "case": ("Дело", "Іс", "Case"),
    "state": ("состояние", "күйі", "state"),
    "reason": ("почему нужен человек", "адам неге қажет", "why a person must look"),
    "track": ("что следует", "салдары", "what follows"),
    "law": ("норма", "құқық нормасы", "law"),
    "who": ("субъект", "субъект", "subject"),
    "source": ("источник", "дереккөз", "source"),
    "region": ("регион", "өңір", "region"),
    "when": ("период", "кезең", "when"),
    "detected": ("обнаружено", "анықталды", "detected"),
    "opened": ("открыто", "ашылды", "opened"),
    "delivered": ("вручено", "тапсырылды", "delivered"),
    "deferred": ("отложено до", "кейінге қалдырылды", "deferred until"),
    "mass": ("сверх нормы", "нормадан артық", "above the norm"),
    "fine": ("штраф, оценка", "айыппұл, бағалау", "fine, an estimate"),
    "dates": ("Сроки", "Мерзімдер", "Dates"),
    "items": ("Нарушения", "Бұзушылықтар", "Violations"),
    "more": ("и ещё {}", "және тағы {}", "and {} more"),
    "absorbed": ("поглощено", "сіңірілген", "absorbed"),
    "repeat": ("повторность: штрафы", "қайталану: айыппұлдар", "repeated: fines"),
    "systematic": ("система: дела", "жүйелілік: істер", "systematic: cases"),
    "related": ("связанные дела", "байланысты істер", "related cases"),
    "history": ("Изменения", "Өзгерістер", "History"),
    "id": ("номер", "нөмірі", "id"),
    "not_measured": ("измерено не всё", "бәрі өлшенбеген", "not all of it was measured"),
    "measured": ("измерено", "өлшенді", "measured"),
    "none": ("нет", "жоқ", "none"),
    "revision": ("редакция", "редакция", "revision"),
    "left": ("осталось раб. дней: {}", "жұмыс күні қалды: {}", "working days left: {}"),
    "over": ("истёк", "өтті", "over"),
    "mci": ("МРП", "АЕК", "МРП"),
    "part": ("ч. {}", "{}-бөлік", "part {}"),
    "lasts": ("длится", "жалғасуда", "goes on"),
    "device": ("прибор", "құрал", "device"),
    "verification": ("поверка", "салыстырып тексеру", "verification"),
    "until": ("до", "дейін", "until"),
    "limit": ("норма", "норма", "limit"),
}
_STATES: Final = {
    "OPEN": ("всё установлено автоматически", "бәрі автоматты түрде", "everything was automatic"),
    "REVIEW": ("должен посмотреть человек", "адам қарауы тиіс", "a person must look"),
    "DEFERRED": (
        "отложено дорожной картой",
        "жол картасымен кейінге қалдырылған",
        "a road map defers it",
    ),
    "WITHDRAWN": ("отозвано", "кері қайтарылды", "withdrawn"),
    "CLOSED": ("закрыто решением", "шешіммен жабылды", "closed by a decision"),
}
_REASONS: Final = {
    "NOT_AUTOMATIC_YET": (
        "правило в это время ещё не действовало автоматически",
        "ереже ол кезде автоматты түрде қолданылмаған",
        "the rule was not automatic yet at that time",
    ),
    "UNVERIFIED_DEVICE": (
        "прибор вне срока поверки",
        "құралдың салыстырып тексеру мерзімі өтіп кеткен",
        "a device outside its verification",
    ),
    "WITHIN_UNCERTAINTY": (
        "превышение в пределах погрешности",
        "асып кету қателік шегінде",
        "within the measurement uncertainty",
    ),
    "DATA_REFUSED": (
        "во время молчания сообщения источника были отклонены",
        "үнсіздік кезінде дереккөздің хабарлары қабылданбаған",
        "messages of the source were refused during the silence",
    ),
    "CONFLICTING_DATA": (
        "есть два разных показания за одно время",
        "бір уақытқа екі түрлі көрсеткіш бар",
        "two different readings of one interval",
    ),
    "MARK_PENDING": (
        "оператор ещё может пометить показания, или метка не решена",
        "оператордың белгісі әлі шешілмеген",
        "a mark of the operator is pending",
    ),
    "MASS_INCOMPLETE": (
        "масса измерена не полностью",
        "масса толық өлшенбеген",
        "the mass was not wholly measured",
    ),
    "CERTAINTY": (
        "толкование нормы недостаточно надёжно",
        "норманың түсіндірмесі жеткілікті сенімді емес",
        "the reading of the law is not certain enough",
    ),
    "PROSECUTOR_CONSENT": (
        "инвестор: нужно согласие прокурора (КоАП 802 ч. 3-1)",
        "инвестор: прокурордың келісімі қажет (ӘҚБтК 802-бап 3-1-бөлік)",
        "an investor: the prosecutor must consent (КоАП 802 part 3-1)",
    ),
}
_TERMS: Final = {
    "prescription_by": ("предписание направить до", "нұсқаманы жіберу", "send the prescription by"),
    "protocol_by": ("протокол направить до", "хаттаманы жіберу", "send the protocol by"),
    "letter_by": ("информационное письмо до", "ақпараттық хат", "information letter by"),
    "half_fine_until": ("половина штрафа до", "айыппұлдың жартысы", "half of the fine until"),
    "decided_on": ("считается решённым", "шешілген болып саналады", "deemed decided on"),
    "appeal_until": ("обжаловать до", "шағымдану", "appeal until"),
    "limitation_detection": (
        "давность с обнаружения",
        "анықталғаннан ескіру мерзімі",
        "limitation from the detection",
    ),
    "limitation_act": (
        "давность с нарушения",
        "бұзушылықтан ескіру мерзімі",
        "limitation from the act",
    ),
}
_MISSING: Final = {
    "MASS_INCOMPLETE": ("масса не измерена", "масса өлшенбеген", "the mass was not measured"),
    "NO_RATE": ("нет ставки платы", "төлем мөлшерлемесі жоқ", "there is no rate of payment"),
    "NO_FINE": ("штрафа нет", "айыппұл жоқ", "no fine follows"),
    "NOT_OPEN": ("дело ещё не открыто", "іс әлі ашылған жоқ", "the case is not open yet"),
}


class CaseWords:
    """The words of a case in one language; an unknown code is shown as it is."""

    def __init__(self, language: str) -> None:
        self._at = LANGUAGES.index(language)

    def __call__(self, label: str, *values: object) -> str:
        """Return a label, with the values that it has room for."""
        return _LABELS[label][self._at].format(*values)

    def state(self, code: str) -> str:
        """Say a state."""
        return self._told(_STATES, code)

    def track(self, code: str) -> str:
        """Say what follows from a case."""
        return self._told(TRACKS, code)

    def reason(self, code: str) -> str:
        """Say why a person must look."""
        return self._told(_REASONS, code)

    def term(self, code: str) -> str:
        """Say what a date is."""
        return self._told(_TERMS, code)

    def missing(self, code: str) -> str:
        """Say why there is no fine."""
        return self._told(_MISSING, code)

    def law(self, act: str, article: str, part: str | None) -> str:
        """Name the place in the law."""
        if act == "ORDER-208":
            order = ("Приказ № 208, п. {}", "№ 208 бұйрық, {}-т.", "Order № 208, point {}")
            return order[self._at].format(article)
        if act != "KoAP":
            return f"{act} {article}"
        name = (f"КоАП, ст. {article}", f"ӘҚБтК, {article}-бап", f"КоАП, article {article}")
        return name[self._at] + ("" if part is None else f" {self('part', part)}")

    def _told(self, words: dict[str, tuple[str, str, str]], code: str) -> str:
        found = words.get(code)
        return code if found is None else found[self._at]
