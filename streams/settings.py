"""Reads and validates the settings: one frozen object from ``EMISSIONS_*`` variables.

Deployed workers use ``Settings.from_env(os.environ)``; the embedded runs of ``demo`` and ``replay``
build ``Settings(...)`` or ``dataclasses.replace`` one. A field ``grace_s`` is the variable
``EMISSIONS_GRACE_S``. Every mistake is one sentence in `SettingsError`, and no password is ever in
a message or in a repr.

One file, although a long one: each field, its bounds and the sentences that refuse it are together.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, cast, get_type_hints
from urllib.parse import unquote, urlsplit

from msgspec import Meta

from streams.access_files import read_secret
from streams.core.law.policy import SIGNATURE_POLICIES, Policy
from streams.core.law.retention import Retention
from streams.service_variables import made_for_a_service

if TYPE_CHECKING:
    from streams.core.cases.scene import CasePolicy, Certainty
    from streams.core.engine.dead_letter_limit import LimitPolicy

PREFIX: Final = "EMISSIONS_"

_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")
_GROUP = re.compile(r"[A-Za-z0-9._-]{1,200}")
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s,:/@\[\]]+):(\d{1,5})")
_URI_REFERENCE = re.compile(r"[A-Za-z0-9._~:/?#@!$&'()*+,;=%\[\]-]{1,250}")
_TRUE = frozenset({"1", "true", "yes", "on"})
_MOST_LIMIT_RECORDS: Final = 20_000
_FALSE = frozenset({"0", "false", "no", "off", ""})

RENAMED: Final[Mapping[str, str]] = {
    "say_s": "log_interval_s",
    "fuse_share": "dead_letter_limit_share",
    "fuse_records": "dead_letter_limit_records",
    "fuse_run": "dead_letter_limit_run",
}
"""Settings by an earlier name: a deployment that still uses it goes on as it is."""


Count = Annotated[int, Meta(ge=1)]
CountOrOff = Annotated[int, Meta(ge=0)]
WholeSeconds = Annotated[int, Meta(ge=0)]
Seconds = Annotated[float, Meta(ge=0)]
Period = Annotated[float, Meta(ge=1)]
Age = Annotated[float, Meta(ge=0.01)]
Share = Annotated[float, Meta(ge=0)]
"""Numbers with their least value, which `Settings` checks."""


MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER")
"""How a client may log in at the broker (SASL), beside a certificate."""

SECRETS: Final = (
    "broker_key_password",
    "broker_password",
    "broker_client_secret",
    "clickhouse_password",
    "portal_private_password",
    "portal_oidc_client_secret",
    "schema_registry_password",
    "schema_registry_token",
)
"""Fields that hold a secret; each has another, ``..._file``, that names a file of it."""

_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


class SettingsError(ValueError):
    """A setting is wrong; the text is one sentence that names the variable and why."""


@dataclass(frozen=True)
class Settings:
    """Settings of workers and commands; seconds, bytes and rows as named.

    The comment behind each field is its meaning in ``emissions settings``.
    """

    # Where things are
    broker: str = "127.0.0.1:9092"  # host:port[,host:port...]
    clickhouse_url: str = "http://127.0.0.1:8123"  # http(s)://[user:password@]host:port
    clickhouse_database: str = "emissions"  # where tables and views are
    clickhouse_cluster: str | None = None  # name of a cluster of ClickHouse; none: a single server
    schema_registry_url: str | None = None  # http(s)://host:port; none: the ids of schemas/ids.json
    schema_wait_s: Seconds = 5.0  # messages wait this long for an id unknown to the registry
    event_source: str = "/emissions"  # CloudEvents source of what is published: a URI reference
    rules: str | None = None  # directory of other rule files (*.yaml), or a packaged set; none: kz

    # Access to the broker; a secret is given by its value or by the file that holds it
    broker_tls: bool = False  # speak TLS to the broker
    broker_ca_file: str | None = None  # authorities that vouch for it, PEM; none: the system's
    broker_certificate_file: str | None = None  # certificate of this client (mTLS), PEM
    broker_key_file: str | None = None  # its private key, PEM; none: in the certificate's file
    broker_key_password: str | None = field(default=None, repr=False)  # of an encrypted key
    broker_key_password_file: str | None = None  # file of it
    broker_mechanism: str = "PLAIN"  # of SASL: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER
    broker_user: str | None = None  # SASL when set
    broker_password: str | None = field(default=None, repr=False)  # goes with the user
    broker_password_file: str | None = None  # file of it; each new client reads it again
    broker_token_file: str | None = None  # OAUTHBEARER: file of the token; each connection reads it
    broker_token_url: str | None = None  # OAUTHBEARER: endpoint that gives tokens to the client id
    broker_token_ca_file: str | None = None  # authorities of that endpoint; none: the system's
    broker_token_scope: str | None = None  # scope of the tokens that are asked for
    broker_client_id: str | None = None  # goes with broker_token_url (client credentials)
    broker_client_secret: str | None = field(default=None, repr=False)  # goes with the client id
    broker_client_secret_file: str | None = None  # file of it; each request reads it

    # Access to ClickHouse
    clickhouse_user: str = "default"  # or in the URL
    clickhouse_password: str = field(default="", repr=False)  # or in the URL
    clickhouse_password_file: str | None = None  # file of it; each new client reads it again
    clickhouse_ca_file: str | None = None  # authorities that vouch for it, PEM; none: the system's
    clickhouse_certificate_file: str | None = None  # client certificate; without a password, login
    clickhouse_key_file: str | None = None  # its private key, PEM; none: in the certificate's file

    # Access to the schema registry
    schema_registry_user: str | None = None  # HTTP basic authentication when set
    schema_registry_password: str | None = field(default=None, repr=False)  # goes with the user
    schema_registry_password_file: str | None = None  # file of it; each request reads it
    schema_registry_token: str | None = field(default=None, repr=False)  # bearer token, not a user
    schema_registry_token_file: str | None = None  # file of it; each request reads it
    schema_registry_ca_file: str | None = None  # authorities that vouch for it; none: the system's
    schema_registry_certificate_file: str | None = None  # certificate of this client, PEM
    schema_registry_key_file: str | None = None  # its private key; none: in the certificate's file

    # Topics and groups
    topic_readings: str = "emissions.readings"  # in: EmissionReading
    topic_registry: str = "emissions.registry"  # in: EnterpriseRegistration, compacted
    topic_notices: str = "emissions.notices"  # in: OperatorNotice, compacted
    topic_measures: str = "emissions.measures"  # in: Measure, compacted
    topic_means: str = "emissions.means"  # out: WindowMean
    topic_gaps: str = "emissions.gaps"  # out: DataGap
    topic_violations: str = "emissions.violations"  # out: Violation
    topic_findings: str = "emissions.findings"  # out: Finding, what an inspector should look at
    topic_cases: str = "emissions.cases"  # out: AdministrativeCase
    topic_roots: str = "emissions.roots"  # out: SourceDayRoot
    topic_advice: str = "emissions.advice"  # out: Advice, what operators can still avert
    topic_notice_verdicts: str = "emissions.notice-verdicts"  # out: NoticeVerdict
    topic_dead_letters: str = "emissions.dead-letters"  # out: DeadLetter, refused messages
    topic_holds: str = "emissions.holds"  # partitions that wait for a person, and decisions
    partitions: Count = 4  # of readings, of the outputs and of the state's changelog
    replication: Count = 1  # replicas of each partition of new topics
    group_streams: str = "emissions-streams"  # consumer group of the streams workers
    group_sinks: str = "emissions-sinks"  # consumer group of the sinks workers
    group_seal: str = "emissions-seal"  # under it the seal worker tells how far it has sealed

    # Retention; what would destroy evidence is refused
    retention_readings_days: Count = 400  # of readings in Kafka, and of registrations 30 days more
    retention_means_days: Count = 400  # of means in Kafka
    retention_dead_letters_days: Count = 400  # of dead letters in Kafka
    retention_results_days: CountOrOff = 0  # of gaps, violations, cases, roots in Kafka; 0: no end
    retention_raw_years: Count = 5  # of raw messages in ClickHouse; `emissions migrate` lengthens

    # Time
    grace_s: WholeSeconds = 300  # a window closes this long after its end
    day_grace_s: WholeSeconds = 1200  # a calendar day closes this long after its end
    max_lateness_s: WholeSeconds = 259200  # readings later than this are TOO_LATE
    outage_limit_s: Count = 86400  # a longer silence is a violation: KZ-GAP, Order 208 point 26 (2)
    episode_max_days: Count = 5  # local days that the violations of one case last at most
    episode_gap_s: WholeSeconds = 86400  # violations further apart than this are not of one case
    case_uncertainty: bool = False  # a person looks where the confidence interval spans the limit
    case_certainty: str = "inferred"  # of the law's reading at least; inferred, secondary or read
    signatures: str = "off"  # readings of sources with keys that are not signed: off, warn, require
    mark_deadline_s: Count = 86400  # an operator marks a reading within this time after its end
    advice: bool = True  # tell operators of windows, silences and terms while they can still act
    tick_s: Seconds = 10.0  # the leader writes a tick this often; 0: never (a replay has its own)

    # The streams worker
    poll_records: Count = 10_000  # records a partition batch holds at most
    state_directory: str | None = None  # scratch files of the state; None: the system's temporary
    state_in_memory: bool = False  # allow a state directory that lies in memory (tmpfs)
    records_in_flight: Count = 40_000  # of a partition: handed over and unacknowledged
    save_records: Count = 30_000  # records of a partition after which its state is saved
    save_s: Seconds = 600.0  # its state is saved after this time; a start replays what came since
    commit_s: Annotated[float, Meta(ge=0.05)] = 0.5  # offsets are committed this often
    session_timeout_s: Period = 6.0  # a dead worker's partitions move after this
    heartbeat_s: Annotated[float, Meta(ge=0.1)] = 2.0  # interval of heartbeats to the group
    stop_s: Period = 20.0  # a worker that has not stopped by then exits
    stuck_s: Annotated[float, Meta(ge=2)] = 120.0  # lag without progress this long is a standstill
    log_interval_s: Period = 30.0  # repeated failures and progress are logged this often

    # Holds: a partition waits for a person instead of diverting a nation's messages
    dead_letter_limit_share: Share = 0.5  # held at this share of dead letters; 0: off
    dead_letter_limit_records: Count = 2000  # the share is that of this many last messages
    dead_letter_limit_run: CountOrOff = 1000  # held at this many dead letters in a row; 0: off
    dead_letter_limit_senders: Count = 5  # fewer senders than this reach no limit
    # Holds by the clock (never in a replay, which believes every stamp)
    max_ahead_s: Seconds = 600.0  # held at a record this far ahead of the worker's clock; 0: off
    max_step_s: Seconds = 21600.0  # and at one this far ahead of the records around it; 0: off

    # The sinks worker
    sink_rows: Count = 50_000  # a batch is written to ClickHouse at this many rows
    sink_bytes: Count = 16 * 1024 * 1024  # a batch is written at this many bytes
    sink_age_s: Age = 2.0  # a batch is written at this age
    sink_violations_age_s: Age = 0.25  # a batch of violations is written at this age
    sink_raw_messages: bool = True  # keep the messages of accepted readings whole, in ClickHouse

    # The transparency log
    log_path: str | None = None  # its directory; the seal worker writes it, others read it
    log_origin: str | None = None  # its name, as an address without https:// (regulator.kz/log)
    log_key_file: str | None = None  # its private key: `emissions log key --new FILE`
    log_witnesses: str | None = None  # file of the public keys of its witnesses, one a line
    tsa_url: str | None = None  # http(s) address that stamps each day's checkpoint (RFC 3161)
    seal_s: Period = 60.0  # a checkpoint is signed this often, while something is new

    # Bundles of evidence
    bundle_key_file: str | None = None  # private key (PEM) that signs bundles; none: the log's

    # The work of inspectors
    inspector_items: Count = 12  # cases and grounds that an inspector is given a day
    region_inspectors: Count = 1  # inspectors of a region

    # The portal
    portal_requests_per_minute: Count = 300  # of an address to the API, and the feeds
    portal_host: str = "127.0.0.1"  # address of the portal
    portal_port: Annotated[int, Meta(ge=1, le=65535)] = 8080  # its port
    portal_proxies: str | None = None  # proxies whose X-Forwarded-For counts; none: nobody
    portal_users_file: str | None = None  # who may sign in: `emissions portal-users`; none: nobody
    portal_private_user: str | None = None  # reads ClickHouse for them; none: no sign-in
    portal_private_password: str = field(default="", repr=False)  # its password
    portal_private_password_file: str | None = None  # file of it; each new client reads it again
    portal_url: str | None = None  # address of the portal for browsers, as the provider knows it
    portal_oidc_issuer: str | None = None  # provider of sign-ins (OpenID Connect); none: file alone
    portal_oidc_client_id: str | None = None  # how the portal is called there
    portal_oidc_client_secret: str = field(default="", repr=False)  # none: a public client (PKCE)
    portal_oidc_client_secret_file: str | None = None  # file of it; each sign-in reads it again
    portal_oidc_claim: str = "emissions"  # claim with roles, БИНs, regions; dots lead into claims
    portal_oidc_skew_s: CountOrOff = 60  # seconds by which the clocks of the two may differ
    portal_data_path: str | None = None  # directory of `emissions open-data`, served under /data/
    portal_keys_file: str | None = None  # keys that /verify trusts, one a line; none: the bundle's

    # Running
    web_host: str = "127.0.0.1"  # address of the pages of health and metrics
    web_port: CountOrOff = 0  # /livez, /readyz and /metrics over HTTP at this port; 0: off
    log_format: str = "auto"  # json | console | auto (console on a terminal)
    log_level: str = "INFO"  # DEBUG | INFO | WARNING | ERROR
    tracing: bool = False  # workers send traces of batches (extra tracing); OTEL_* say where to

    def __post_init__(self) -> None:
        _check(self)
        self._move_credentials()

    def _move_credentials(self) -> None:
        """Move user and password out of ClickHouse's URL, which is shown."""
        parts = urlsplit(self.clickhouse_url)
        if parts.username is None and parts.password is None:
            return
        host = parts.netloc.rpartition("@")[2]
        put = object.__setattr__  # frozen otherwise
        put(self, "clickhouse_url", parts._replace(netloc=host).geturl())
        if parts.username:
            put(self, "clickhouse_user", unquote(parts.username))
        if parts.password and self.clickhouse_password_file is not None:
            raise SettingsError(
                f"{PREFIX}CLICKHOUSE_URL carries a password and {PREFIX}CLICKHOUSE_PASSWORD_FILE "
                "is set: give it once"
            )
        put(self, "clickhouse_password", unquote(parts.password or ""))

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Settings:
        """Read the settings from ``EMISSIONS_*`` variables; refuse an unknown one."""
        env = os.environ if env is None else env
        hints = get_type_hints(cls)
        given: dict[str, object] = {}
        for variable in sorted(env):
            if not variable.startswith(PREFIX):
                continue
            name = variable.removeprefix(PREFIX).lower()
            if made_for_a_service(variable.removeprefix(PREFIX), env[variable]):
                continue
            name = RENAMED.get(name, name)
            if name not in hints:
                raise SettingsError(unknown(variable))
            now = present_name(variable)
            if variable != now and now in env:
                raise SettingsError(named_twice(variable))
            given[name] = parsed(variable, env[variable], hints[name])
        _check_credentials(given)
        return cls(**given)  # type: ignore[arg-type]

    def secret(self, name: str) -> str | None:
        """Return a secret (``broker_password``): its value, or what its file holds now.

        None or "" where neither is given. Raises `AccessFileError`.
        """
        path: str | None = getattr(self, f"{name}_file")
        if path is not None:
            return read_secret(Path(path), f"{PREFIX}{name.upper()}_FILE")
        value: str | None = getattr(self, name)
        return value

    @property
    def broker_addresses(self) -> tuple[str, ...]:
        """The bootstrap servers, one ``host:port`` each."""
        return tuple(address.strip() for address in self.broker.split(","))

    @property
    def state_path(self) -> Path | None:
        """Directory of the state's scratch files; None: the system's temporary directory."""
        return None if self.state_directory is None else Path(self.state_directory)

    @property
    def policy(self) -> Policy:
        """The times of the specification, ms."""
        return Policy(
            grace=self.grace_s * 1000,
            day_grace=self.day_grace_s * 1000,
            max_lateness=self.max_lateness_s * 1000,
            outage_limit=self.outage_limit_s * 1000,
            mark_deadline=self.mark_deadline_s * 1000,
            episode_max=self.episode_max_days,
        )

    @property
    def retention(self) -> Retention:
        """How long topics and ClickHouse keep what is evidence."""
        return Retention(
            readings=self.retention_readings_days,
            means=self.retention_means_days,
            dead_letters=self.retention_dead_letters_days,
            results=self.retention_results_days,
            raw_years=self.retention_raw_years if self.sink_raw_messages else None,
        )

    @property
    def case_policy(self) -> CasePolicy:
        """What policy fixes of cases."""
        from streams.core.cases.scene import CasePolicy  # not for every command

        certainty = cast("Certainty", self.case_certainty)
        return CasePolicy(self.episode_gap_s * 1000, self.case_uncertainty, certainty)

    @property
    def dead_letter_limit(self) -> LimitPolicy:
        """When the dead-letter limit of a partition is reached."""
        from streams.core.engine.dead_letter_limit import LimitPolicy  # not for every command

        return LimitPolicy(
            self.dead_letter_limit_share,
            self.dead_letter_limit_records,
            self.dead_letter_limit_run,
            self.dead_letter_limit_senders,
        )

    @property
    def app_id(self) -> str:
        """Name of the streams application: its consumer group and the prefix of its changelog."""
        return self.group_streams

    def as_env(self) -> dict[str, str]:
        """Return variables that make an equal object in a child process, passwords included."""
        found: dict[str, str] = {}
        for part in dataclasses.fields(self):
            value = getattr(self, part.name)
            if value is not None:
                text = str(int(value)) if isinstance(value, bool) else str(value)
                found[PREFIX + part.name.upper()] = text
        return found


