"""deploy/kubernetes, held against the program: settings, commands, pages of health, rights."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import pytest
import yaml
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from emissions.doctor.seal import wanted
from emissions.portal.health import LIVE
from streams.kafka.rights import ROLES, default_principal
from streams.settings import PREFIX, Settings
from tests.deployment.promtool import promtool
from tests.support.program import parse

if TYPE_CHECKING:
    from uvicorn._types import HTTPScope

ROOT = Path(__file__).parents[2]
BASE = ROOT / "deploy" / "kubernetes" / "base"
PRODUCTION = ROOT / "deploy" / "kubernetes" / "overlays" / "production"
NETWORK = ROOT / "deploy" / "kubernetes" / "network"
PAGE = (ROOT / "docs" / "operations" / "kubernetes.md").read_text("utf-8")
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


def variables(directory: Path, only: set[str] | None = None) -> dict[str, str]:
    """Return the settings of a kustomization, of all its ConfigMaps or of some."""
    found: dict[str, str] = {}
    for each in kustomization(directory)["configMapGenerator"]:
        if only is None or each["name"] in only:
            for name in each["envs"]:
                lines = (directory / name).read_text("utf-8").splitlines()
                found |= dict(
                    line.split("=", 1) for line in lines if line and not line.startswith("#")
                )
    return found


class Pod(NamedTuple):
    """A template of pods and what makes them."""

    kind: str
    name: str
    spec: Document

    @property
    def container(self) -> Document:
        (found,) = self.spec["containers"]
        return dict(found)

    @property
    def given(self) -> set[str]:
        """The ConfigMaps whose settings it has."""
        return {each["configMapRef"]["name"] for each in self.container["envFrom"]}

    @property
    def secrets(self) -> set[str]:
        return {each["secret"]["secretName"] for each in self.spec["volumes"] if "secret" in each}


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
BROKER, CLICKHOUSE = "emissions-broker", "emissions-clickhouse"
EVERY = pytest.mark.parametrize("pod", PODS.values(), ids=list(PODS))
EACH_WORKER = pytest.mark.parametrize("pod", [PODS[name] for name in sorted(WORKERS)])


def settings_of(pod: Pod) -> Settings:
    """Return the settings of a container as production has them."""
    own = {each["name"]: each["value"] for each in pod.container.get("env", ())}
    return Settings.from_env(
        {**variables(BASE, pod.given), **variables(PRODUCTION, pod.given), **own}
    )


def test_everything_that_runs_is_there_once() -> None:
    files = {path.name for path in BASE.glob("*.yaml")} - {"kustomization.yaml"}
    assert set(kustomization(BASE)["resources"]) == files
    assert {pod.name: pod.kind for pod in PODS.values()} == {
        "emissions-streams": "Deployment",
        "emissions-sinks": "Deployment",
        "emissions-seal": "StatefulSet",
        "emissions-topics": "Job",
        "emissions-migrate": "Job",
        "emissions-registry": "CronJob",
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
    assert settings.broker_tls == (BROKER in pod.given)
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
    assert len(named) >= 2
    assert {str(Path(each).parent) for each in named} <= mounts
    for directory in (settings.state_directory, settings.log_path, settings.portal_data_path):
        assert directory is None or directory in mounts
    volumes = {each["name"] for each in pod.spec["volumes"]} | {"log"}
    assert {each["name"] for each in pod.container["volumeMounts"]} <= volumes


@EVERY
def test_commands_are_those_of_the_program(pod: Pod) -> None:
    assert "command" not in pod.container, "the image has its own entry point"
    words = list(pod.container["args"])
    parse(pod.name, words)


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
        elif "configMap" in volume:
            assert pod.name == "emissions-registry"
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
    settings = settings_of(PODS["emissions-sinks"])
    for name, needs, urls in (
        ("emissions-brokers", BROKER, (*settings.broker_addresses, settings.schema_registry_url)),
        ("emissions-tables", CLICKHOUSE, (settings.clickhouse_url,)),
    ):
        (out,) = policies[name]["egress"]
        ports = {int(str(each).rpartition(":")[2]) for each in urls}
        assert {each["port"] for each in out["ports"]} == ports
        assert selected(policies[name]) == {pod.name for pod in PODS.values() if needs in pod.given}
    (names,) = policies["emissions-names"]["egress"]
    assert {"ipBlock": {"cidr": "169.254.20.10/32"}} in names["to"], "NodeLocal DNSCache"
    (in_,) = policies["emissions-health"]["ingress"]
    assert [each["port"] for each in in_["ports"]] == [settings.web_port]
    settings = settings_of(PODS[PORTAL])
    (visitors,) = policies["emissions-visitors"]["ingress"]
    assert [each["port"] for each in visitors["ports"]] == [settings.portal_port]


def selected(policy: Document) -> set[str]:
    (expression,) = policy["podSelector"]["matchExpressions"]
    assert (expression["key"], expression["operator"]) == (NAME, "In")
    return set(expression["values"])


def test_what_else_a_pod_may_reach_is_taken_in_by_name() -> None:
    found = {}
    for directory in sorted(NETWORK.iterdir()):
        assert kustomization(directory)["kind"] == "Component"
        (policy,) = documents(directory)
        (out,) = policy["spec"]["egress"]
        assert policy["spec"]["policyTypes"] == ["Egress"]
        ports = {each["port"] for each in out["ports"]}
        found[directory.name] = (selected(policy["spec"]), ports)
    assert found == {
        "time-stamps": ({"emissions-seal"}, {80, 443}),
        "tokens": ({pod.name for pod in PODS.values() if BROKER in pod.given}, {443}),
        "sign-in": ({PORTAL}, {443}),
        "traces": ({"emissions-streams", "emissions-sinks"}, {4318}),
    }
    assert not [name for name in found if f"network/{name}" not in PAGE]


def test_each_part_logs_in_as_a_user_of_its_own_and_sees_no_other_secret() -> None:
    roles = {
        "emissions-topics": "deployer",
        "emissions-registry": "officer",
        "emissions-streams": "streams",
        "emissions-sinks": "sinks",
        "emissions-seal": "seal",
        "emissions-doctor": "auditor",
    }
    assert set(roles.values()) <= set(ROLES)
    readers = {
        "emissions-migrate": "migrate",
        "emissions-sinks": "writer",
        "emissions-doctor": "auditor",
        "emissions-portal": "portal",
        "emissions-open-data": "portal",
    }
    assert not {name for name in variables(BASE) | variables(PRODUCTION) if name.endswith("_USER")}
    for pod in PODS.values():
        settings = settings_of(pod)
        assert (BROKER in pod.given) == (pod.name in roles)
        assert (CLICKHOUSE in pod.given) == (pod.name in readers)
        if pod.name in roles:
            assert f"User:{settings.broker_user}" == default_principal(roles[pod.name])
        if pod.name in readers:
            assert settings.clickhouse_user == readers[pod.name]
        part = "portal" if "open-data" in pod.name else pod.name.removeprefix("emissions-")
        own = {"emissions-log-key"} if part == "seal" else set()
        assert pod.secrets == {f"emissions-{part}-secrets"} | own


def test_roles_are_renewed_with_the_tables() -> None:
    assert PODS["emissions-migrate"].container["args"] == ["migrate", "--roles"]
    upgrade = (ROOT / "docs" / "operations" / "upgrade-and-state-forms.md").read_text("utf-8")
    assert "\n   emissions migrate --roles\n" in upgrade
    assert "\n   emissions migrate\n" not in upgrade


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


def test_what_runs_before_the_workers_can_be_applied_without_them() -> None:
    lasting = {
        each["metadata"]["name"]
        for each in DOCUMENTS
        if each["metadata"].get("labels", {}).get("app.kubernetes.io/component") == "lasting"
    }
    before = {"emissions-topics", "emissions-migrate", "emissions-registry"}
    assert lasting == set(PODS) - before
    assert PAGE.count("--selector 'app.kubernetes.io/component!=lasting'") == 2


def test_nobody_loads_the_registry_but_who_asks_for_it() -> None:
    (job,) = (each for each in DOCUMENTS if each["metadata"]["name"] == "emissions-registry")
    assert job["spec"]["suspend"] is True
    pod = PODS["emissions-registry"]
    (file,) = (Path(word) for word in pod.container["args"] if word.endswith(".yaml"))
    (volume,) = (each for each in pod.spec["volumes"] if "configMap" in each)
    assert volume["configMap"] == {"name": "emissions-registry"}
    assert {"name": volume["name"], "mountPath": str(file.parent), "readOnly": True} in (
        pod.container["volumeMounts"]
    )
    assert f"configmap emissions-registry --from-file={file.name}" in PAGE
    assert "--from=cronjob/emissions-registry" in PAGE


def test_the_page_makes_every_image_and_secret_that_is_named() -> None:
    images = kustomization(PRODUCTION)["images"]
    assert {each["name"] for each in images} == {
        container["image"]
        for pod in PODS.values()
        for container in (pod.container, *pod.spec.get("initContainers", ()))
    }
    tags = {each["name"]: each["newTag"] for each in kustomization(BASE)["images"]}
    for each in images:
        assert each["newName"] == f"images.example/{each['name']}"
        assert f"--tag $IMAGES/{each['name']}:{tags[each['name']]}" in PAGE
        assert f"docker push $IMAGES/{each['name']}:{tags[each['name']]}" in PAGE
    (parts,) = re.findall(r"^for part in (.+); do$", PAGE, re.MULTILINE)
    made = {f"emissions-{part}-secrets" for part in shlex.split(parts)} | {"emissions-log-key"}
    assert made == set().union(*(pod.secrets for pod in PODS.values()))
    origin = variables(PRODUCTION)["EMISSIONS_LOG_ORIGIN"]
    assert f"emissions log key --new log.pem --name {origin}" in PAGE


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
        assert PODS[name].secrets == {"emissions-portal-secrets"}
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
def test_prometheus_takes_the_alarm_of_the_page(tmp_path: Path) -> None:
    (rule,) = re.findall(r"```yaml\n(- alert: .*?)```", PAGE, re.DOTALL)
    rules = {"groups": [{"name": "page", "rules": yaml.safe_load(rule)}]}
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(rules), "utf-8")
    done = promtool("check", "rules", "rules.yml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert 'cronjob="emissions-doctor"' in rule


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
    named = {each["metadata"]["name"] for each in built if each["kind"] == "ConfigMap"}
    for pod in pods(built):
        assert pod.given <= named
        image = "emission-portal" if pod.name == PORTAL else "emission-streams"
        assert pod.container["image"] == f"images.example/{image}:0.1.0"
    for policy in (each for each in built if each["kind"] == "NetworkPolicy"):
        selector = policy["spec"]["podSelector"].get("matchLabels", {})
        labels = streams["spec"]["template"]["metadata"]["labels"]
        assert selector.items() <= labels.items() or selector.get(NAME) == PORTAL
