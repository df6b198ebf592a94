"""A broker that anybody may write to, and one that is reached in the clear, are told."""

from __future__ import annotations

import pytest

from emissions.doctor.access import look_at_access
from streams.kafka.broker_check import broker_risks
from streams.settings import Settings
from tests.support.broker import TestBroker
from tests.support.secured_kafka import ADMIN, SecuredKafka

NO_AUTHORIZER = "the broker has no authorizer"


@pytest.mark.parametrize("address", ["127.0.0.1:9092", "127.1.2.3:1", "localhost:9092", "[::1]:1"])
def test_this_machine_needs_no_tls(address: str) -> None:
    assert look_at_access(Settings(broker=address)) == []


@pytest.mark.parametrize("address", ["kafka:9092", "192.0.2.7:9092", "[2001:db8::1]:9092"])
def test_another_machine_without_tls_is_a_risk(address: str) -> None:
    (found,) = look_at_access(Settings(broker=f"127.0.0.1:1,{address}"))
    assert (found.part, found.state) == ("broker", "RISK")
    assert found.seen.startswith(f"{address} is reached without TLS")
    assert "EMISSIONS_BROKER_TLS=true" in found.remedy
    assert look_at_access(Settings(broker=address, broker_tls=True)) == []


async def test_a_broker_without_an_authorizer_is_a_risk(
    kafka: TestBroker, secured_kafka: SecuredKafka
) -> None:
    told = await broker_risks(Settings(broker=kafka.address))
    (open_,) = (risk for risk in told if risk.what.startswith(NO_AUTHORIZER))
    assert "emissions admin acl --apply" in open_.remedy
    admin = secured_kafka.settings(ADMIN, broker_mechanism="PLAIN")
    assert not [risk for risk in await broker_risks(admin) if NO_AUTHORIZER in risk.what]
