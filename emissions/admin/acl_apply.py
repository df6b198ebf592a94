"""Gives rights at the broker, and tells which ones the principals have beyond them.

aiokafka has no request for rights; this is all that the extra ``admin`` is for.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from deploy.embedded.extra import NotInstalledError
from emissions.admin.principals import Granted
from streams.kafka.access import token_source
from streams.kafka.rights import Right
from streams.settings import Settings

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient

_ANSWER_S: Final = 30.0
_HEED_S: Final = 30.0  # for a broker to take over from its quorum what it heeds
_AGAIN_S: Final = 0.1

State = Literal["given", "had", "more than the role needs"]


class RightState(NamedTuple):
    """A right of a principal: given now, had before, or had beside those of its roles."""

    principal: str
    right: Right
    state: State


class AclError(RuntimeError):
    """Rights could not be given or looked at; the text is a sentence."""


def apply(settings: Settings, grants: Iterable[Granted]) -> list[RightState]:
    """Give each principal the rights of its roles, and take away none.

    Returns them and those that the principals have beyond, once a broker tells what was given: a
    quorum takes rights before its brokers heed them. Raises NotInstalledError, AclError, and
    AccessFileError.
    """
    wanted: dict[str, dict[Right, None]] = {}
    for grant in grants:
        wanted.setdefault(grant.principal, {}).update(dict.fromkeys(grant.role.rights))
    admin = _client(settings)
    had = {principal: _rights_of(admin, principal) for principal in wanted}
    new = [
        (principal, right)
        for principal, rights in wanted.items()
        for right in rights
        if right not in had[principal]
    ]
    _give(admin, new)
    _wait_until_told(admin, new)
    given = set(new)
    return [
        *(
            RightState(principal, right, "given" if (principal, right) in given else "had")
            for principal, rights in wanted.items()
            for right in rights
        ),
        *(
            RightState(principal, right, "more than the role needs")
            for principal, rights in had.items()
            for right in sorted(rights - wanted[principal].keys())
        ),
    ]


def _client(settings: Settings) -> AdminClient:
    if importlib.util.find_spec("confluent_kafka") is None:
        raise NotInstalledError(
            "the part that gives rights is not installed (confluent_kafka): pip install "
            "'emission-streams[admin]' brings it; without --apply the commands are printed"
        )
    from confluent_kafka.admin import AdminClient

    return AdminClient(client_config(settings))


def client_config(settings: Settings) -> dict[str, Any]:
    """Return the settings of access in the names of librdkafka; read the files now."""
    sasl = settings.broker_user is not None or settings.broker_mechanism == "OAUTHBEARER"
    protocol = ("SASL_" if sasl else "") + ("SSL" if settings.broker_tls else "PLAINTEXT")
    found: dict[str, Any] = {
        "bootstrap.servers": settings.broker,
        "log_level": 0,  # what fails is the error of a call
        "security.protocol": protocol,
        "ssl.ca.location": settings.broker_ca_file,
        "ssl.certificate.location": settings.broker_certificate_file,
        "ssl.key.location": settings.broker_key_file or settings.broker_certificate_file,
        "ssl.key.password": settings.secret("broker_key_password"),
    }
    if sasl:
        found["sasl.mechanisms"] = settings.broker_mechanism
    if settings.broker_mechanism == "OAUTHBEARER":
        tokens = token_source(settings)
        found["oauth_cb"] = lambda _: (tokens.read(), _soon())
    elif sasl:
        found["sasl.username"] = settings.broker_user
        found["sasl.password"] = settings.secret("broker_password")
    return {name: value for name, value in found.items() if value is not None}


def _soon() -> float:
    """Return when librdkafka asks for the token again: it must know an end of it."""
    return time.time() + 60


def _rights_of(admin: AdminClient, principal: str) -> set[Right]:
    """Return what a principal is allowed, from every host; other rights are no business of ours."""
    from confluent_kafka.admin import (
        AclBindingFilter,
        AclOperation,
        AclPermissionType,
        ResourcePatternType,
        ResourceType,
    )

    wanted = AclBindingFilter(
        ResourceType.ANY,
        None,
        ResourcePatternType.ANY,
        principal,
        None,
        AclOperation.ANY,
        AclPermissionType.ALLOW,
    )
    found = _answer(admin.describe_acls(wanted, request_timeout=_ANSWER_S))
    kinds = {"TOPIC": "topic", "GROUP": "group", "BROKER": "cluster"}
    return {
        Right(
            acl.operation.name,
            kinds.get(acl.restype.name, acl.restype.name.lower()),
            acl.name,
            acl.resource_pattern_type.name.lower(),
        )
        for acl in found
        if acl.host == "*"
    }


def _give(admin: AdminClient, new: Iterable[tuple[str, Right]]) -> None:
    from confluent_kafka.admin import (
        AclBinding,
        AclOperation,
        AclPermissionType,
        ResourcePatternType,
        ResourceType,
    )

    kinds: Mapping[str, Any] = {
        "topic": ResourceType.TOPIC,
        "group": ResourceType.GROUP,
        "cluster": ResourceType.BROKER,  # librdkafka's name of it
    }
    bindings = [
        AclBinding(
            kinds[right.resource],
            right.name,
            ResourcePatternType[right.pattern.upper()],
            principal,
            "*",
            AclOperation[right.operation],
            AclPermissionType.ALLOW,
        )
        for principal, right in new
    ]
    if bindings:
        for future in admin.create_acls(bindings, request_timeout=_ANSWER_S).values():
            _answer(future)


def _wait_until_told(admin: AdminClient, new: Iterable[tuple[str, Right]]) -> None:
    """Ask again until all are told: at once they are known to the quorum, not to the brokers."""
    missing: dict[str, set[Right]] = {}
    for principal, right in new:
        missing.setdefault(principal, set()).add(right)
    until = time.monotonic() + _HEED_S
    while missing:
        told = {principal: _rights_of(admin, principal) for principal in missing}
        missing = {who: rights - told[who] for who, rights in missing.items() if rights - told[who]}
        if missing and time.monotonic() > until:
            raise AclError(
                f"rights were given, but after {_HEED_S:.0f} s the broker does not tell those of "
                f"{', '.join(sorted(missing))}: see whether it follows its quorum, and apply again"
            )
        if missing:
            time.sleep(_AGAIN_S)


def _answer(future: Any) -> Any:
    from confluent_kafka import KafkaError, KafkaException

    try:
        return future.result(timeout=2 * _ANSWER_S)
    except KafkaException as error:
        told = error.args[0]
        if told.code() == KafkaError.SECURITY_DISABLED:
            raise AclError(
                "the broker has no authorizer, so everybody may do everything: set "
                "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer"
            ) from None
        if told.code() == KafkaError.CLUSTER_AUTHORIZATION_FAILED:
            raise AclError(
                "this user may not look at or give rights: take a super user, or one with ALTER "
                "and DESCRIBE on the cluster"
            ) from None
        raise AclError(f"the broker does not answer about rights: {told.str()}") from None
    except TimeoutError:
        raise AclError("the broker does not answer about rights (see emissions doctor)") from None
