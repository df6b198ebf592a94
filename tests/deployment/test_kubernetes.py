"""deploy/kubernetes, held against the program: settings, commands, pages of health, rights."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import click
import pytest
import yaml
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from emissions.cli.main import cli
from emissions.doctor.seal import wanted
from emissions.portal.health import LIVE
from streams.settings import PREFIX, Settings

if TYPE_CHECKING:
    from uvicorn._types import HTTPScope

ROOT = Path(__file__).parents[2]
BASE = ROOT / "deploy" / "kubernetes" / "base"
PRODUCTION = ROOT / "deploy" / "kubernetes" / "overlays" / "production"
KUSTOMIZE = "sigs.k8s.io/kustomize/kustomize/v5@v5.7.1"

Document = dict[str, Any]


def documents(directory: Path) -> list[Document]:
    """Return every document that the kustomization of a directory names as its own file."""
    found = []
    for name in kustomization(directory)["resources"]:
        path = directory / name
        if path.is_file():
            found += [each for each in yaml.safe_load_all(path.read_text("utf-8")) if each]
    return found


def kustomization(directory: Path) -> Document:
    found: Document = yaml.safe_load((directory / "kustomization.yaml").read_text("utf-8"))
    return found


def variables(directory: Path) -> dict[str, str]:
    lines = (directory / "settings.env").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


class Pod(NamedTuple):
    """A template of pods and what makes them."""

    kind: str
    name: str
    spec: Document

    @property
    def container(self) -> Document:
        (found,) = self.spec["containers"]
        return dict(found)


def pods(every: list[Document]) -> Iterator[Pod]:
    for each in every:
        spec = each.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            yield Pod(each["kind"], each["metadata"]["name"], spec["template"]["spec"])


DOCUMENTS = documents(BASE)
PODS = {pod.name: pod for pod in pods(DOCUMENTS)}
WORKERS = {"emissions-streams", "emissions-sinks", "emissions-seal"}
PORTAL = "emissions-portal"
NAME = "app.kubernetes.io/name"
EVERY = pytest.mark.parametrize("pod", PODS.values(), ids=list(PODS))
EACH_WORKER = pytest.mark.parametrize("pod", [PODS[name] for name in sorted(WORKERS)])


def settings_of(pod: Pod) -> Settings:
    """Return the settings of a container as production has them."""
    own = {each["name"]: each["value"] for each in pod.container.get("env", ())}
    return Settings.from_env({**variables(BASE), **variables(PRODUCTION), **own})


def test_everything_that_runs_is_there_once() -> None:
    files = {path.name for path in BASE.glob("*.yaml")} - {"kustomization.yaml"}
    assert set(kustomization(BASE)["resources"]) == files
    assert {pod.name: pod.kind for pod in PODS.values()} == {
        "emissions-streams": "Deployment",
        "emissions-sinks": "Deployment",
        "emissions-seal": "StatefulSet",
        "emissions-topics": "Job",
        "emissions-migrate": "Job",
        "emissions-doctor": "CronJob",
        "emissions-portal": "Deployment",
        "emissions-open-data": "CronJob",
    }
    names = [(each["kind"], each["metadata"]["name"]) for each in DOCUMENTS]
    assert len(names) == len(set(names))


@EVERY
def test_every_variable_is_a_setting(pod: Pod) -> None:
    settings = settings_of(pod)
    assert settings.replication == 3
    assert settings.broker_tls
    assert all(name.startswith(PREFIX) for name in variables(BASE) | variables(PRODUCTION))


def test_no_secret_is_in_a_file_of_settings() -> None:
    given = variables(BASE) | variables(PRODUCTION)
    secrets = ("_PASSWORD", "_SECRET", "_TOKEN")
    assert not [name for name in given if name.endswith(secrets)]
    assert not [each for each in DOCUMENTS if each["kind"] == "Secret"]


@EVERY
def test_every_file_of_the_settings_is_mounted(pod: Pod) -> None:
    settings = settings_of(pod)
    mounts = {each["mountPath"] for each in pod.container["volumeMounts"]}
    named = [
        getattr(settings, name)
        for name in Settings.__dataclass_fields__
        if name.endswith("_file") and getattr(settings, name) is not None
    ]
    assert len(named) >= 4
    assert {str(Path(each).parent) for each in named} <= mounts
    for directory in (settings.state_directory, settings.log_path, settings.portal_data_path):
        assert directory is None or directory in mounts
    volumes = {each["name"] for each in pod.spec["volumes"]} | {"log"}
    assert {each["name"] for each in pod.container["volumeMounts"]} <= volumes


@EVERY
def test_commands_are_those_of_the_program(pod: Pod) -> None:
    assert "command" not in pod.container, "the image has its own entry point"
    words = list(pod.container["args"])
    command: click.Command = cli
    context = click.Context(cli, **cli.context_settings)
    while isinstance(command, click.Group):
        found = command.get_command(context, words[0])
        assert found is not None, words
        command, words = found, words[1:]
    command.make_context(pod.name, words, parent=context)


@EVERY
def test_pods_may_do_nothing_that_they_need_not(pod: Pod) -> None:
    security = pod.spec["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")
    assert f"USER {security['runAsUser']}:{security['runAsGroup']}" in dockerfile
    assert security["fsGroup"] == security["runAsGroup"], "secrets are read by way of the group"
    assert pod.spec["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod.spec)
    for container in [pod.container, *pod.spec.get("initContainers", ())]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["image"] == "emission-portal" if pod.name == PORTAL else "emission-streams"
        resources = container["resources"]
        assert set(resources["requests"]) == {"cpu", "memory", "ephemeral-storage"}
        assert resources["limits"]["memory"] == resources["requests"]["memory"]
    for volume in pod.spec["volumes"]:
        if "secret" in volume:
            assert volume["secret"]["defaultMode"] == 0o440
        elif "persistentVolumeClaim" in volume:
            assert volume["persistentVolumeClaim"]["claimName"] == "emissions-open-data"
        else:
            assert "sizeLimit" in volume["emptyDir"]


@EACH_WORKER
def test_workers_are_asked_for_their_health_where_they_answer(pod: Pod) -> None:
    settings = settings_of(pod)
    (port,) = pod.container["ports"]
    assert port == {"name": "health", "containerPort": settings.web_port}
    assert settings.web_host == "0.0.0.0"  # noqa: S104 - the pod's own network
    paths = {
        name: pod.container[f"{name}Probe"]["httpGet"]
        for name in ("startup", "liveness", "readiness")
    }
    assert paths == {
        "startup": {"path": "/livez", "port": "health"},
        "liveness": {"path": "/livez", "port": "health"},
        "readiness": {"path": "/readyz", "port": "health"},
    }
    assert pod.spec["terminationGracePeriodSeconds"] > settings.stop_s


def test_the_state_fits_into_its_volume_and_is_no_memory() -> None:
    (state,) = (
        each for each in PODS["emissions-streams"].spec["volumes"] if each["name"] == "state"
    )
    assert "medium" not in state["emptyDir"]


def test_the_log_has_one_writer_and_outlives_it() -> None:
    (seal,) = (each for each in DOCUMENTS if each["kind"] == "StatefulSet")
    assert seal["spec"]["replicas"] == 1
    assert seal["spec"]["persistentVolumeClaimRetentionPolicy"] == {
        "whenDeleted": "Retain",
        "whenScaled": "Retain",
    }
    (claim,) = seal["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["accessModes"] == ["ReadWriteOncePod"]
    assert settings_of(PODS["emissions-seal"]).log_path is not None
    assert not [each for each in kustomization(PRODUCTION)["replicas"] if "seal" in each["name"]]


def test_the_doctor_knows_that_a_log_is_kept() -> None:
    settings = settings_of(PODS["emissions-doctor"])
    assert wanted(settings)
    assert settings.log_path is None, "nobody but the seal worker can mount its volume"


def test_workers_are_stopped_one_at_a_time() -> None:
    budgets = {
        each["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"]: each["spec"]
        for each in DOCUMENTS
        if each["kind"] == "PodDisruptionBudget"
    }
    assert set(budgets) == WORKERS | {PORTAL}
    assert {spec["maxUnavailable"] for spec in budgets.values()} == {1}
    for each in DOCUMENTS:
        if each["kind"] == "Deployment" and each["metadata"]["name"] in WORKERS:
            rolling = each["spec"]["strategy"]["rollingUpdate"]
            assert rolling == {"maxSurge": 0, "maxUnavailable": 1}


def test_no_worker_of_production_is_without_a_partition() -> None:
    settings = settings_of(PODS["emissions-streams"])
    counts = {each["name"]: each["count"] for each in kustomization(PRODUCTION)["replicas"]}
    assert set(counts) == {"emissions-streams", "emissions-sinks"}
    assert all(1 < count <= settings.partitions for count in counts.values())


def test_networks_are_closed_but_for_what_settings_name() -> None:
    policies = {
        each["metadata"]["name"]: each["spec"]
        for each in DOCUMENTS
        if each["kind"] == "NetworkPolicy"
    }
    closed = policies["emissions-nothing-else"]
    assert (closed["policyTypes"], set(closed)) == (
        ["Ingress", "Egress"],
        {"podSelector", "policyTypes"},
    )
    settings = settings_of(PODS["emissions-streams"])
    (out,) = policies["emissions-servers"]["egress"]
    urls = (settings.clickhouse_url, settings.schema_registry_url or "")
    needed = {int(each.rpartition(":")[2]) for each in (*settings.broker_addresses, *urls)}
    assert {each["port"] for each in out["ports"]} == needed
    (in_,) = policies["emissions-health"]["ingress"]
    assert [each["port"] for each in in_["ports"]] == [settings.web_port]
    (tables,) = policies["emissions-tables"]["egress"]
    assert [f":{each['port']}" for each in tables["ports"]] == [settings.clickhouse_url[-5:]]
    (apart,) = policies["emissions-servers"]["podSelector"]["matchExpressions"]
    (those,) = policies["emissions-tables"]["podSelector"]["matchExpressions"]
    assert (apart["operator"], apart["values"]) == ("NotIn", those["values"])
    (visitors,) = policies["emissions-visitors"]["ingress"]
    assert [each["port"] for each in visitors["ports"]] == [settings.portal_port]


def test_workers_have_the_memory_that_they_were_measured_to_take() -> None:
    """The most of a streams and of a sinks worker at 10,000 sources at 1 Hz, and a third more."""
    capacity = (ROOT / "docs" / "operations" / "capacity.md").read_text("utf-8")
    (row,) = (line for line in capacity.splitlines() if line.startswith("| most memory, MB"))
    most = max(int(each.replace(",", "")) for each in re.findall(r"\d[\d,]*\d", row))
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    for role in ("streams", "sinks"):
        limit = PODS[f"emissions-{role}"].container["resources"]["limits"]["memory"]
        assert int(limit.removesuffix("Mi")) * 2**20 > most * 1_000_000 * 4 / 3
        limit = compose["services"][role]["deploy"]["resources"]["limits"]["memory"]
        assert int(limit.removesuffix("M")) * 2**20 > most * 1_000_000 * 4 / 3


def test_only_the_proxies_of_production_may_say_who_visits() -> None:
    proxies = settings_of(PODS[PORTAL]).portal_proxies
    assert proxies is not None
    assert proxies != "*"
    assert all(ip_network(each).prefixlen for each in proxies.split(","))
    ingress = str(next(ip_network(proxies.split(",")[0]).hosts()))
    written, visitor = "198.51.100.1", "203.0.113.7"
    headers = [(b"x-forwarded-for", f"{written}, {visitor}".encode())]
    assert asyncio.run(_seen_as(ingress, headers, proxies)) == visitor
    assert asyncio.run(_seen_as(ingress, headers, "*")) == written, "why it must be a network"
    assert asyncio.run(_seen_as(visitor, headers, proxies)) == visitor


async def _seen_as(client: str, headers: list[tuple[bytes, bytes]], proxies: str) -> str:
    """Return the address that the portal's server takes for that of the visitor."""
    seen: list[str] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope["client"][0])

    async def nothing(*_: Any) -> Any:
        raise AssertionError("the application sends and receives nothing")

    scope = {"type": "http", "client": (client, 40000), "headers": headers, "scheme": "http"}
    await ProxyHeadersMiddleware(app, proxies)(cast("HTTPScope", scope), nothing, nothing)
    return seen[0]