def present_name(variable: str) -> str:
    """Return the variable's name of today: another one if it goes by an earlier name."""
    name = variable.removeprefix(PREFIX).lower()
    return PREFIX + RENAMED.get(name, name).upper()


def named_twice(variable: str) -> str:
    """Return the sentence for an earlier name beside the name of today."""
    return f"{variable} is the earlier name of {present_name(variable)}: give one of them"


def unknown(variable: str) -> str:
    """Return the sentence for an unknown variable, with the nearest known one."""
    names = [PREFIX + part.name.upper() for part in dataclasses.fields(Settings)]
    near = difflib.get_close_matches(variable, names, n=1, cutoff=0.8)
    meant = f", {near[0]} is" if near else " (emissions settings lists them)"
    return f"{variable} is not a setting of this program{meant}"


def _check_credentials(given: Mapping[str, object]) -> None:
    """Refuse a user or password of ClickHouse that is in its URL and in its own variable."""
    try:
        parts = urlsplit(str(given.get("clickhouse_url", "")))
    except ValueError:  # an invalid URL is refused with the rest
        return
    for name, inside in (("user", parts.username), ("password", parts.password)):
        beside = given.get(f"clickhouse_{name}")
        if inside is not None and beside is not None and unquote(inside) != beside:
            variable = f"{PREFIX}CLICKHOUSE_{name.upper()}"
            raise SettingsError(
                f"{PREFIX}CLICKHOUSE_URL carries a {name} and {variable} is another: give it once"
            )


