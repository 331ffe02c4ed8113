"""Write the demonstration district's departments, organisations, staff, posts held and duties.

    python tools/staff_district.py [--pack districts/weidong] [--seed 410403]

Reads the places that `draw_district.py` wrote. All people are invented and their numbers (1990000xxxx,
0375-000xxxx) are nobody's. What is not invented are the counts of the district's own reports: 12 street party
committees, 34 of communities, 165 of compounds, 200 grid branches, 287 building groups; 97 social
organisations, 22 party bodies of property companies, 45 owners' committees; 449 grid chiefs among 1,202 grid
workers, community police officers and volunteers included.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import shapely
import weidong_names as names

GRID_STAFF = 1202
BUILDING_GROUPS, PROPERTY_PARTIES, OWNERS_COMMITTEES, SOCIAL_ORGANISATIONS = 287, 22, 45, 97
SINCE = "2020-01-01"
BEFORE = "2019-12-31"
KNOWN_COMPOUND = "东城国际小区"

Row = dict[str, str]

SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
)
GIVEN_FIRST = "建志晓文海永春秋玉云佳思雨子俊明国新少红书浩泽一景金瑞振广立素淑凤爱巧桂亚小"
GIVEN_SECOND = "华军峰丽敏静涛娟燕霞飞鹏杰慧琳莹洁凯勇刚强辉磊梅兰芳英玲平光远航宁瑶琪涵轩然"
# People whom the newspapers name; an invented colleague must not carry a real official's name.
NOT_AGAIN = {
    "王孟鹤",
    "陈宏杰",
    "王云超",
    "安保亮",
    "朱江森",
    "古国凡",
    "宋泉荣",
    "王迎波",
    "李昱良",
    "邱学锋",
}

DEPARTMENTS = [
    ("district-office", "district-department", "区委区政府办公室", "District Office"),
    ("urban-management", "district-department", "区城市管理局", "Urban Management Bureau"),
    ("sanitation", "district-department", "区环境卫生管理局", "Sanitation Bureau"),
    ("housing", "district-department", "区住房和城乡建设局", "Housing and Construction Bureau"),
    ("police", "district-department", "市公安局卫东分局", "Public Security Sub-bureau"),
    ("traffic-police", "district-department", "交警大队", "Traffic Police"),
    ("market", "district-department", "区市场监督管理局", "Market Regulation Bureau"),
    ("transport", "district-department", "区交通运输局", "Transport Bureau"),
    ("civil-affairs", "district-department", "区民政局", "Civil Affairs Bureau"),
    ("health", "district-department", "区卫生健康委员会", "Health Commission"),
    ("education", "district-department", "区教育体育局", "Education and Sports Bureau"),
    ("environment", "district-department", "市生态环境局卫东分局", "Ecology and Environment Sub-bureau"),
    ("agriculture", "district-department", "区农业农村和水利局", "Agriculture and Water Bureau"),
    ("emergency", "district-department", "区应急管理局", "Emergency Management Bureau"),
    ("natural-resources", "district-department", "自然资源分局", "Natural Resources Sub-bureau"),
    ("human-resources", "district-department", "区人力资源和社会保障局", "Human Resources Bureau"),
    ("petitions", "district-department", "区信访局", "Petitions Bureau"),
    ("commerce", "district-department", "区商务局", "Commerce Bureau"),
    ("greening", "district-department", "区园林绿化中心", "Greening Centre"),
    ("lighting", "district-department", "路灯管理所", "Street Lighting Office"),
    ("drainage", "district-department", "排水管理所", "Drainage Office"),
    ("veterans", "district-department", "区退役军人事务局", "Veterans Affairs Bureau"),
    ("finance", "district-department", "区财政局", "Finance Bureau"),
    ("justice", "district-department", "区司法局", "Justice Bureau"),
    ("heating-company", "utility", "热力公司", "Heating Company"),
    ("water-company", "utility", "自来水公司", "Water Company"),
    ("gas-company", "utility", "燃气公司", "Gas Company"),
    ("power-company", "utility", "供电公司", "Power Company"),
    ("telecom", "utility", "通信企业联席办公室", "Telecom Operators' Joint Office"),
    ("hotline-desk", "hotline-desk", "区民呼必应指挥中心（热线台）", "Hotline Desk"),
    ("supervision", "supervision", "区委区政府督查室", "Supervision Office"),
]
PARENTS = {
    "sanitation": "urban-management",
    "greening": "urban-management",
    "lighting": "urban-management",
    "drainage": "urban-management",
    "traffic-police": "police",
}
PROPERTY_COMPANIES = """
    和美居 安瑞 佳美 春泽 绿苑 恒信达 金管家 明德 怡和 同心 瑞景 众和 丰泽 福满园 祥泰 云帆 新里程
    暖心 优家 正和 清源 家兴 邻里 海纳 景秀 万家和