def test_the_portal_answers_its_probes_and_has_no_secret_of_the_workers() -> None:
    pod = PODS[PORTAL]
    assert pod.container["ports"] == [
        {"name": "http", "containerPort": settings_of(pod).portal_port}
    ]
    for probe in ("startup", "liveness", "readiness"):
        asked = pod.container[f"{probe}Probe"]["httpGet"]
        assert asked == {"path": LIVE, "port": "http"}
    (service,) = (
        each
        for each in DOCUMENTS
        if each["kind"] == "Service" and each["metadata"]["name"] == PORTAL
    )
    assert service["spec"]["ports"] == [{"name": "http", "port": 80, "targetPort": "http"}]
    for name in (PORTAL, "emissions-open-data"):
        secrets = [each["secret"] for each in PODS[name].spec["volumes"] if "secret" in each]
        assert [each["secretName"] for each in secrets] == ["emissions-portal-secrets"]
        assert settings_of(PODS[name]).clickhouse_user == "portal"
    writes = {
        name: not mount.get("readOnly", False)
        for name in (PORTAL, "emissions-open-data")
        for mount in PODS[name].container["volumeMounts"]
        if mount["name"] == "open-data"
    }
    assert writes == {PORTAL: False, "emissions-open-data": True}


def test_settings_of_time_are_those_of_the_other_deployment() -> None:
    lines = (ROOT / "deploy" / "production.env").read_text("utf-8").splitlines()
    other = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    ours = variables(BASE) | variables(PRODUCTION)
    for name in ("SESSION_TIMEOUT_S", "HEARTBEAT_S", "STOP_S", "STUCK_S", "WEB_PORT", "PARTITIONS"):
        assert ours[PREFIX + name] == other[PREFIX + name]


