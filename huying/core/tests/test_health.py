from unittest.mock import patch

import pytest
from django.db import OperationalError, connection
from django.test import Client


def test_a_living_process_says_so_without_the_database(client: Client) -> None:
    answer = client.get("/healthz", headers={"host": "10.0.0.7"})
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}


@pytest.mark.django_db
def test_a_ready_process_names_each_check(client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["checks"]["database"] == "ok"
    assert answer.json()["checks"]["migrations"] == "ok"


@pytest.mark.django_db
def test_a_missing_worker_is_said_but_keeps_the_visitors(client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert "huying worker" in answer.json()["checks"]["queue"]


@pytest.mark.django_db
def test_a_worker_that_gives_signs_of_life_is_seen(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES")
    assert client.get("/readyz").json()["checks"]["queue"] == "ok"


@pytest.mark.django_db
def test_missing_migrations_take_the_process_out_of_service(client: Client) -> None:
    with patch("huying.core.health.unapplied_migrations", return_value=["cases.0002_more"]):
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "huying migrate" in answer.json()["checks"]["migrations"]


def test_a_lost_database_takes_the_process_out_of_service(client: Client) -> None:
    with patch("huying.core.health.database_check", side_effect=OperationalError("secret address")):
        answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "secret" not in answer.content.decode()