def parsed(variable: str, text: str, hint: object) -> object:
    """Parse the value of one variable in the type of its field."""
    text = text if is_secret(variable) else text.strip()
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


def is_secret(variable: str) -> bool:
    """Return whether a variable's value must not be shown: also one that is only misspelt so."""
    return variable.endswith(("_PASSWORD", "_SECRET", "_TOKEN"))


def _check(settings: Settings) -> None:
    """Refuse settings that cannot work, with one sentence."""
    for address in settings.broker_addresses:
        match = _ADDRESS.fullmatch(address)
        if match is None or not 0 < int(match[2]) < 65536:
            # With an @ in it a comma may be that of a password: no part is shown by itself.
            shown = masked_address(settings.broker) if "@" in settings.broker else address
            raise SettingsError(
                f"{PREFIX}BROKER must be host:port[,host:port...], {shown!r} is not"
            )
    _check_url("clickhouse_url", settings.clickhouse_url)
    for name in ("schema_registry_url", "tsa_url", "broker_token_url", "portal_url"):
        if (url := getattr(settings, name)) is not None:
            _check_url(name, url)
    if not _URI_REFERENCE.fullmatch(settings.event_source):
        raise SettingsError(
            f"{PREFIX}EVENT_SOURCE must be a URI reference of at most 250 characters, such as "
            "https://example.kz/emissions"
        )
    _check_proxies(settings.portal_proxies)
    _check_access(settings)
    _check_names(settings)
    _check_numbers(settings)
    for name, allowed in (
        ("broker_mechanism", MECHANISMS),
        ("log_format", ("json", "console", "auto")),
        ("log_level", ("DEBUG", "INFO", "WARNING", "ERROR")),
        ("case_certainty", ("inferred", "secondary", "read")),
        ("signatures", SIGNATURE_POLICIES),
    ):
        if getattr(settings, name) not in allowed:
            raise SettingsError(f"{PREFIX}{name.upper()} must be one of {', '.join(allowed)}")