@pytest.mark.process
@pytest.mark.long
def test_kustomize_builds_production() -> None:
    if shutil.which("go") is None:
        pytest.skip("there is no Go here, which builds kustomize")
    done = subprocess.run(
        ["go", "run", KUSTOMIZE, "build", str(PRODUCTION)], capture_output=True, text=True,
        timeout=550, check=False, env={**os.environ, "GOFLAGS": "-mod=mod"}, cwd="/",
    )  # fmt: skip
    if done.returncode and "dial tcp" in done.stderr:
        pytest.skip(f"the modules of kustomize cannot be fetched: {done.stderr[:200]}")
    assert done.returncode == 0, done.stderr
    built = [each for each in yaml.safe_load_all(done.stdout) if each]
    (streams,) = (each for each in built if each["metadata"]["name"] == "emissions-streams"
                  and each["kind"] == "Deployment")  # fmt: skip
    assert streams["spec"]["replicas"] == 6
    assert {each["metadata"].get("namespace") for each in built} == {"emissions", None}
    (named,) = (each["metadata"]["name"] for each in built if each["kind"] == "ConfigMap")
    for pod in pods(built):
        assert pod.container["envFrom"] == [{"configMapRef": {"name": named}}]
        image = "emission-portal" if pod.name == PORTAL else "emission-streams"
        assert pod.container["image"] == f"{image}:0.1.0"
    for policy in (each for each in built if each["kind"] == "NetworkPolicy"):
        selector = policy["spec"]["podSelector"].get("matchLabels", {})
        labels = streams["spec"]["template"]["metadata"]["labels"]
        assert selector.items() <= labels.items() or selector.get(NAME) == PORTAL
