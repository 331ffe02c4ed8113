from pathlib import Path

import pytest

from huying.config.environment import BASE_DIR, VARIABLES, SettingError, read_environment


def test_without_any_variable_every_default_can_be_used() -> None:
    values = read_environment({})
    assert values["HUYING_PORT"] == 8000
    assert values["HUYING_DATA_DIR"] == BASE_DIR / ".data"
    assert values["HUYING_DEBUG"] is False


def test_a_typo_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(SettingError, match=r"Unknown setting HUYING_PROT\. Did you mean HUYING_PORT\?"):
        read_environment({"HUYING_PROT": "80"})


def test_a_name_unlike_any_other_is_refused_with_the_place_to_look() -> None:
    with pytest.raises(SettingError, match=r"docs/operator\.md"):
        read_environment({"HUYING_ZZZZZZZZZZZZ": "1"})


def test_variables_of_other_programs_are_left_alone() -> None:
    read_environment({"PATH": "/bin", "DJANGO_SETTINGS_MODULE": "x"})


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("HUYING_PORT", "http", "a whole number from 1 to 65535"),
        ("HUYING_PORT", "70000", "a whole number from 1 to 65535"),
        ("HUYING_DEBUG", "maybe", "1 or 0"),
        ("HUYING_LOG_FORMAT", "xml", "one of json, text"),
        ("HUYING_PUBLIC_URL", "huying.example.org", "an address like https://"),
        ("HUYING_TILE_URL", "https://tiles.example.org/tile.png", r"\{z\}, \{x\} and \{y\}"),
        ("DATABASE_URL", "mysql://localhost/huying", "postgresql://"),
        ("HUYING_DATA_DIR", "", "a path"),
    ],
)
def test_a_bad_value_is_refused_with_what_was_expected(name: str, value: str, expected: str) -> None:
    with pytest.raises(SettingError, match=f"{name} .*{expected}"):
        read_environment({name: value})


def test_the_refusal_does_not_repeat_a_secret() -> None:
    with pytest.raises(SettingError) as refusal:
        read_environment({"DATABASE_URL": "mysql://huying:hunter2@localhost/huying"})
    assert "hunter2" not in str(refusal.value)


def test_a_secret_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("well kept\n")
    assert read_environment({"HUYING_SECRET_KEY_FILE": str(file)})["HUYING_SECRET_KEY"] == "well kept"


def test_a_missing_secret_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="absent"):
        read_environment({"HUYING_SECRET_KEY_FILE": str(tmp_path / "absent")})


def test_a_value_and_a_file_for_the_same_setting_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="keep one"):
        read_environment({"HUYING_SECRET_KEY": "a", "HUYING_SECRET_KEY_FILE": str(tmp_path)})


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable.name)
def test_every_setting_stands_in_the_operators_guide_with_its_default_and_meaning(variable) -> None:
    guide = (BASE_DIR / "docs" / "operator.md").read_text(encoding="utf-8")
    shown = f"`{variable.default}`" if variable.default else "empty"
    assert f"| `{variable.name}` | {shown} | {variable.help} |" in guide