""".split()  # noqa: SIM905
SOCIAL_KINDS = [
    ("志愿服务队", "Volunteers"),
    ("老年协会", "Seniors' Association"),
    ("书画社", "Calligraphy Club"),
    ("邻里互助会", "Neighbours' Aid"),
    ("夕阳红艺术团", "Senior Arts Troupe"),
    ("儿童服务中心", "Children's Service Centre"),
    ("社工服务站", "Social Work Station"),
    ("太极拳协会", "Tai Chi Association"),
    ("法律服务社", "Legal Service"),
    ("青年突击队", "Youth Team"),
    ("巧手工坊", "Craft Workshop"),
    ("健康协会", "Health Association"),
]
RESIDENT_UNITS = [("小学", "Primary School"), ("卫生服务中心", "Health Centre")]

# Who answers for a topic everywhere in the district; a smaller area's duty goes before it.
DISTRICT_DUTIES = {
    "heating": "heating-company", "heating-access": "housing", "water": "water-company", "gas": "gas-company",
    "power": "power-company", "property": "housing", "property-lift": "market", "housing": "housing",
    "housing-deed": "natural-resources", "housing-fund": "human-resources", "roads": "urban-management",
    "roads-rural": "transport", "roads-signal": "traffic-police", "drainage": "drainage", "lighting": "lighting",
    "sanitation": "sanitation", "greening": "greening", "greening-damage": "urban-management",
    "street-order": "urban-management", "noise": "environment", "noise-site": "urban-management",
    "noise-shop": "urban-management", "noise-dancing": "police", "noise-traffic": "traffic-police",
    "dust": "environment", "dust-site": "urban-management", "dust-truck": "urban-management",
    "dust-fumes": "urban-management", "pollution": "environment", "pollution-livestock": "agriculture",
    "illegal-building": "urban-management", "illegal-building-wall": "housing",
    "illegal-building-rural": "natural-resources", "parking": "traffic-police", "parking-compound": "housing",
    "parking-ebike": "housing", "parking-fee": "market", "parking-lock": "urban-management",
    "public-safety": "emergency", "public-safety-police": "police", "food-safety": "market", "market": "market",
    "market-tourism": "commerce", "education": "education", "health": "health", "social-security": "human-resources",
    "social-security-aid": "civil-affairs", "social-security-elder": "civil-affairs",
    "social-security-veteran": "veterans", "pets": "police", "pets-stray": "urban-management",
    "pets-mess": "urban-management", "pets-poultry": "urban-management", "telecom": "telecom",
    "transport": "transport", "transport-jam": "traffic-police", "rural-environment": "agriculture",
    "covers": "urban-management", "consultation": "hotline-desk", "consultation-household": "police",
    "consultation-marriage": "civil-affairs", "consultation-legal": "justice",
}  # fmt: skip
# Street offices answer for these on their ground, and for rural-environment where they have villages.
STREET_DUTIES = ["sanitation", "street-order", "pets-stray", "pets-mess", "pets-poultry"]
# Kept by the bureau also where the street keeps the rest.
BUREAU_DUTIES = {"sanitation-toilet": "sanitation", "sanitation-station": "sanitation"}
# In a compound its property company answers; complaints about the company itself go to the bureau.
ABOUT_THE_COMPANY = {"property-fee": "housing", "property-committee": "housing", "property-lift": "market"}

DEMO = {
    "agent": "热线受理员：接电话、登记诉求，打两个字就能找到地点，并提示是否已有人反映",
    "dispatcher": "派遣员：看新件、退件和快到期的件，按系统给出的理由派单、并单",
    "clerk-urban-management": "区城管局承办人：签收、处置、传处置后照片、申请延期或退单",
    "clerk-heating": "热力公司承办人：办供热报修单，填阀门、进回水温度和原因",
    "clerk-property": "物业企业承办人：办本公司小区的物业诉求",
    "clerk-pucheng": "蒲城街道承办人：办本街道的环境卫生和街面秩序",
    "head-urban-management": "区城管局负责人：审批延期，看本部门按期率",
    "checker": "核查员：到现场核查处置结果，不合格退回返工",
    "callback": "回访员：给诉求人打电话，问联系了没有、解决了没有、满意不满意",
    "supervisor": "督查员：看超期、退单和重办，发督办函，抽查回头看",
    "arbiter": "裁定员：两次退单后定责任单位，批准第二次延期",
    "leader": "区领导：看驾驶舱，每个数都能点开到每一件",
    "caretaker-donggaohuang": "环卫局保洁员：扫公厕、中转站上的码，点一下就记一次消杀",
    "grid-putaoyuan": "葡萄园社区专职网格员：用手机看东城国际小区的任务，拍照、上报",
    "admin": "系统管理员：维护区域、部门、人员和职责，查日志",
}  # fmt: skip


class People:
    """Invented people: no name twice within reach of one another, no number twice."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.rows: list[Row] = []
        self.used: set[str] = set()

    def name(self) -> str:
        while True:
            pick = [str(self.rng.choice(list(part))) for part in (SURNAMES, GIVEN_FIRST, GIVEN_SECOND)]
            name = "".join(pick)
            if name not in self.used | NOT_AGAIN:
                self.used.add(name)
                return name

    def add(
        self, username: str, title: str, department: str, roles: str, *, area: str = "", post: str = ""
    ) -> str:
        self.rows.append(
            {
                "username": username,
                "name": self.name(),
                "title": title,
                "phone": f"1990000{len(self.rows) + 1:04}",
                "department": department,
                "roles": roles,
                "area": area,
                "post": post,
                "demo_login": "true" if username in DEMO else "false",
                "demo_note": DEMO.get(username, ""),
            }
        )
        return username


