"""Names used by the demonstration district.

Subdistrict names and codes are real and public. Names of communities partly repeat old public lists; names of
compounds, roads, companies and people are plausible inventions: the pack marks them as demonstration data.
"""

from __future__ import annotations

from pinyin_table import READINGS

SUBDISTRICTS: dict[str, str] = {
    "410403001": "东安路街道",
    "410403002": "优越路街道",
    "410403003": "五一路街道",
    "410403004": "建设路街道",
    "410403005": "东环路街道",
    "410403006": "东工人镇街道",
    "410403007": "光华路街道",
    "410403008": "鸿鹰街道",
    "410403009": "申楼街道",
    "410403010": "北环路街道",
    "410403011": "东高皇街道",
    "410403012": "蒲城街道",
}

# The three-digit suffixes are those of the 2020 statistical code list; 0xx is a community, 2xx a village.
COMMUNITIES: dict[str, dict[str, str]] = {
    "410403001": {"001": "东苑社区", "003": "鸿翔社区", "004": "安培社区", "005": "葡萄园社区"},
    "410403002": {"001": "优越社区", "002": "园丁社区", "004": "地质社区", "005": "华西社区"},
    "410403003": {
        "001": "河西社区",
        "002": "康复街社区",
        "003": "繁荣街社区",
        "004": "铁路新村社区",
        "005": "五一路社区",
    },
    "410403004": {
        "001": "黄楝树社区",
        "002": "天使社区",
        "003": "神马社区",
        "004": "湛华社区",
        "006": "诸葛庙社区",
    },
    "410403005": {"001": "月台河社区", "002": "东联北社区", "004": "五条路社区", "005": "环东社区"},
    "410403006": {"001": "东联社区", "002": "东湖社区", "003": "化工社区"},
    "410403007": {"001": "光华社区", "002": "向阳社区"},
    "410403008": {"001": "鸿鹰社区", "002": "明珠社区", "004": "大营社区"},
    "410403009": {},
    "410403010": {"001": "北环社区", "002": "北苑社区", "003": "新建社区"},
    "410403011": {"003": "田选社区"},
    "410403012": {},
}
VILLAGES: dict[str, dict[str, str]] = {
    "410403005": {"201": "魏寨村", "202": "吴寨村"},
    "410403006": {"201": "吕庄村"},
    "410403007": {"201": "程庄村", "202": "任庄村"},
    "410403008": {"201": "大营村"},
    "410403009": {"202": "申楼村", "203": "焦庄村", "212": "北孙庄村", "213": "柳河村", "214": "石桥沟村"},
    "410403010": {"201": "北店村", "202": "上王庄村", "203": "下王庄村"},
    "410403011": {
        "201": "高皇村",
        "202": "观上村",
        "203": "土寨沟村",
        "204": "小店村",
        "209": "上徐村",
        "210": "岳家村",
    },
    "410403012": {"206": "蒲城村", "207": "南村", "208": "门楼张村", "211": "东王营村"},
}

# Compounds that the public reports name, with the community where this district places them.
KNOWN_COMPOUNDS: dict[str, list[str]] = {
    "410403001001": ["建东小区", "东苑小区"],
    "410403001004": ["东安铭座"],
    "410403001005": ["东城国际小区"],
    "410403002001": ["嘉林小区"],
    "410403002004": ["地质四队家属院"],
    "410403003002": ["同乐街小区"],
    "410403008001": ["鸿鹰小区"],
}
COMPOUND_STEMS = """
    安和 安泰 百合 碧水 春晓 翠竹 德馨 东方 东升 丰华 福临 福星 广厦 桂苑 海棠 和顺 和兴 恒安 红叶 花溪
    华安 怀德 惠民 佳和 嘉禾 建业里 江南 金桂 金秋 锦绣 景泰 康乐 蓝湾 兰亭 乐居 丽景 龙泉 绿荫 梅园
    明德 明月 南湖 宁馨 平安 清风 清和 荣华 瑞景 瑞丰 尚书 盛世 时代 世纪 舒心 双桥 四季 松涛 泰和 天成
    同心 望湖 温馨 文昌 吉祥 西湖 祥和 祥云 香樟 欣荣 新华 兴隆 幸福 秀水 学府 雅居 阳光 杨柳 怡景 怡心
    银杏 迎春 永安 永兴 友谊 玉兰 育才 裕丰 园林 云锦 振兴 正阳 中和 紫荆 紫薇
""".split()  # noqa: SIM905
COMPOUND_ENDINGS = {
    "小区": "Compound",
    "花园": "Garden",
    "家园": "Homes",
    "佳苑": "Court",
    "新村": "New Village",
    "华庭": "Mansions",
}
FAMILY_COURTS = """
    棉织厂 机械厂 粮食局 供销社 纺织厂 面粉厂 酒厂 木材公司 汽修厂 轴承厂 印刷厂 农机厂 食品厂 制药厂
    电机厂 化工厂 建筑公司 邮电局 运输公司 百货公司 水泥厂 玻璃厂 搪瓷厂 橡胶厂 针织厂 地质三队 二矿
    四矿 六矿 八矿 选煤厂 矿务局 煤机厂 教师 铁路 医院
""".split()  # noqa: SIM905

# Streets of the town in the order in which they are given, the best known first.
ROAD_NAMES = """
    五一路 园丁路 长寿路 阳光路 开源路 光明路 机场路 经一路 纬一路 东工路 繁荣街 康复街 同乐街 光华路
    鸿鹰路 鸿翔路 葡萄园街 诸葛庙街 黄楝树街 湛华街 神马路 东湖路 化工路 月台街 五条路 田选街 东苑街
    安培街 地质街 华西街 河西街 明珠街 大营街 向阳街 新建街 北苑街 天使街 铁路新村街 环东街 东联街
    优越北街 建东街 嘉林街 经二路 经三路 经四路 经五路 经六路 纬二路 纬三路 纬四路 纬五路 纬六路 文昌街
    育才街 振兴街 友谊街 平安街 永安街 惠民街 团结街 胜利街 和平街 春光街 青年街 劳动街 工农街 健康街
    体育街 民生街 文化街 光荣街 安康街
""".split()  # noqa: SIM905
RURAL_ROAD_NAMES = """
    北环路 申楼路 焦庄路 蒲城路 高皇路 观上路 岳家路 吕庄路 程庄路 任庄路 吴寨路 上徐路
""".split()  # noqa: SIM905

_ENDINGS_EN = [
    ("街道", "Subdistrict"),
    ("社区", "Community"),
    ("村", "Village"),
    ("大道", "Avenue"),
    ("路", "Road"),
    ("街", "Street"),
    ("家属院", "Family Court"),
    *COMPOUND_ENDINGS.items(),
]


def pinyin(text: str) -> str:
    """Toneless pinyin of a name, one capitalised word; every character must be in the table."""
    return "".join(READINGS[character] for character in text).capitalize()


def english(title: str) -> str:
    """English title of a place: pinyin of the proper part and the word for its kind."""
    for ending, word in sorted(_ENDINGS_EN, key=lambda pair: -len(pair[0])):
        if title.endswith(ending) and len(title) > len(ending):
            return f"{pinyin(title[: -len(ending)])} {word}"
    return pinyin(title)