def _check_proxies(proxies: str | None) -> None:
    """Refuse what is no list of addresses: the server would take it for a name that never comes."""
    if proxies is None or proxies.strip() == "*":
        return
    for each in proxies.split(","):
        try:
            ip_network(each.strip())
        except ValueError:
            raise SettingsError(
                f"{PREFIX}PORTAL_PROXIES must be addresses or networks of proxies, such as "
                f"10.0.0.7,10.1.0.0/16, or * for all, {each.strip()!r} is none"
            ) from None


def _check_access(settings: Settings) -> None:
    """Refuse credentials and TLS files that do not go together."""
    for name in SECRETS:
        if getattr(settings, name) and getattr(settings, f"{name}_file") is not None:
            variable = PREFIX + name.upper()
            raise SettingsError(f"{variable} and {variable}_FILE are both set: give one of them")
    for user, secret in (
        ("broker_user", "broker_password"),
        ("broker_client_id", "broker_client_secret"),
        ("schema_registry_user", "schema_registry_password"),
    ):
        if (getattr(settings, user) is None) == _given(settings, secret):
            raise SettingsError(
                f"{PREFIX}{user.upper()} and {PREFIX}{secret.upper()} (or {PREFIX}{secret.upper()}"
                "_FILE) go together"
            )
    if settings.schema_registry_user is not None and _given(settings, "schema_registry_token"):
        raise SettingsError(
            f"{PREFIX}SCHEMA_REGISTRY_USER and {PREFIX}SCHEMA_REGISTRY_TOKEN are two ways to log "
            "in: give one of them"
        )
    _check_tokens(settings)
    for part, wants, tls in (
        ("broker", f"{PREFIX}BROKER_TLS=true", settings.broker_tls),
        ("broker_token", f"an https {PREFIX}BROKER_TOKEN_URL", _https(settings.broker_token_url)),
        ("clickhouse", f"an https {PREFIX}CLICKHOUSE_URL", _https(settings.clickhouse_url)),
        (
            "schema_registry",
            f"an https {PREFIX}SCHEMA_REGISTRY_URL",
            _https(settings.schema_registry_url),
        ),
    ):
        for name in ("ca_file", "certificate_file", "key_file"):
            variable = f"{PREFIX}{part}_{name}".upper()
            if not tls and getattr(settings, f"{part}_{name}", None) is not None:
                raise SettingsError(f"{variable} needs {wants}")
        key = getattr(settings, f"{part}_key_file", None)
        if key is not None and getattr(settings, f"{part}_certificate_file") is None:
            variable = f"{PREFIX}{part}".upper()
            raise SettingsError(f"{variable}_KEY_FILE needs {variable}_CERTIFICATE_FILE")
    if _given(settings, "broker_key_password") and settings.broker_certificate_file is None:
        raise SettingsError(
            f"{PREFIX}BROKER_KEY_PASSWORD needs {PREFIX}BROKER_CERTIFICATE_FILE: it opens its key"
        )


