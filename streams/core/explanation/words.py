"""The words of explanations in English, Russian and Kazakh; numbers and times for people.

One file, although a long one: a sentence stands beside its translations, so that none is forgotten.
Sentences are made so that no word in them changes with a number or a name.
"""

from __future__ import annotations

from typing import Final

from streams.core.records.findings import Article
from streams.core.time.local_clock import to_datetime, zone

LANGUAGES: Final = ("en", "ru", "kk")

_WORDS: Final[dict[str, tuple[str, str, str]]] = {
    # headings
    "violation": ("Violation", "Нарушение", "Бұзушылық"),
    "mean": ("Mean", "Среднее", "Орташа мән"),
    "gap": ("Gap", "Перерыв в данных", "Деректердегі үзіліс"),
    "finding": ("Finding", "Замечание", "Ескерту"),
    "number": ("Number", "Показатель", "Көрсеткіш"),
    "look_at": ("What to look at", "На что смотреть", "Неге қарау керек"),
    "basis": ("Basis", "Основание", "Негіз"),
    "subject": ("Whom it is about", "О ком", "Кім туралы"),
    "bin": ("БИН", "БИН", "БСН"),
    "enterprise": ("Enterprise", "Предприятие", "Кәсіпорын"),
    "source": ("Source", "Источник", "Көз"),
    "device": ("Measuring device", "Средство измерений", "Өлшеу құралы"),
    "rule": ("Rule", "Норма", "Норма"),
    "place": ("Place in the law", "Место в законе", "Заңдағы орны"),
    "condition": ("Condition", "Условие", "Шарт"),
    "in_force": ("In force", "Действует", "Күшінде"),
    "automatic_from": (
        "Cases open by themselves",
        "Дела открываются автоматически",
        "Істер автоматты түрде ашылады",
    ),
    "reading_of_law": ("Our reading of the law", "Как прочитан закон", "Заң қалай оқылды"),
    "sanction": ("Sanction", "Санкция", "Санкция"),
    "track": ("What follows", "Что следует", "Салдары"),
    "comparison": ("Comparison", "Сравнение", "Салыстыру"),
    "measurements": ("Measurements", "Измерения", "Өлшемдер"),
    "window": ("Window", "Интервал осреднения", "Орташалау аралығы"),
    "limit": ("Limit", "Норматив", "Норматив"),
    "time": (
        "Time for which data were due",
        "Время, за которое данные обязательны",
        "Деректер міндетті уақыт",
    ),
    "share": ("Share of valid data", "Доля годных данных", "Жарамды деректер үлесі"),
    "value": ("Mean value", "Среднее значение", "Орташа мән"),
    "validated": (
        "Value less the confidence interval",
        "Значение за вычетом доверительного интервала",
        "Сенім аралығы шегерілген мән",
    ),
    "readings": ("Readings", "Показания", "Көрсеткіштер"),
    "reading": ("Reading", "Показание", "Көрсеткіш"),
    "unit": (
        "Units and conditions of the channel",
        "Единицы и условия канала",
        "Арнаның бірліктері мен шарттары",
    ),
    "temperature": ("Temperature", "Температура", "Температура"),
    "pressure": ("Pressure", "Давление", "Қысым"),
    "moisture": ("Moisture", "Влажность", "Ылғалдылық"),
    "oxygen": ("Oxygen", "Кислород", "Оттек"),
    "flow": ("Flow", "Расход", "Шығын"),
    "exceptions": ("Exceptions", "Исключения", "Ерекшеліктер"),
    "EXCUSED": ("Excused period", "Освобождённый период", "Босатылған кезең"),
    "OPERATING_STATE": ("Operating state", "Режим работы", "Жұмыс режимі"),
    "ROAD_MAP": ("Road map", "Дорожная карта", "Жол картасы"),
    "UNVERIFIED_DEVICE": ("Unverified device", "Прибор без поверки", "Тексерілмеген аспап"),
    "NOT_AUTOMATIC_YET": (
        "Not automatic yet",
        "Ещё не автоматически",
        "Әзірге автоматты емес",
    ),
    "CONFLICTING_DATA": (
        "Conflicting data",
        "Противоречивые данные",
        "Қайшы деректер",
    ),
    "INSUFFICIENT": ("Too few valid data", "Мало годных данных", "Жарамды деректер аз"),
    "TEST_STREAM": ("Test stream", "Тестовый поток", "Сынақ ағыны"),
    "excess_mass": ("Mass above the norm", "Масса сверх норматива", "Нормативтен артық масса"),
    "evidence": ("Evidence", "Доказательства", "Дәлелдемелер"),
    "revisions": ("Revisions", "Редакции", "Түзетулер"),
    "revision": ("Revision", "Редакция", "Түзету"),
    "equality": (
        "Computed again and compared",
        "Пересчитано и сверено",
        "Қайта есептеліп, салыстырылды",
    ),
    "silence": ("Silence", "Молчание", "Үнсіздік"),
    "before": ("Last data before it", "Последние данные до него", "Оған дейінгі соңғы деректер"),
    "after": ("First data after it", "Первые данные после него", "Одан кейінгі алғашқы деректер"),
    "threshold": (
        "When silence is a gap",
        "Когда молчание — перерыв",
        "Үнсіздік қашан үзіліс болады",
    ),
    "duty": ("Duty", "Обязанность", "Міндет"),
    "criteria": ("Criteria of the source", "Критерии источника", "Көздің критерийлері"),
    "facts": ("What was published", "Опубликовано", "Жарияланған"),
    "key_factors": ("Key factors", "Ключевые факторы", "Негізгі факторлар"),
    "reason": ("reason", "причина", "себебі"),
    # sentences
    "valid": ("used", "учтено", "ескерілді"),
    "s_violation": (
        "{rule}: {what}, {span}. Revision {revision}, {status}.",
        "{rule}: {what}, {span}. Редакция {revision}, {status}.",
        "{rule}: {what}, {span}. {revision}-түзету, {status}.",
    ),
    "s_mean": (
        "{what}, {span}: {value}, {status}. Revision {revision}.",
        "{what}, {span}: {value}, {status}. Редакция {revision}.",
        "{what}, {span}: {value}, {status}. {revision}-түзету.",
    ),
    "s_gap": (
        "{what}, {span}. Revision {revision}, {status}.",
        "{what}, {span}. Редакция {revision}, {status}.",
        "{what}, {span}. {revision}-түзету, {status}.",
    ),
    "s_in_force": ("From {since}, {until}.", "С {since}, {until}.", "{since} бастап, {until}."),
    "open_end": ("without end", "без срока окончания", "аяқталу мерзімінсіз"),
    "until": ("until {at}", "до {at}", "{at} дейін"),
    "s_never": ("Never by themselves.", "Никогда.", "Ешқашан."),
    "s_from": ("From {since}.", "С {since}.", "{since} бастап."),
    "s_compared": (
        "{value} {sign} {factor} × {limit} = {edge} {unit}: {answer}.",
        "{value} {sign} {factor} × {limit} = {edge} {unit}: {answer}.",
        "{value} {sign} {factor} × {limit} = {edge} {unit}: {answer}.",
    ),
    "met": ("the condition is met", "условие выполнено", "шарт орындалды"),
    "not_met": ("the condition is not met", "условие не выполнено", "шарт орындалмады"),
    "s_plain": (
        "Plain mean of {count} valid means of {window}: {value} {unit}.",
        "Простое среднее {count} годных средних за {window}: {value} {unit}.",
        "{window} бойынша {count} жарамды орташаның жай орташасы: {value} {unit}.",
    ),
    "s_year": (
        "{value} t since 1 January {sign} limit {limit} t: {answer}.",
        "{value} т с 1 января {sign} норматив {limit} т: {answer}.",
        "1 қаңтардан бері {value} т {sign} норматив {limit} т: {answer}.",
    ),
    "s_hours": (
        "Hours with a valid mass flow: {count}; each is its mean in g/s times its valid seconds.",
        "Часов с годным массовым выбросом: {count}; каждый — среднее в г/с на годные секунды.",
        "Жарамды массалық шығарындысы бар сағат: {count}; әрқайсысы: г/с орташасы × жарамды с.",
    ),
    "hours": ("Hours", "Часы", "Сағаттар"),
    "s_hour": (
        "{value} g/s × {valid} s = {mass} t",
        "{value} г/с × {valid} с = {mass} т",
        "{value} г/с × {valid} с = {mass} т",
    ),
    "s_verification": (
        "Device {serial}: verification {number}, valid until {until}.",
        "Прибор {serial}: поверка {number}, действительна до {until}.",
        "{serial} аспабы: тексеру {number}, {until} дейін жарамды.",
    ),
    "first_reading": (
        "First reading outside the verification",
        "Первое показание вне поверки",
        "Тексеруден тыс алғашқы көрсеткіш",
    ),
    "last_reading": (
        "Last reading outside the verification",
        "Последнее показание вне поверки",
        "Тексеруден тыс соңғы көрсеткіш",
    ),
    "s_message": (
        "Measured {at}, offset {offset}, arrived {arrived}.",
        "Измерено {at}, смещение {offset}, поступило {arrived}.",
        "Өлшенгені {at}, орны {offset}, келгені {arrived}.",
    ),
    "s_run": (
        "{count} windows in a row, {length}: more than {least}.",
        "{count} интервалов подряд, {length}: больше {least}.",
        "Қатарынан {count} аралық, {length}: {least} артық.",
    ),
    "s_no_run": (
        "No unbroken run of windows from then on is longer than {least}.",
        "Непрерывной цепи интервалов с этого момента дольше {least} нет.",
        "Осы сәттен бастап {least} ұзақ үзіліссіз тізбек жоқ.",
    ),
    "s_outage": (
        "Silent for {length}; allowed: {least}.",
        "Молчание {length}; допустимо: {least}.",
        "Үнсіздік {length}; рұқсат етілгені: {least}.",
    ),
    "s_limit": (
        "{limit} {unit} in force {span}; reference: {reference}.",
        "{limit} {unit}, действует {span}; условия: {reference}.",
        "{limit} {unit}, қолданылу мерзімі {span}; шарттары: {reference}.",
    ),
    "s_no_limit": (
        "No limit in {unit} was in force at the start.",
        "Норматива в {unit} на начало интервала не было.",
        "Аралық басында {unit} нормативі болған жоқ.",
    ),
    "s_time": (
        "{length} s less {excused} s excused or not operating = {due} s.",
        "{length} с за вычетом {excused} с освобождённых или без работы = {due} с.",
        "{length} с − босатылған немесе жұмыссыз {excused} с = {due} с.",
    ),
    "s_share": (
        "{valid} s of {due} s valid; at least {above}/{below} is needed: {status}.",
        "Годно {valid} с из {due} с; нужно не меньше {above}/{below}: {status}.",
        "{due} с ішінен {valid} с жарамды; кемінде {above}/{below} керек: {status}.",
    ),
    "s_value": (
        "Sum of value × period over {count} readings, {total}, divided by {valid} s.",
        "Сумма значение × период по {count} показаниям, {total}, делённая на {valid} с.",
        "{count} көрсеткіш бойынша мән × кезең қосындысы {total}, {valid} с бөлінді.",
    ),
    "s_value_none": (
        "No reading counts.",
        "Ни одно показание не учтено.",
        "Бірде-бір көрсеткіш ескерілмеді.",
    ),
    "s_validated": (
        "{value} − {pct} % of {limit} = {result} {unit}, not below 0.",
        "{value} − {pct} % от {limit} = {result} {unit}, не ниже 0.",
        "{value} − {limit} нормативінің {pct} %-ы = {result} {unit}, 0-ден төмен емес.",
    ),
    "s_validated_none": (
        "The permit names no confidence interval.",
        "Разрешение не называет доверительного интервала.",
        "Рұқсатта сенім аралығы көрсетілмеген.",
    ),
    "s_readings": (
        "Messages: {messages}; used {used}, not used {unused}; intervals without any: {missing}.",
        "Сообщений {messages}: учтено {used}, не учтено {unused}; интервалов без данных {missing}.",
        "{messages} хабарлама: {used} ескерілді, {unused} ескерілмеді; деректсіз аралық {missing}.",
    ),
    "s_zeroed": (
        "drift below zero, counted as 0",
        "дрейф ниже нуля, принят за 0",
        "нөлден төмен ауытқу, 0 деп алынды",
    ),
    "s_absent": (
        "the reading does not carry the parameter",
        "показание не содержит параметра",
        "көрсеткіште параметр жоқ",
    ),
    "s_own_window": (
        "its period does not divide the window",
        "период не делит интервал нацело",
        "кезең аралықты бүтін бөлмейді",
    ),
    "s_unregistered": (
        "the source was not registered when it arrived",
        "источник не был зарегистрирован при поступлении",
        "келіп түскенде көз тіркелмеген",
    ),
    "s_duplicate": (
        "repeats an accepted reading of the interval",
        "повторяет принятое показание интервала",
        "аралықтың қабылданған көрсеткішін қайталайды",
    ),
    "not_fired": ("did not apply", "не применено", "қолданылмады"),
    "fired": ("applied", "применено", "қолданылды"),
    "x_excused": (
        "{seconds} s lie in excused periods of the registry.",
        "{seconds} с лежат в освобождённых периодах реестра.",
        "{seconds} с тізілімнің босатылған кезеңдеріне түседі.",
    ),
    "x_state": (
        "{count} readings report another state than NORMAL ({states}).",
        "Показаний с режимом не NORMAL: {count} ({states}).",
        "NORMAL емес режимдегі көрсеткіштер: {count} ({states}).",
    ),
    "x_road_map": (
        "A road map defers the duty until {until}.",
        "Дорожная карта откладывает обязанность до {until}.",
        "Жол картасы міндетті {until} дейін кейінге қалдырады.",
    ),
    "x_road_map_none": (
        "No road map is registered.",
        "Дорожная карта не зарегистрирована.",
        "Жол картасы тіркелмеген.",
    ),
    "x_road_map_other": (
        "A road map does not defer this.",
        "Дорожная карта этого не откладывает.",
        "Жол картасы мұны кейінге қалдырмайды.",
    ),
    "x_unverified": (
        "{count} of the readings that count come from a device outside its verification.",
        "Учтённых показаний прибора вне поверки: {count}.",
        "Тексеру мерзімінен тыс аспаптың ескерілген көрсеткіштері: {count}.",
    ),
    "x_automatic": (
        "It began at {start}; cases open by themselves from {since}.",
        "Началось {start}; дела открываются автоматически с {since}.",
        "Басталуы {start}; істер {since} бастап автоматты ашылады.",
    ),
    "x_automatic_never": (
        "Cases under this rule never open by themselves.",
        "По этой норме дела не открываются автоматически.",
        "Бұл норма бойынша істер автоматты ашылмайды.",
    ),
    "x_conflict": (
        "{count} intervals have a second, different reading.",
        "Интервалов со вторым, отличным показанием: {count}.",
        "Екінші, өзгеше көрсеткіші бар аралықтар: {count}.",
    ),
    "x_insufficient": (
        "Windows below the least share of valid data: {count}.",
        "Интервалов ниже минимальной доли годных данных: {count}.",
        "Жарамды деректердің ең аз үлесіне жетпеген аралықтар: {count}.",
    ),
    "x_test": (
        "The registry does not mark the enterprise as a test stream.",
        "Реестр не помечает предприятие как тестовый поток.",
        "Тізілім кәсіпорынды сынақ ағыны деп белгілемейді.",
    ),
    "x_test_fired": (
        "The registry marks the enterprise as a test stream.",
        "Реестр помечает предприятие как тестовый поток.",
        "Тізілім кәсіпорынды сынақ ағыны деп белгілейді.",
    ),
    "s_excess": (
        "{mass} t emitted × ({value} − {limit}) / {value} = {excess} t.",
        "Выброшено {mass} т × ({value} − {limit}) / {value} = {excess} т.",
        "Шығарылғаны {mass} т × ({value} − {limit}) / {value} = {excess} т.",
    ),
    "s_excess_none": (
        "No reading has a valid mass flow, so the mass is not known.",
        "Нет показаний с годным массовым выбросом, масса неизвестна.",
        "Жарамды массалық шығарындысы бар көрсеткіш жоқ, масса белгісіз.",
    ),
    "s_excess_other": (
        "This rule measures no mass.",
        "Эта норма массу не измеряет.",
        "Бұл норма массаны өлшемейді.",
    ),
    "s_evidence": (
        "Partition {partition}, offsets {first}–{last}: {count} messages, SHA-256 {sha}.",
        "Раздел {partition}, смещения {first}–{last}: сообщений {count}, SHA-256 {sha}.",
        "{partition}-бөлім, {first}–{last} орындар: {count} хабарлама, SHA-256 {sha}.",
    ),
    "s_hash_equal": (
        "The hash was computed again and is equal.",
        "Хеш пересчитан и совпал.",
        "Хеш қайта есептелді және сәйкес келді.",
    ),
    "s_hash_unknown": (
        "The store keeps values, not the messages' bytes: `emissions audit` computes the hash.",
        "Хранятся значения, а не байты сообщений: хеш считает `emissions audit`.",
        "Хабарлама байттары емес, мәндер сақталады: хешті `emissions audit` есептейді.",
    ),
    "s_hash_none": (
        "A silence or a duty rests on no reading.",
        "Молчание или обязанность не опирается на показания.",
        "Үнсіздік немесе міндет көрсеткіштерге сүйенбейді.",
    ),
    "s_revision": (
        "{at}: {status}, {value}. {why}",
        "{at}: {status}, {value}. {why}",
        "{at}: {status}, {value}. {why}",
    ),
    "s_why_first": (
        "Found when its time was over.",
        "Найдено по окончании интервала.",
        "Аралық аяқталғанда табылды.",
    ),
    "s_why_late": (
        "Readings that came late: {count} ({first} to {last}, arrived until {arrived}).",
        "Поздние показания: {count} ({first} – {last}, поступили до {arrived}).",
        "Кеш келген көрсеткіштер: {count} ({first} – {last}, {arrived} дейін келді).",
    ),
    "s_why_time": (
        "It went on, or time alone changed it.",
        "Оно продолжилось, или изменило его только время.",
        "Ол жалғасты немесе оны тек уақыт өзгертті.",
    ),
    "s_equal": (
        "All that was published is equal to what was computed again from the stored data.",
        "Всё опубликованное совпадает с пересчитанным по хранимым данным.",
        "Жарияланғанның бәрі сақталған деректерден қайта есептелгенге тең.",
    ),
    "s_other_rules": (
        "It was judged by rule set {published}; here by {here}.",
        "Судили по набору норм {published}; здесь по {here}.",
        "{published} нормалар жиынымен бағаланды; мұнда {here}.",
    ),
    "s_last_registration": (
        "Registrations of the time are not stored: it was computed by the last one.",
        "Регистрации того времени не хранятся: пересчитано по последней.",
        "Сол уақыттағы тіркеулер сақталмаған: соңғысы бойынша есептелді.",
    ),
    "s_finding_not_compared": (
        "What was published is shown, not computed again: a finding is to be looked at, and proves "
        "nothing by itself.",
        "Показано опубликованное, без пересчёта: замечание — повод посмотреть, само по себе оно "
        "ничего не доказывает.",
        "Жарияланған дерек қайта есептелмей көрсетілді: ескерту — қарауға негіз, өздігінен ештеңе "
        "дәлелдемейді.",
    ),
    "s_year_without_hours": (
        "No mass flow by the hour is published where a parameter has a limit in t/a alone: the "
        "year is shown, not added up again.",
        "Часовой массовый выброс не публикуется, если у параметра есть только норматив в т/год: "
        "год показан, но заново не сложен.",
        "Параметрде тек т/жыл нормативі болса, сағаттық массалық шығарынды жарияланбайды: жыл "
        "көрсетілген, қайта қосылмаған.",
    ),
    "s_counted_not_compared": (
        "Counted over a year or longer: what was published is shown, not computed again; the means "
        "that were counted are explained one by one.",
        "Подсчёт за год или дольше: показано опубликованное, без пересчёта; каждое учтённое "
        "среднее объясняется отдельно.",
        "Бір жыл не одан ұзақ мерзімдегі санақ: жарияланған дерек қайта есептелмей көрсетілді; "
        "саналған әр орташа мән бөлек түсіндіріледі.",
    ),
    "s_suspicion": (
        "A statistical suspicion; no act names it.",
        "Статистическое подозрение; ни один акт его не называет.",
        "Статистикалық күмән; оны ешбір акт атамайды.",
    ),
    "s_number": (
        "{statistic}: {value}, compared with {threshold}.",
        "{statistic}: {value}, сравнивается с {threshold}.",
        "{statistic}: {value}, {threshold} мәнімен салыстырылады.",
    ),
    "s_no_rule": (
        "No rule {rule} is in force here ({here}): what was published is shown, not compared.",
        "Нормы {rule} здесь нет ({here}): показано опубликованное, без сверки.",
        "Мұнда {rule} нормасы жоқ ({here}): жарияланғаны салыстырусыз көрсетілді.",
    ),
    "s_different": (
        "{where}: published {published}, computed {computed}.",
        "{where}: опубликовано {published}, пересчитано {computed}.",
        "{where}: жарияланғаны {published}, есептелгені {computed}.",
    ),
    "s_no_kind": (
        "This version knows no explanation of the kind {kind}; the published facts follow.",
        "Эта версия не умеет объяснять вид {kind}; ниже опубликованные факты.",
        "Бұл нұсқа {kind} түрін түсіндіре алмайды; төменде жарияланған деректер.",
    ),
    "s_threshold": (
        "Longer than {gap_after}: three times the cadence, at least 20 minutes.",
        "Дольше {gap_after}: три периода передачи, не менее 20 минут.",
        "{gap_after} ұзақ: үш беру кезеңі, кемінде 20 минут.",
    ),
    "s_before": (
        "Ended at {at}, offset {offset}.",
        "Закончились {at}, смещение {offset}.",
        "{at} аяқталды, орны {offset}.",
    ),
    "s_before_none": (
        "Nothing came before: silence counts from the connection, or from the first record.",
        "До этого ничего не было: молчание считается с подключения или с первой записи.",
        "Бұған дейін ештеңе болмады: үнсіздік қосылғаннан немесе алғашқы жазбадан есептеледі.",
    ),
    "s_excused_edge": (
        "Excused time ends or begins here, so the gap does too.",
        "Здесь граница освобождённого времени, поэтому и перерыва.",
        "Мұнда босатылған уақыттың шегі, сондықтан үзілістің де шегі.",
    ),
    "s_after": (
        "Began at {at}, offset {offset}, arrived {arrived}.",
        "Начались {at}, смещение {offset}, поступили {arrived}.",
        "{at} басталды, орны {offset}, {arrived} келді.",
    ),
    "s_after_none": (
        "Nothing has come since.",
        "С тех пор ничего не поступало.",
        "Содан бері ештеңе келген жоқ.",
    ),
    "s_duty": (
        "Obliged from {since}: category {category}, commissioned {commissioned}.",
        "Обязано с {since}: категория {category}, введено {commissioned}.",
        "{since} бастап міндетті: {category}-санат, іске қосылғаны {commissioned}.",
    ),
    "s_asm": (
        "Installed: {installed}; connected: {connected}.",
        "Установлена: {installed}; подключена: {connected}.",
        "Орнатылғаны: {installed}; қосылғаны: {connected}.",
    ),
    "nothing": ("no", "нет", "жоқ"),
    "yes": ("yes", "да", "иә"),
    "no": ("no", "нет", "жоқ"),
    "whole_source": ("the whole source", "весь источник", "көз тұтастай"),
    "lasts": ("it lasts", "продолжается", "жалғасуда"),
    "dry": ("dry gas", "сухой газ", "құрғақ газ"),
    "wet": ("wet gas", "влажный газ", "ылғал газ"),
    "c_part": (
        "× {factor} ({measured} {unit}, reference {reference})",
        "× {factor} ({measured} {unit}, приведено к {reference})",
        "× {factor} ({measured} {unit}, {reference} келтірілді)",
    ),
    "c_plain": ("× {factor}", "× {factor}", "× {factor}"),
    "c_measured": (
        "× {factor} ({measured} {unit})",
        "× {factor} ({measured} {unit})",
        "× {factor} ({measured} {unit})",
    ),
    "on_air": ("missing", "отсутствует", "жоқ"),
    # key factors
    "k_who": (
        "Source {source} of {name} (БИН {bin}).",
        "Источник {source}, {name} (БИН {bin}).",
        "{source} көзі, {name} (БСН {bin}).",
    ),
    "k_who_enterprise": (
        "{name} (БИН {bin}).",
        "{name} (БИН {bin}).",
        "{name} (БСН {bin}).",
    ),
    "k_when": ("Time: {span}.", "Время: {span}.", "Уақыты: {span}."),
    "k_value": (
        "{parameter}: {value} {unit}; limit {limit} {unit}; ratio {ratio}.",
        "{parameter}: {value} {unit}; норматив {limit} {unit}; отношение {ratio}.",
        "{parameter}: {value} {unit}; норматив {limit} {unit}; қатынасы {ratio}.",
    ),
    "k_silence": (
        "No data for {length}; allowed: {least}.",
        "Данных не было {length}; допустимо: {least}.",
        "{length} бойы дерек болмады; рұқсат етілгені: {least}.",
    ),
    "k_duty": (
        "The duty exists since {since}.",
        "Обязанность с {since}.",
        "Міндет {since} бастап.",
    ),
    "k_rule": ("Rule {rule}: {title}.", "Норма {rule}: {title}.", "{rule} нормасы: {title}."),
    "k_law": ("Law: {law}.", "Закон: {law}.", "Заң: {law}."),
    "k_readings": (
        "Readings used: {used}; not used: {unused}.",
        "Показаний учтено: {used}; не учтено: {unused}.",
        "Ескерілген көрсеткіштер: {used}; ескерілмегені: {unused}.",
    ),
    "k_unused": (
        "Not used because of: {codes}.",
        "Причины неучёта: {codes}.",
        "Ескерілмеу себептері: {codes}.",
    ),
    "k_automatic": (
        "It may open a case without an inspector: {answer}{reasons}.",
        "Может открыть дело без инспектора: {answer}{reasons}.",
        "Инспекторсыз іс ашуы мүмкін: {answer}{reasons}.",
    ),
    "k_excess": (
        "Mass above the norm: {mass} t.",
        "Масса сверх норматива: {mass} т.",
        "Нормативтен артық масса: {mass} т.",
    ),
    "k_checked": (
        "Computed again from the stored data: equal.",
        "Пересчитано по хранимым данным: совпадает.",
        "Сақталған деректерден қайта есептелді: сәйкес.",
    ),
    "k_not_checked": (
        "Computed again from the stored data: it differs.",
        "Пересчитано по хранимым данным: расходится.",
        "Сақталған деректерден қайта есептелді: сәйкес емес.",
    ),
}

