"""What Kubernetes puts into a pod for a Service called like this program is no setting."""

from __future__ import annotations

import pytest

from streams.service_variables import made_for_a_service
from streams.settings import Settings, SettingsError


def of_service(name: str, address: str = "10.0.0.7", port: str = "HTTP") -> dict[str, str]:
    """The variables of a Service with one named port, as the kubelet makes them."""
    begin = name.upper().replace("-", "_")
    host = f"[{address}]" if ":" in address else address
    link = f"tcp://{host}:6066"
    return {
        f"{begin}_SERVICE_HOST": address,
        f"{begin}_SERVICE_PORT": "6066",
        f"{begin}_SERVICE_PORT_{port}": "6066",
        f"{begin}_PORT": link,
        f"{begin}_PORT_6066_TCP": link,
        f"{begin}_PORT_6066_TCP_PROTO": "tcp",
        f"{begin}_PORT_6066_TCP_PORT": "6066",
        f"{begin}_PORT_6066_TCP_ADDR": address,
    }


@pytest.mark.parametrize(
    "name",
    [
        "emissions",
        "emissions-streams",
        "emissions-sinks",
        "emissions-broker",
        "emissions-clickhouse",
        "emissions-web",  # its EMISSIONS_WEB_PORT is the name of a setting
        "emissions-schema-registry-url",
    ],
)
@pytest.mark.parametrize("address", ["10.0.0.7", "fd00::7"])
def test_variables_of_a_service_change_nothing(name: str, address: str) -> None:
    given = {"EMISSIONS_GRACE_S": "7", **of_service(name, address)}
    assert Settings.from_env(given) == Settings(grace_s=7)
    for one in of_service(name, address).items():
        assert Settings.from_env(dict([one])) == Settings()


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("EMISSIONS_WEBPORT", "8080", "is not a setting of this program, EMISSIONS_WEB_PORT is"),
        ("EMISSIONS_WEB_PORTS", "8080", "EMISSIONS_WEB_PORT is"),
        ("EMISSIONS_GRACE", "300", "EMISSIONS_GRACE_S is"),
        ("EMISSIONS_PORT", "8080", "is not a setting"),
        ("EMISSIONS_STREAMS_PORT", "8080", "is not a setting"),
        ("EMISSIONS_SERVICE_HOST", "kafka.local", "is not a setting"),
        ("EMISSIONS_SERVICE_PORT", "http", "is not a setting"),
        ("EMISSIONS_BROKER_HOST", "10.0.0.7", "is not a setting"),
        ("EMISSIONS_PARTITION", "4", "EMISSIONS_PARTITIONS is"),
        ("EMISSIONS_WEB_PORT", "tcp:8080", "must be a whole number"),
    ],
)
def test_a_mistyped_setting_still_ends_it(variable: str, value: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        Settings.from_env({variable: value})


def test_a_setting_that_is_given_goes_before_the_service_of_its_name() -> None:
    given = {**of_service("emissions-web"), "EMISSIONS_WEB_PORT": "8080"}
    assert Settings.from_env(given).web_port == 8080


def test_names_are_matched_whole() -> None:
    assert made_for_a_service("SERVICE_HOST", "10.0.0.7")
    assert not made_for_a_service("XSERVICE_HOST", "10.0.0.7")
    assert not made_for_a_service("PORT_TCP", "tcp://10.0.0.7:1")