def _check_tokens(settings: Settings) -> None:
    """Refuse a half or a mixture of the ways to log in at the broker."""
    sources = [
        name for name in ("broker_token_file", "broker_token_url") if getattr(settings, name)
    ]
    if settings.broker_mechanism == "OAUTHBEARER":
        if settings.broker_user is not None:
            raise SettingsError(
                f"{PREFIX}BROKER_USER has no meaning with {PREFIX}BROKER_MECHANISM=OAUTHBEARER: "
                "the token tells who it is"
            )
        if len(sources) != 1:
            raise SettingsError(
                f"{PREFIX}BROKER_MECHANISM=OAUTHBEARER needs {PREFIX}BROKER_TOKEN_FILE or "
                f"{PREFIX}BROKER_TOKEN_URL, one of them"
            )
    elif sources:
        raise SettingsError(
            f"{PREFIX}{sources[0].upper()} needs {PREFIX}BROKER_MECHANISM=OAUTHBEARER"
        )
    elif settings.broker_mechanism.startswith("SCRAM") and settings.broker_user is None:
        raise SettingsError(
            f"{PREFIX}BROKER_MECHANISM={settings.broker_mechanism} needs {PREFIX}BROKER_USER"
        )
    if (settings.broker_token_url is None) != (settings.broker_client_id is None):
        raise SettingsError(f"{PREFIX}BROKER_TOKEN_URL and {PREFIX}BROKER_CLIENT_ID go together")
    url = settings.broker_token_url
    if url is not None and not _https(url) and urlsplit(url).hostname not in _LOOPBACK:
        raise SettingsError(
            f"{PREFIX}BROKER_TOKEN_URL must be https: the client's secret goes there"
        )