_LAW: Final = {
    "en": ("art. {}", "part {}", "p. {}", "({})"),
    "ru": ("ст. {}", "ч. {}", "п. {}", "пп. {}"),
    "kk": ("{}-бап", "{}-бөлік", "{}-тармақ", "{}-тармақша"),
}


class Words:
    """Says things in one language, with times on one clock."""

    def __init__(self, language: str, zone_name: str) -> None:
        self.language = language
        self.zone = zone_name
        self._at = LANGUAGES.index(language)

    def __call__(self, key: str, **numbers: object) -> str:
        """Return the words of a key, with numbers in their places."""
        text = _WORDS[key][self._at]
        return text.format(**numbers) if numbers else text

    def known(self, key: str) -> str:
        """Return the words of a key, or the key itself where it has none."""
        return _WORDS[key][self._at] if key in _WORDS else key

    def moment(self, instant: int | None) -> str:
        """Format an instant on the clock: ``2026-03-14 08:30``, with seconds if there are some."""
        if instant is None:
            return self("lasts")
        try:
            local = to_datetime(instant).astimezone(zone(self.zone))
        except (OverflowError, ValueError):
            return self("nothing")
        fine = local.second or local.microsecond
        return f"{local:%Y-%m-%d %H:%M:%S}" if fine else f"{local:%Y-%m-%d %H:%M}"

    def span(self, start: int, end: int | None) -> str:
        """Format an interval on the clock, its offset from UTC behind it."""
        first, last = self.moment(start), self.moment(end)
        if end is not None and last[:10] == first[:10]:
            last = last[11:]
        offset = to_datetime(start).astimezone(zone(self.zone)).strftime("%z")
        return f"{first} – {last} (UTC{offset[:3]}:{offset[3:]})"

    def citation(self, place: Article) -> str:
        """Format a place in the law, in the words that the language has for its parts."""
        parts = (place.article, place.part, place.point, place.subpoint)
        return " ".join(
            [place.act]
            + [
                word.format(part)
                for word, part in zip(_LAW[self.language], parts, strict=True)
                if part
            ]
        )


def number_text(value: float | None, digits: int = 6) -> str:
    """Format a number for people, to so many digits; None is a dash."""
    if value is None:
        return "—"
    if isinstance(value, int):
        return f"{value:d}"
    text = f"{value:.{digits}g}"
    return text if "e" not in text or abs(value) >= 1e15 else f"{value:.{digits}g}"


_UNITS: Final = {
    "en": ("d", "h", "min", "s"),
    "ru": ("сут", "ч", "мин", "с"),
    "kk": ("тәул", "сағ", "мин", "с"),
}
_SIZES: Final = (86_400_000, 3_600_000, 60_000, 1_000)


def length_text(milliseconds: int, language: str) -> str:
    """Format a length of time by its two largest units: ``3 h 30 min``."""
    parts, left = [], milliseconds
    for name, size in zip(_UNITS[language], _SIZES, strict=True):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {name}")
        elif parts:
            break
        if len(parts) == 2:
            break
    return " ".join(parts) or f"0 {_UNITS[language][3]}"
