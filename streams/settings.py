"""One frozen, validated object of settings, read from ``EMISSIONS_*`` environment variables.

``Settings.from_env(os.environ)`` is the way in for the deployed workers; the embedded runs of
``demo`` and ``replay`` build ``Settings(...)`` or ``dataclasses.replace`` one. A field ``grace_s``
is the variable ``EMISSIONS_GRACE_S``. Every mistake is one sentence in `SettingsError`, and no
password ever stands in a message or in a repr.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, get_type_hints
from urllib.parse import unquote, urlsplit

from streams.service_variables import made_for_a_service

PREFIX: Final = "EMISSIONS_"

_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
_GROUP = re.compile(r"[A-Za-z0-9._-]{1,200}")
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s,:/@\[\]]+):(\d{1,5})")
_TRUE = frozenset({"1", "true", "yes", "on"})
_MOST_LIMIT_RECORDS: Final = 20_000
_FALSE = frozenset({"0", "false", "no", "off", ""})


class SettingsError(ValueError):
    """A setting is wrong; the message is one sentence that names the variable and why."""


@dataclass(frozen=True)
class Settings:
    """Everything a worker or a command needs to know; seconds, bytes and rows as named.

    The comment behind each field is its meaning in ``emissions settings``.
    """

    # Where things are
    broker: str = "127.0.0.1:9092"  # host:port[,host:port...]
    broker_user: str | None = None  # SASL/PLAIN when set
    broker_password: str | None = field(default=None, repr=False)  # goes with the user
    broker_tls: bool = False  # speak TLS to the broker
    clickhouse_url: str = "http://127.0.0.1:8123"  # http(s)://[user:password@]host:port
    clickhouse_database: str = "emissions"  # where tables and views are
    clickhouse_user: str = "default"  # or in the URL
    clickhouse_password: str = field(default="", repr=False)  # or in the URL
    schema_registry_url: str | None = None  # http(s)://host:port; none: the ids of schemas/ids.json
    schema_registry_user: str | None = None  # HTTP basic authentication when set
    schema_registry_password: str | None = field(default=None, repr=False)  # goes with the user
    schema_wait_s: float = 5.0  # messages wait so long for an id that the registry does not know

    # Topics and groups
    topic_readings: str = "emissions.readings"  # in: EmissionReading
    topic_registry: str = "emissions.registry"  # in: EnterpriseRegistration, compacted
    topic_means: str = "emissions.means"  # out: WindowMean
    topic_gaps: str = "emissions.gaps"  # out: DataGap
    topic_violations: str = "emissions.violations"  # out: Violation
    topic_cases: str = "emissions.cases"  # out: AdministrativeCase
    topic_dead_letters: str = "emissions.dead-letters"  # out: DeadLetter, what was refused
    topic_holds: str = "emissions.holds"  # partitions that wait for a person, and decisions
    partitions: int = 4  # of readings, of the outputs and of the state's changelog
    replication: int = 1  # copies of each partition that topics are created with
    group_streams: str = "emissions-streams"  # consumer group of the streams workers
    group_sinks: str = "emissions-sinks"  # consumer group of the sinks workers

    # Time (specification 3 and 8)
    grace_s: int = 300  # a window closes this long after its end
    day_grace_s: int = 1200  # a calendar day closes this long after its end
    max_lateness_s: int = 259200  # readings later than this are TOO_LATE
    outage_limit_s: int = 86400  # a longer silence is a violation: KZ-GAP, Order 208 point 26 (2)
    tick_s: float = 10.0  # the leader writes a tick this often; 0: never (a replay has its own)

    # The streams worker
    poll_records: int = 10_000  # records a partition batch holds at most
    state_directory: str | None = None  # scratch files of the state; None: the system's temporary
    state_in_memory: bool = False  # allow a state directory that lies in memory (tmpfs)
    records_in_flight: int = 40_000  # of a partition: handed over and not acknowledged yet
    save_records: int = 30_000  # records of a partition after which its state is saved
    save_s: float = 600.0  # its state is saved after so long; a start judges again what came since
    commit_s: float = 0.5  # offsets are committed this often
    session_timeout_s: float = 6.0  # a dead worker's partitions move after this
    heartbeat_s: float = 2.0  # a worker tells its group this often that it lives
    stop_s: float = 20.0  # a worker that has not stopped by then is ended
    stuck_s: float = 120.0  # a partition with lag that has not moved for so long is stuck
    say_s: float = 30.0  # repeated troubles and progress are logged once in this period

    # A partition is held, until somebody decides, rather than divert a nation's messages
    dead_letter_limit_share: float = 0.5  # held at this share of dead letters; 0: off
    dead_letter_limit_records: int = 2000  # the share is that of so many last messages of it
    dead_letter_limit_run: int = 1000  # held at so many dead letters in a row; 0: off
    dead_letter_limit_senders: int = 5  # no limit is reached by fewer senders than these
    # or than believe a clock that is wrong (not in a replay, whose times are what they are)
    max_ahead_s: float = 600.0  # held at a record so far ahead of the worker's clock; 0: off
    max_step_s: float = 21600.0  # and at one so far ahead of the records around it; 0: off

    # The sinks worker
    sink_rows: int = 50_000  # a batch is written to ClickHouse at this many rows
    sink_bytes: int = 16 * 1024 * 1024  # a batch is written at this many bytes
    sink_age_s: float = 2.0  # a batch is written at this age
    sink_violations_age_s: float = 0.25  # a batch of violations is written at this age

    # Running
    web_host: str = "127.0.0.1"  # address on which health is told
    web_port: int = 0  # /livez and /readyz over HTTP at this port; 0: off
    log_format: str = "auto"  # json | console | auto (console on a terminal)
    log_level: str = "INFO"  # DEBUG | INFO | WARNING | ERROR

    def __post_init__(self) -> None:
        _check(self)
        self._take_credentials()

    def _take_credentials(self) -> None:
        """Move user and password out of ClickHouse's URL, where they would be shown with it."""
        parts = urlsplit(self.clickhouse_url)
        if parts.username is None and parts.password is None:
            return
        host = parts.netloc.rpartition("@")[2]
        put = object.__setattr__  # frozen for everybody else
        put(self, "clickhouse_url", parts._replace(netloc=host).geturl())
        if parts.username:
            put(self, "clickhouse_user", unquote(parts.username))
        put(self, "clickhouse_password", unquote(parts.password or ""))

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Settings from ``EMISSIONS_*`` variables; an unknown one is an error, not a surprise."""
        env = os.environ if env is None else env
        hints = get_type_hints(cls)
        given: dict[str, object] = {}
        for variable in sorted(env):
            if not variable.startswith(PREFIX):
                continue
            name = variable.removeprefix(PREFIX).lower()
            if made_for_a_service(variable.removeprefix(PREFIX), env[variable]):
                continue
            if name not in hints:
                raise SettingsError(unknown(variable))
            given[name] = parsed(variable, env[variable], hints[name])
        _told_once(given)
        return cls(**given)  # type: ignore[arg-type]

    @property
    def broker_addresses(self) -> tuple[str, ...]:
        """The bootstrap servers, one ``host:port`` each."""
        return tuple(address.strip() for address in self.broker.split(","))

    @property
    def app_id(self) -> str:
        """Name of the streams application: its consumer group and the prefix of its changelog."""
        return self.group_streams

    def as_env(self) -> dict[str, str]:
        """Variables that make an equal object in a child process; passwords are among them."""
        found: dict[str, str] = {}
        for part in dataclasses.fields(self):
            value = getattr(self, part.name)
            if value is not None:
                text = str(int(value)) if isinstance(value, bool) else str(value)
                found[PREFIX + part.name.upper()] = text
        return found


def unknown(variable: str) -> str:
    """The sentence for a variable that is no setting, with the one that was probably meant."""
    names = [PREFIX + part.name.upper() for part in dataclasses.fields(Settings)]
    near = difflib.get_close_matches(variable, names, n=1, cutoff=0.8)
    meant = f", {near[0]} is" if near else " (emissions settings lists them)"
    return f"{variable} is not a setting of this program{meant}"


def _told_once(given: Mapping[str, object]) -> None:
    """Refuse a user or password of ClickHouse that stands in its URL and beside it."""
    try:
        parts = urlsplit(str(given.get("clickhouse_url", "")))
    except ValueError:  # what is no URL is refused with all the rest
        return
    for name, inside in (("user", parts.username), ("password", parts.password)):
        beside = given.get(f"clickhouse_{name}")
        if inside is not None and beside is not None and unquote(inside) != beside:
            variable = f"{PREFIX}CLICKHOUSE_{name.upper()}"
            raise SettingsError(
                f"{PREFIX}CLICKHOUSE_URL carries a {name} and {variable} is another: give it once"
            )


def parsed(variable: str, text: str, hint: object) -> object:
    """The value of one variable in the type of its field."""
    secret = variable.endswith("_PASSWORD")
    text = text if secret else text.strip()
    if hint is bool:
        if text.lower() in _TRUE | _FALSE:
            return text.lower() in _TRUE
        raise SettingsError(f"{variable} must be true or false, not {text!r}")
    if hint is int or hint is float:
        try:
            return int(text) if hint is int else float(text)
        except ValueError:
            kind = "a whole number" if hint is int else "a number"
            raise SettingsError(f"{variable} must be {kind}, not {text!r}") from None
    if hint == (str | None) and not text:
        return None
    return text


def _check(settings: Settings) -> None:
    """Refuse what cannot work, with one sentence."""
    for address in settings.broker_addresses:
        match = _ADDRESS.fullmatch(address)
        if match is None or not 0 < int(match[2]) < 65536:
            raise SettingsError(
                f"{PREFIX}BROKER must be host:port[,host:port...], {_masked(address)!r} is not"
            )
    if (settings.broker_user is None) != (settings.broker_password is None):
        raise SettingsError(f"{PREFIX}BROKER_USER and {PREFIX}BROKER_PASSWORD go together")
    if (settings.schema_registry_user is None) != (settings.schema_registry_password is None):
        raise SettingsError(
            f"{PREFIX}SCHEMA_REGISTRY_USER and {PREFIX}SCHEMA_REGISTRY_PASSWORD go together"
        )
    _check_url("clickhouse_url", settings.clickhouse_url)
    if settings.schema_registry_url is not None:
        _check_url("schema_registry_url", settings.schema_registry_url)
    _check_names(settings)
    _check_numbers(settings)
    for name, allowed in (
        ("log_format", ("json", "console", "auto")),
        ("log_level", ("DEBUG", "INFO", "WARNING", "ERROR")),
    ):
        if getattr(settings, name) not in allowed:
            raise SettingsError(f"{PREFIX}{name.upper()} must be one of {', '.join(allowed)}")


def _check_names(settings: Settings) -> None:
    topics = [f.name for f in dataclasses.fields(settings) if f.name.startswith("topic_")]
    for name in topics:
        if not _TOPIC.fullmatch(getattr(settings, name)):
            raise SettingsError(f"{PREFIX}{name.upper()} is not a name of a Kafka topic")
    if len({getattr(settings, name) for name in topics}) != len(topics):
        raise SettingsError(f"two of {PREFIX}TOPIC_* name the same topic")
    for name in ("group_streams", "group_sinks"):
        if not _GROUP.fullmatch(getattr(settings, name)):
            raise SettingsError(f"{PREFIX}{name.upper()} is not a name of a consumer group")
    if settings.group_streams == settings.group_sinks:
        raise SettingsError(f"{PREFIX}GROUP_STREAMS and {PREFIX}GROUP_SINKS must differ")
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", settings.clickhouse_database):
        raise SettingsError(f"{PREFIX}CLICKHOUSE_DATABASE is not a name of a database")


def _check_numbers(settings: Settings) -> None:
    at_least: tuple[tuple[str, float], ...] = (
        ("partitions", 1), ("replication", 1), ("grace_s", 0), ("day_grace_s", 0),
        ("max_lateness_s", 0), ("schema_wait_s", 0), ("outage_limit_s", 1), ("tick_s", 0),
        ("poll_records", 1), ("records_in_flight", 1), ("save_records", 1), ("save_s", 0),
        ("commit_s", 0.05), ("session_timeout_s", 1), ("heartbeat_s", 0.1), ("stop_s", 1),
        ("stuck_s", 2), ("dead_letter_limit_share", 0), ("dead_letter_limit_records", 1),
        ("dead_letter_limit_run", 0), ("dead_letter_limit_senders", 1), ("max_ahead_s", 0),
        ("max_step_s", 0), ("say_s", 1), ("sink_rows", 1), ("sink_bytes", 1), ("sink_age_s", 0.01),
        ("sink_violations_age_s", 0.01), ("web_port", 0),
    )  # fmt: skip
    for name, least in at_least:
        value = getattr(settings, name)
        if not least <= value < float("inf"):  # NaN and infinity fail too
            raise SettingsError(f"{PREFIX}{name.upper()} must be at least {least:g}, not {value}")
    if settings.commit_s > 1:
        raise SettingsError(
            f"{PREFIX}COMMIT_S must be at most 1: a rebalance repeats what was not committed"
        )
    if settings.heartbeat_s * 3 > settings.session_timeout_s:
        raise SettingsError(
            f"{PREFIX}HEARTBEAT_S must be at most a third of {PREFIX}SESSION_TIMEOUT_S"
        )
    if settings.dead_letter_limit_share > 1:
        raise SettingsError(
            f"{PREFIX}DEAD_LETTER_LIMIT_SHARE must be a share from 0 (off) to 1, "
            f"not {settings.dead_letter_limit_share}"
        )
    for name in ("dead_letter_limit_records", "dead_letter_limit_run"):
        if getattr(settings, name) > _MOST_LIMIT_RECORDS:  # its state is a record of the changelog
            raise SettingsError(
                f"{PREFIX}{name.upper()} must be at most {_MOST_LIMIT_RECORDS}, "
                f"not {getattr(settings, name)}"
            )
    if settings.stuck_s <= max(settings.session_timeout_s, settings.sink_age_s):
        raise SettingsError(
            f"{PREFIX}STUCK_S must be more than {PREFIX}SESSION_TIMEOUT_S and {PREFIX}SINK_AGE_S: "
            "to wait for those is no standstill"
        )
    if settings.web_port > 65535:
        raise SettingsError(f"{PREFIX}WEB_PORT must be a port, not {settings.web_port}")
    if settings.max_lateness_s < max(settings.grace_s, settings.day_grace_s):
        raise SettingsError(f"{PREFIX}MAX_LATENESS_S must not be less than the grace periods")


def _check_url(name: str, url: str) -> None:
    """An http(s) URL with a host; only that of ClickHouse may carry a user and a password."""
    variable = PREFIX + name.upper()
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SettingsError(f"{variable} is not a URL") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise SettingsError(f"{variable} must be http(s)://host[:port], not {_masked(url)!r}")
    if name != "clickhouse_url" and (parts.username is not None or parts.password is not None):
        raise SettingsError(f"{variable} must not carry a user or a password")


def _masked(text: str) -> str:
    """The text without anything that stands before an ``@``: it may be a password."""
    return re.sub(r"[^/\s]*@", "***@", text)