def _given(settings: Settings, secret: str) -> bool:
    """Return whether a secret is given, by value or by file."""
    return bool(getattr(settings, secret)) or getattr(settings, f"{secret}_file") is not None


def _https(url: str | None) -> bool:
    return url is not None and url.lower().startswith("https:")


def _check_names(settings: Settings) -> None:
    topics = [f.name for f in dataclasses.fields(settings) if f.name.startswith("topic_")]
    for name in topics:
        if not _TOPIC.fullmatch(getattr(settings, name)):
            raise SettingsError(f"{PREFIX}{name.upper()} is not a name of a Kafka topic")
    if len({getattr(settings, name) for name in topics}) != len(topics):
        raise SettingsError(f"two of {PREFIX}TOPIC_* name the same topic")
    groups = ("group_streams", "group_sinks", "group_seal")
    for name in groups:
        if not _GROUP.fullmatch(getattr(settings, name)):
            raise SettingsError(f"{PREFIX}{name.upper()} is not a name of a consumer group")
    if settings.group_streams == settings.group_sinks:
        raise SettingsError(f"{PREFIX}GROUP_STREAMS and {PREFIX}GROUP_SINKS must differ")
    if settings.group_seal in (settings.group_streams, settings.group_sinks):
        raise SettingsError(f"{PREFIX}GROUP_SEAL must differ from the groups of other workers")
    if settings.log_origin is not None and not re.fullmatch(r"[^\s+]{1,200}", settings.log_origin):
        raise SettingsError(f"{PREFIX}LOG_ORIGIN must have no blank and no plus")
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", settings.clickhouse_database):
        raise SettingsError(f"{PREFIX}CLICKHOUSE_DATABASE is not a name of a database")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", settings.clickhouse_cluster or "none"):
        raise SettingsError(f"{PREFIX}CLICKHOUSE_CLUSTER is not a name of a cluster")