def read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, header: str, rows: list[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header.split(","), restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


class District:
    """The places as `draw_district.py` wrote them."""

    def __init__(self, pack: Path) -> None:
        self.areas = {row["code"]: row for row in read(pack / "places" / "areas.csv")}
        self.layers = read(pack / "places" / "layers.csv")
        self.roads = read(pack / "places" / "roads.csv")
        self.buildings = read(pack / "places" / "buildings.csv")
        stations = pack / "registers" / "items" / "heating-station.csv"
        self.stations = read(stations) if stations.exists() else []
        self.boundaries = {}
        for path in sorted((pack / "places" / "boundaries").glob("4*.geojson")):
            for geometry, code in self._features(path):
                self.boundaries[code] = geometry

    @staticmethod
    def _features(path: Path) -> list[tuple[shapely.Geometry, str]]:
        found = json.loads(path.read_text(encoding="utf-8"))["features"]
        return [(shapely.geometry.shape(f["geometry"]), f["properties"]["code"]) for f in found]

    def at(self, *levels: str) -> list[str]:
        return sorted(code for code, row in self.areas.items() if row["level"] in levels)

    def title(self, code: str) -> str:
        return self.areas[code]["title"]

    def inside(self, code: str, level: str) -> list[str]:
        return [c for c in self.at(level) if self.areas[c]["parent"] == code]


def short_street(title: str) -> str:
    return names.pinyin(title.removesuffix("街道")).lower().replace("ü", "v")


def departments(district: District) -> list[Row]:
    rows = [
        {"code": c, "title": t, "title_en": e, "kind": k, "parent": PARENTS.get(c, ""), "area": "410403"}
        for c, k, t, e in DEPARTMENTS
    ]
    for code in district.at("subdistrict"):
        english = f"{district.areas[code]['title_en']} Office"
        title = f"{district.title(code)}办事处"
        rows.append(
            {
                "code": f"street-{code}",
                "title": title,
                "title_en": english,
                "kind": "subdistrict",
                "area": code,
            }
        )
    for code in district.at("community", "village"):
        row = district.areas[code]
        # 葡萄园社区 → 葡萄园社区居民委员会, 焦庄村 → 焦庄村民委员会
        suffix = "居民委员会" if row["level"] == "community" else "村民委员会"
        rows.append(
            {
                "code": f"community-{code}",
                "title": row["title"].removesuffix("村") + suffix,
                "title_en": f"{row['title_en']} Committee",
                "kind": row["level"],
                "parent": f"street-{row['parent']}",
                "area": code,
            }
        )
    for number, title in enumerate(PROPERTY_COMPANIES, 1):
        rows.append(
            {
                "code": f"property-{number:02}",
                "title": f"{title}物业服务有限公司",
                "title_en": f"{names.pinyin(title)} Property Services",
                "kind": "property-company",
                "area": "410403",
            }
        )
    for number, row in enumerate(rows, 1):
        row["phone"] = f"0375-000{number:04}"
        row["can_lead"] = "false" if row["kind"] in ("community", "village") else "true"
    return rows


def keepers(district: District, rng: np.random.Generator) -> dict[str, str]:
    """Each compound's property company: neighbours share one, and whoever keeps the heating station is it."""
    kept = {s["compound"]: s["keeper"] for s in district.stations if s["keeper"].startswith("property-")}
    companies = [f"property-{n:02}" for n in range(1, len(PROPERTY_COMPANIES) + 1)]
    compounds = district.at("compound")
    run = len(compounds) / len(companies)
    return {
        c: kept.get(c) or companies[(int(i / run) + int(rng.integers(3) == 0) * 7) % len(companies)]
        for i, c in enumerate(compounds)
    }


def organisations(district: District, keeper: dict[str, str]) -> list[Row]:
    """The five-tier tree of party bodies and the organisations around it."""
    rows: list[Row] = []

    def add(code: str, title: str, english: str, kind: str, parent: str, area: str) -> None:
        rows.append(
            {"code": code, "title": title, "title_en": english, "kind": kind, "parent": parent, "area": area}
        )

    def en(area: str) -> str:
        return district.areas[area]["title_en"]

    for code in district.at("subdistrict"):
        title, english = f"{district.title(code)}党工委", f"{en(code)} Party Working Committee"
        add(f"street-party-{code}", title, english, "party-working-committee", "", code)
    for code in district.at("community"):
        title, english = f"{district.title(code)}大党委", f"{en(code)} Party Committee"
        parent = f"street-party-{district.areas[code]['parent']}"
        add(f"community-party-{code}", title, english, "community-party-committee", parent, code)
    for code in district.at("compound"):
        title, english = f"{district.title(code)}党支部", f"{en(code)} Party Branch"
        parent = f"community-party-{district.areas[code]['parent']}"
        add(f"compound-party-{code}", title, english, "compound-party", parent, code)

    branches: dict[str, list[str]] = defaultdict(list)
    for zone in district.layers:
        if zone["layer"] == "party":
            _, compound, _ = zone["code"].split("-")
            code = zone["code"].replace("party-", "branch-")
            branches[compound].append(code)
            title, english = (
                zone["title"].removesuffix("党建网格"),
                zone["title_en"].replace("Party Grid", "Grid"),
            )
            parent = f"compound-party-{compound}"
            add(
                code,
                f"{title}网格党支部",
                f"{english} Party Branch",
                "grid-party-branch",
                parent,
                zone["code"],
            )
    homes = defaultdict(list)
    for building in district.buildings:
        homes[building["compound"]].append(building["title"])
    groups = {
        c: len(b) for c, b in branches.items()
    }  # one for each branch, the rest where most buildings have none
    while sum(groups.values()) < BUILDING_GROUPS:
        neediest = max(groups, key=lambda c: ((len(homes[c]) - groups[c]) / (groups[c] + 1), c))
        groups[neediest] += 1
    for compound, count in sorted(groups.items()):
        for number, building in enumerate(homes[compound][:count]):
            parent = branches[compound][number % len(branches[compound])]
            english = f"{en(compound)} Building {number + 1} Party Group"
            code = f"group-{compound}-{number + 1:02}"
            add(code, f"{building}党小组", english, "building-party-group", parent, compound)

    for number, title in enumerate(PROPERTY_COMPANIES[:PROPERTY_PARTIES], 1):
        first = next(c for c, k in sorted(keeper.items()) if k == f"property-{number:02}")
        home = district.areas[first]["parent"]
        english = f"{names.pinyin(title)} Property Services Party Branch"
        parent = f"community-party-{home}"
        add(f"property-party-{number:02}", f"{title}物业党支部", english, "property-party", parent, home)
    biggest = sorted(district.at("compound"), key=lambda c: -int(district.areas[c]["households"]))
    for code in sorted(biggest[:OWNERS_COMMITTEES]):
        title, english = f"{district.title(code)}业主委员会", f"{en(code)} Owners' Committee"
        add(f"owners-{code}", title, english, "owners-committee", f"compound-party-{code}", code)
    communities = district.at("community")
    for number in range(SOCIAL_ORGANISATIONS):
        home = communities[number % len(communities)]
        what, english = SOCIAL_KINDS[number * 5 % len(SOCIAL_KINDS)]
        title = district.title(home).removesuffix("社区") + what
        english = f"{en(home).removesuffix(' Community')} {english}"
        add(f"social-{number + 1:03}", title, english, "social-organisation", f"community-party-{home}", home)
    for number, home in enumerate(communities * 2):
        what, english = RESIDENT_UNITS[number // len(communities)]
        title = district.title(home).removesuffix("社区") + what
        english = f"{en(home).removesuffix(' Community')} {english}"
        add(f"unit-{number + 1:03}", title, english, "resident-unit", f"community-party-{home}", home)
    return rows


def office_staff(district: District, people: People, offices: list[Row]) -> list[Row]:
    """Two clerks and a head for each department and street, one clerk per property company, and the desks."""
    holdings = []

    def add(username: str, title: str, department: str, roles: str, post: str, area: str = "") -> None:
        people.add(username, title, department, roles, area=area, post=post)
        place = area or "410403"
        holdings.append({"post": post, "username": username, "area": place, "from": SINCE, "to": ""})

    for office in offices:
        code, kind = office["code"], office["kind"]
        if kind in ("community", "village", "property-company"):
            continue
        area = office["area"] if kind == "subdistrict" else ""
        short = short_street(district.title(area)) if area else code
        short = {"heating-company": "heating"}.get(short, short)
        add(f"clerk-{short}", "承办人", code, "clerk", "clerk", area)
        add(f"clerk-{short}-2", "承办人", code, "clerk", "clerk", area)
        add(f"head-{short}", "主任" if area else "负责人", code, "head", "department-head", area)
    desks = [
        ("agent", 6, "热线受理员", "hotline-desk", "agent", "hotline-agent"),
        ("dispatcher", 4, "派遣员", "hotline-desk", "dispatcher", "dispatcher"),
        ("checker", 6, "核查员", "hotline-desk", "checker", "checker"),
        ("callback", 3, "回访员", "hotline-desk", "callback", "callback-agent"),
        ("supervisor", 3, "督查员", "supervision", "supervisor", "inspector"),
        ("arbiter", 2, "裁定员", "supervision", "arbiter", "arbiter"),
        ("leader", 3, "区领导", "district-office", "leader", "district-leader"),
        ("admin", 1, "系统管理员", "hotline-desk", "administrator", "administrator"),
    ]
    for username, count, title, department, role, post in desks:
        for number in range(1, count + 1):
            add(username if number == 1 else f"{username}-{number}", title, department, role, post)
    return holdings


def property_staff(district: District, people: People, keeper: dict[str, str]) -> list[Row]:
    """One clerk per property company; the one who keeps the compound of the reports is the demonstration login."""
    known = next(c for c in district.at("compound") if district.title(c) == KNOWN_COMPOUND)
    holdings = []
    for company in sorted(set(keeper.values())):
        username = "clerk-property" if company == keeper[known] else f"clerk-{company}"
        people.add(username, "物业经理", company, "clerk", post="clerk")
        holdings.append({"post": "clerk", "username": username, "area": "410403", "from": SINCE, "to": ""})
    return holdings


def grid_staff(district: District, people: People, rng: np.random.Generator) -> list[Row]:
    """1,202 grid workers: each grid's chief and full-time worker, each unit's police officer, volunteers."""
    holdings: list[Row] = []
    first = len(people.rows)
    number = 0
    known = next(b["grid"] for b in district.buildings if b["title"] == f"{KNOWN_COMPOUND}4号楼")

    def add(title: str, department: str, role_area: str, post: str, place: str) -> str:
        nonlocal number
        number += 1
        demo = post == "full-time-grid-worker" and place == known
        username = "grid-putaoyuan" if demo else f"grid-{number:04}"
        people.add(username, title, department, "grid-worker", area=role_area, post=post)
        holdings.append({"post": post, "username": username, "area": place, "from": SINCE, "to": ""})
        return username

    grids = district.at("grid")
    for grid in grids:
        unit = district.areas[grid]["parent"]
        add("网格长", f"community-{unit}", unit, "grid-chief", grid)
        add("专职网格员", f"community-{unit}", unit, "full-time-grid-worker", grid)
    for unit in district.at("community", "village"):
        add("社区民警" if unit[9] == "0" else "驻村民警", "police", unit, "community-police", unit)
    volunteers = GRID_STAFF - number
    for index in sorted(rng.choice(len(grids), volunteers, replace=False)):
        unit = district.areas[grids[index]]["parent"]
        add("兼职网格员", f"community-{unit}", grids[index], "part-time-grid-worker", grids[index])
    assert len(people.rows) - first == GRID_STAFF
    # Some chiefs changed grids when the grids were redrawn: their earlier post stays on record.
    chiefs = [h for h in holdings if h["post"] == "grid-chief"]
    for earlier, later in zip(chiefs[0:240:12], chiefs[1:241:12], strict=True):
        row = {"post": "grid-chief", "username": earlier["username"], "area": later["area"]}
        holdings.append(row | {"from": "2018-01-01", "to": BEFORE})
    return holdings


def other_posts(district: District, people: People) -> list[Row]:
    """Road chiefs (a grid worker beside the road) and area chiefs (a street officer for each unit)."""
    holdings = []
    workers = {r["area"]: r["username"] for r in people.rows if r["post"] == "full-time-grid-worker"}
    units = district.at("community", "village")
    tree = shapely.STRtree([district.boundaries[u] for u in units])
    for road in district.roads:
        middle = shapely.from_wkt(road["line"]).interpolate(0.5, normalized=True)
        unit = units[int(tree.nearest(middle))]
        row = {"post": "road-chief", "username": workers[unit], "area": road["code"]}
        holdings.append(row | {"from": SINCE, "to": ""})
    for index, unit in enumerate(units):
        short = short_street(district.title(unit[:9]))
        username = f"clerk-{short}" if index % 2 == 0 else f"clerk-{short}-2"
        holdings.append({"post": "area-chief", "username": username, "area": unit, "from": SINCE, "to": ""})
    return holdings


def caretakers(district: District, people: People) -> list[Row]:
    """Two of the sanitation bureau's people in every subdistrict: they keep its toilets and stations clean."""
    holdings = []
    for street in district.at("subdistrict"):
        short = short_street(district.title(street))
        for username in (f"caretaker-{short}", f"caretaker-{short}-2"):
            people.add(username, "保洁员", "sanitation", "caretaker", area=street, post="sanitation-worker")
            holdings.append(
                {"post": "sanitation-worker", "username": username, "area": street, "from": SINCE, "to": ""}
            )
    return holdings


def duties(district: District, people: People, keeper: dict[str, str]) -> list[Row]:
    """Who answers for what, from the whole district down to compounds and functional grids."""
    rows: list[Row] = []

    def add(topic: str, department: str, area: str, **more: str) -> None:
        rows.append({"topic": topic, "department": department, "area": area, "from": SINCE, **more})

    for topic, department in DISTRICT_DUTIES.items():
        add(topic, department, "410403")
    for street in district.at("subdistrict"):
        for topic in STREET_DUTIES:
            add(topic, f"street-{street}", street)
        for topic, department in BUREAU_DUTIES.items():
            add(topic, department, street)
        if district.inside(street, "village"):
            add("rural-environment", f"street-{street}", street)
    own_heating = {s["compound"] for s in district.stations if s["keeper"].startswith("property-")}
    for compound, company in sorted(keeper.items()):
        add("property", company, compound)
        for topic, department in ABOUT_THE_COMPANY.items():
            add(topic, department, compound)
        if compound in own_heating:
            add("heating", company, compound)
            add("heating-access", "housing", compound)
    officers = {r["area"]: r["username"] for r in people.rows if r["post"] == "community-police"}
    for zone in district.layers:
        code, layer = zone["code"], zone["layer"]
        street = zone["members"][:9]
        if layer == "stability":
            username = officers[zone["members"][:12]]
            post = "community-police"
            add("public-safety-police", "police", code, layer=layer, post=post, username=username)
        elif layer == "urban-management":
            username = f"clerk-{short_street(district.title(street))}" + (
                "-2" if int(code[-2:]) % 2 == 0 else ""
            )
            add("street-order-stall", f"street-{street}", code, layer=layer, username=username)
        elif layer == "environment":
            add("dust-burning", f"street-{street}", code, layer=layer)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pack", type=Path, default=Path(__file__).parent.parent / "districts" / "weidong")
    parser.add_argument("--seed", type=int, default=410403)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    district = District(options.pack)
    folder = options.pack / "people"

    offices = departments(district)
    keeper = keepers(district, rng)
    people = People(rng)
    holdings = office_staff(district, people, offices)
    holdings += property_staff(district, people, keeper)
    holdings += grid_staff(district, people, rng)
    holdings += other_posts(district, people)
    holdings += caretakers(district, people)

    write(folder / "departments.csv", "code,title,title_en,kind,parent,area,phone,can_lead", offices)
    owned = [{"area": c, "department": k, "kind": "keeper"} for c, k in sorted(keeper.items())]
    write(folder / "ownership.csv", "area,department,kind", owned)
    write(
        folder / "organisations.csv", "code,title,title_en,kind,parent,area", organisations(district, keeper)
    )
    columns = "username,name,title,phone,department,roles,area,post,demo_login,demo_note"
    write(folder / "staff.csv", columns, people.rows)
    write(folder / "holdings.csv", "post,username,area,from,to", holdings)
    columns = "topic,department,area,layer,post,username,from,to"
    write(folder / "duties.csv", columns, duties(district, people, keeper))


if __name__ == "__main__":
    main()
