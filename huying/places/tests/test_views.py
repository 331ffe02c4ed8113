import json

import pytest

from huying.places.actions import bump_map_version
from huying.places.models import Area


def get(client, url, **query):
    return client.get(url, query)


class TestAreas:
    url = "/places/areas.geojson"

    def codes(self, client, **query):
        return [feature["id"] for feature in get(client, self.url, **query).json()["features"]]

    def test_anybody_gets_outlines_of_a_level(self, client, town):
        response = get(client, self.url, level="grid")
        assert response.status_code == 200
        assert response["Content-Type"] == "application/geo+json"
        feature = response.json()["features"][0]
        assert feature["properties"] | {"label": None} == {
            "code": "4104-1-1-1", "title": "地矿社区第1网格", "title_en": "", "level": "grid",
            "parent": "4104-1-1", "households": None, "label": None, "schematic": True,
        }  # fmt: skip
        assert feature["geometry"]["type"] == "Polygon"

    def test_communities_come_with_villages(self, client, town):
        assert self.codes(client, level="community") == ["4104-1-1", "4104-1-2"]
        assert self.codes(client, level="village") == ["4104-1-2"]

    def test_within_an_area_and_in_another_layer(self, client, town):
        assert self.codes(client, level="grid", within="4104-1-1") == ["4104-1-1-1", "4104-1-1-2"]
        assert self.codes(client, level="grid", within="4104-1-2") == []
        assert self.codes(client, level="grid", layer="party") == ["party-1"]

    def test_coordinates_have_five_decimals(self, client, town):
        Area.objects.filter(code="4104-1-1-1").update(
            boundary={
                "type": "Polygon",
                "coordinates": [[[113.1234567, 33], [114, 33], [114, 34], [113.1234567, 33]]],
            }
        )
        bump_map_version()
        assert b"113.12346," in get(client, self.url, level="grid").content

    def test_it_is_not_sent_again_until_the_map_changes(self, client, town):
        first = get(client, self.url, level="grid")
        headers = {"If-None-Match": first["ETag"]}
        assert "max-age=60" in first["Cache-Control"]
        assert client.get(self.url, {"level": "grid"}, headers=headers).status_code == 304
        bump_map_version()
        assert client.get(self.url, {"level": "grid"}, headers=headers).status_code == 200

    def test_a_large_map_is_simplified_with_its_shared_borders(self, client, town, monkeypatch):
        monkeypatch.setattr("huying.places.geojson.LARGE_VERTICES", 4)
        assert len(self.codes(client, level="grid")) == 2

    @pytest.mark.parametrize(
        ("query", "hint"),
        [
            ({"level": "planet"}, "subdistrict"),
            ({"within": "9999"}, "9999"),
            ({"layer": "party2"}, "party2"),
        ],
    )
    def test_a_wrong_question_is_told_what_to_ask(self, client, town, query, hint):
        response = get(client, self.url, **query)
        assert response.status_code == 400
        assert response["Content-Type"] == "application/problem+json"
        assert hint in response.json()["detail"]

    def test_a_nul_is_refused_before_it_is_looked_for(self, client, town):
        assert get(client, self.url, within="\x00").status_code == 400

    def test_writing_is_not_allowed(self, client, town):
        assert client.post(self.url).status_code == 405


class TestSearch:
    url = "/places/search"

    def test_anybody_finds_a_place_with_its_point_and_where_it_is(self, client, town):
        place = get(client, self.url, q="东城国际4栋").json()["places"][0]
        assert (place["title"], place["kind"], place["area"]) == ("东城国际4号楼", "building", "4104-1-1-1")
        assert (place["lng"], place["lat"]) == (113.3034, 33.705)
        assert place["where"] == "东安路街道 地矿社区第1网格"

    def test_typed_coordinates_are_a_place(self, client, town):
        place = get(client, self.url, q="33.705, 113.305").json()["places"][0]
        assert (place["kind"], place["lng"], place["area"]) == ("point", 113.305, "4104-1-1-1")

    def test_htmx_gets_options_with_escaped_text(self, client, town):
        options = client.get(self.url, {"q": "东城"}, headers={"HX-Request": "true"}).content.decode()
        assert options.count('role="option"') == 4
        assert 'data-lng="113.305000"' in options or "data-lng=" in options
        nothing = client.get(self.url, {"q": "<b>龙井</b>"}, headers={"HX-Request": "true"}).content.decode()
        assert "没有找到" in nothing and "<b>" not in nothing

    def test_nothing_typed_finds_nothing(self, client, town):
        assert get(client, self.url).json() == {"query": "", "places": []}
        assert get(client, self.url, q="x" * 5000).json()["places"] == []

    def test_it_asks_few_questions(self, client, town, django_assert_max_num_queries):
        get(client, self.url, q="东城")
        with django_assert_max_num_queries(2):
            get(client, self.url, q="东城")


class TestAt:
    url = "/places/at"

    def test_anybody_learns_the_area_and_its_chain(self, client, town):
        answer = get(client, self.url, lng=113.305, lat=33.705).json()
        assert answer["kind"] == "inside"
        assert answer["area"] == {"code": "4104-1-1-1", "title": "地矿社区第1网格", "level": "grid"}
        assert [area["title"] for area in answer["chain"]] == [
            "卫东区",
            "东安路街道",
            "地矿社区",
            "地矿社区第1网格",
        ]

    def test_a_point_of_a_chinese_map_is_converted(self, client, town):
        answer = get(client, self.url, lng=113.3023, lat=33.69985, system="gcj02").json()
        assert answer["kind"] == "outside"

    def test_outside_the_district_the_nearest_area_is_named(self, client, town):
        answer = get(client, self.url, lng=113.35, lat=33.71).json()
        assert (answer["kind"], answer["area"], answer["nearest"]["code"]) == ("outside", None, "4104-1-2")
        assert 900 < answer["distance_m"] < 950
        assert "高皇村" in answer["sentence"]

    def test_turned_and_impossible_coordinates_get_a_clear_answer(self, client, town):
        assert "写反" in get(client, self.url, lng=33.705, lat=113.305).json()["sentence"]
        assert "无效" in get(client, self.url, lng=1e300, lat=5).json()["sentence"]

    def test_another_layer_may_be_asked(self, client, town):
        assert (
            get(client, self.url, lng=113.305, lat=33.705, layer="party").json()["area"]["code"] == "party-1"
        )
        assert get(client, self.url, lng=113.305, lat=33.705, layer="none").json()["kind"] == "unmapped"

    @pytest.mark.parametrize(
        "query",
        [
            {},
            {"lng": 113.3},
            {"lng": "abc", "lat": 1},
            {"lng": "nan", "lat": 1},
            {"lng": 1, "lat": "inf"},
            {"lng": 1, "lat": 1, "system": "mars"},
        ],
    )
    def test_a_wrong_question_is_told_what_to_ask(self, client, town, query):
        response = get(client, self.url, **query)
        assert response.status_code == 400
        assert json.loads(response.content)["detail"]
