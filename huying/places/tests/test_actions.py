import pytest

from huying.core.errors import Refusal
from huying.places.actions import materialise_paths, rebuild_place_names
from huying.places.locate import map_version
from huying.places.models import Area, PlaceName


def test_paths_follow_the_parents(town):
    assert Area.objects.get(code="4104-1-1-1").path == "4104/4104-1/4104-1-1/4104-1-1-1/"
    assert Area.objects.get(code="party-1").path == "4104/party-1/"
    moved = Area.objects.get(code="4104-1-1")
    moved.parent = town["4104"]
    moved.save(update_fields=["parent"])
    before = map_version()
    assert materialise_paths() == 4
    assert Area.objects.get(code="4104-1-1-1").path == "4104/4104-1-1/4104-1-1-1/"
    assert map_version() != before


def test_paths_that_are_right_change_nothing(town):
    before = map_version()
    assert materialise_paths() == 0
    assert map_version() == before


def test_parents_in_a_circle_are_refused_by_name(town):
    Area.objects.filter(code="4104-1").update(parent=town["4104-1-1"])
    with pytest.raises(Refusal, match="4104-1 的上级绕成了圈"):
        materialise_paths()


def test_names_are_rebuilt_the_same_and_landmarks_stay(town):
    def names():
        return sorted(
            PlaceName.objects.values_list("title", "kind", "words", "initials", "weight", "area__code")
        )

    before = names()
    assert ("东城国际4号楼", "building", "东城国际4号楼", "dcgj4hl", 20, "4104-1-1-1") in before
    assert ("东苑小学", "landmark", "东苑小学", "dyxx", 45, "4104-1-1-2") in before
    assert rebuild_place_names() == len(before)
    assert names() == before