def _check_numbers(settings: Settings) -> None:
    for name, hint in get_type_hints(Settings, include_extras=True).items():
        for bound in getattr(hint, "__metadata__", ()):
            value = getattr(settings, name)
            if not bound.ge <= value < float("inf"):  # NaN and infinity fail too
                raise SettingsError(
                    f"{PREFIX}{name.upper()} must be at least {bound.ge:g}, not {value}"
                )
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
    if not 1 <= settings.portal_port <= 65535:
        raise SettingsError(f"{PREFIX}PORTAL_PORT must be a port, not {settings.portal_port}")
    _check_retention(settings)
    if settings.max_lateness_s < max(settings.grace_s, settings.day_grace_s):
        raise SettingsError(f"{PREFIX}MAX_LATENESS_S must not be less than the grace periods")


def _check_retention(settings: Settings) -> None:
    kept = settings.retention
    fault = kept.destroys or kept.too_short(settings.max_lateness_s, settings.mark_deadline_s)
    if fault is not None:
        part, why = fault
        unit = "YEARS" if part == "raw" else "DAYS"
        raise SettingsError(f"{PREFIX}RETENTION_{part.upper()}_{unit} {why}")


def _check_url(name: str, url: str) -> None:
    """Check an http(s) URL with a host; only ClickHouse's may carry user and password."""
    variable = PREFIX + name.upper()
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SettingsError(f"{variable} is not a URL") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        shown = masked_address(url)
        raise SettingsError(f"{variable} must be http(s)://host[:port], not {shown!r}")
    if name != "clickhouse_url" and (parts.username is not None or parts.password is not None):
        raise SettingsError(f"{variable} must not carry a user or a password")


def masked_address(text: str) -> str:
    """Mask what stands before the last ``@`` of an address: a password may hold any character."""
    return re.sub(r"^(\w+://)?.*@", r"\1***@", text, flags=re.DOTALL)
