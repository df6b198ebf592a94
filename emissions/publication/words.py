"""The reasons of decisions in Russian, Kazakh and English: a sentence beside its translations."""

from __future__ import annotations

from typing import Final

from emissions.publication.decision import Reason

LANGUAGES: Final = ("ru", "kk", "en")

_WORDS: Final[dict[Reason, tuple[str, str, str]]] = {
    Reason.OPEN_DATA: (
        "Открытые данные: доступны всем сразу.",
        "Ашық деректер: барлығына бірден қолжетімді.",
        "Open data: everybody sees them at once.",
    ),
    Reason.OWN_RECORD: (
        "Сведения о собственном предприятии.",
        "Өз кәсіпорны туралы мәліметтер.",
        "A record of one's own enterprise.",
    ),
    Reason.OFFICIAL_DUTY: (
        "Доступ должностного лица уполномоченного органа.",
        "Уәкілетті органның лауазымды адамының қолжетімділігі.",
        "Access of an official of the authority.",
    ),
    Reason.APPEAL_OVER: (
        "Срок обжалования истёк, жалобы нет.",
        "Шағымдану мерзімі өтті, шағым жоқ.",
        "The term of appeal is over, and there is no appeal.",
    ),
    Reason.DECISION_FINAL: (
        "Решение вступило в силу.",
        "Шешім күшіне енді.",
        "The decision is in force.",
    ),
    Reason.PUBLICATION_HELD: (
        "Публикация приостановлена уполномоченным органом.",
        "Жариялауды уәкілетті орган тоқтата тұрды.",
        "The authority has suspended publication.",
    ),
    Reason.TEST_STREAM: (
        "Тестовый поток, не данные об эмиссиях.",
        "Сынақ ағыны, эмиссиялар туралы деректер емес.",
        "A test stream, no data on emissions.",
    ),
    Reason.NOT_PUBLIC: (
        "Доступно только уполномоченному органу и самому оператору.",
        "Тек уәкілетті органға және оператордың өзіне қолжетімді.",
        "For the authority and the operator concerned alone.",
    ),
    Reason.SUSPICION: (
        "Подозрение по статистике: доступно только уполномоченному органу.",
        "Статистика бойынша күдік: тек уәкілетті органға қолжетімді.",
        "A suspicion by statistics: for the authority alone.",
    ),
    Reason.NAMES_SWITCHED_OFF: (
        "Уполномоченный орган не публикует названий.",
        "Уәкілетті орган атауларды жарияламайды.",
        "The authority publishes no names.",
    ),
    Reason.NOT_IN_A_CASE: (
        "Дело ещё не открыто: срок обжалования не начался.",
        "Іс әлі ашылған жоқ: шағымдану мерзімі басталған жоқ.",
        "No case is open yet: no term of appeal has begun.",
    ),
    Reason.WITHDRAWN: (
        "Отозвано: нарушения нет.",
        "Кері қайтарылды: бұзушылық жоқ.",
        "Withdrawn: there is no violation.",
    ),
    Reason.OVERTURNED: (
        "Решение отменено: название не публикуется.",
        "Шешімнің күші жойылды: атауы жарияланбайды.",
        "The decision was overturned: nobody is named.",
    ),
    Reason.DEFERRED: (
        "Обязанность отсрочена дорожной картой.",
        "Міндет жол картасымен кейінге қалдырылды.",
        "A road map defers the duty.",
    ),
    Reason.APPEAL_PENDING: (
        "Жалоба рассматривается.",
        "Шағым қаралуда.",
        "An appeal is pending.",
    ),
    Reason.OUTCOME_UNKNOWN: (
        "Жалоба рассмотрена, о взыскании по ней не сообщено.",
        "Шағым қаралды, ол бойынша жаза туралы хабарланбады.",
        "The appeal was decided, and no sanction was told to stand.",
    ),
    Reason.UNDER_REVIEW: (
        "Дело проверяет должностное лицо.",
        "Істі лауазымды адам тексеруде.",
        "An official reviews the case.",
    ),
    Reason.NO_DECISION: (
        "Решения о взыскании нет.",
        "Жаза қолдану туралы шешім жоқ.",
        "No decision has imposed a sanction.",
    ),
    Reason.NOT_DELIVERED: (
        "О вручении не сообщено: срок обжалования не начался.",
        "Тапсырылғаны туралы хабарланбады: шағымдану мерзімі басталған жоқ.",
        "No delivery was told: no term of appeal has begun.",
    ),
    Reason.TERM_RUNS: (
        "Срок обжалования не истёк.",
        "Шағымдану мерзімі өткен жоқ.",
        "The term of appeal is not over.",
    ),
}


def reason_text(reason: Reason, language: str) -> str:
    """Return a reason as a sentence; another language than ru, kk and en raises ValueError."""
    return _WORDS[reason][LANGUAGES.index(language)]
