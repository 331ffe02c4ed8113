"""Toneless pinyin of the characters that occur in the demonstration district's place names."""

from __future__ import annotations

_BY_SOUND = (
    "an:安 ba:八 bai:百 bei:北 bi:碧 bo:玻 cai:才材 chang:厂场昌长 cheng:城成承程 chun:春 "
    "ci:瓷 cui:翠 cun:村 da:大达 dai:代 dao:道 de:德 di:地 dian:店电 ding:丁 dong:东动 "
    "dui:队 er:二 fan:帆繁 fang:方纺 fen:粉 feng:丰风 fu:复府福 gao:高 ge:葛 gong:供公工 "
    "gou:沟 guan:管观 guang:光广 gui:桂 guo:国 hai:海 he:合和河禾 heng:恒 hong:红鸿 hu:湖 "
    "hua:化华花 huai:怀 huan:环 huang:皇黄 hui:惠 huo:货 ji:吉季机纪际 jia:佳嘉家 jian:健建 "
    "jiang:江 jiao:教焦胶 jie:结街 jin:金锦 jing:景经荆 jiu:酒 ju:局居 kai:开 kang:康 "
    "kuang:矿 lan:兰蓝 lao:劳 le:乐 li:丽利璃里 lian:楝联 liang:粮 lin:临林邻 liu:六柳 "
    "long:隆龙 lou:楼 lu:路 lü:吕绿 ma:马 man:满 mei:梅煤美 men:门 mian:棉面 miao:庙 min:民 "
    "ming:明铭 mu:木 na:纳 nan:南 ni:泥 nian:年 ning:宁 nong:农 nuan:暖 pei:培 pin:品 "
    "ping:平 pu:葡蒲 qi:汽 qiao:桥 qing:清青 qiu:秋 qu:区 quan:泉 ren:人任 rong:荣 rui:瑞 "
    "san:三 sha:厦 shang:上尚 she:社设 shen:申神 sheng:升生盛胜 shi:世使师时石食 shou:寿 "
    "shu:书属树舒输 shua:刷 shuang:双 shui:水 shun:顺 si:司四 song:松 sun:孙 tai:台泰 "
    "tang:搪棠 tao:涛萄 ti:体 tian:天田 tiao:条 tie:铁 ting:亭庭 tong:同 tu:土 tuan:团 "
    "wan:万湾 wang:望王 wei:纬薇魏 wen:文温 wu:五务吴 xi:溪西 xia:下 xiang:向橡祥翔香 "
    "xiao:小晓销 xie:械 xin:信心新欣馨 xing:兴幸星杏 xiu:修秀绣 xu:徐 xuan:选 xue:学 ya:雅 "
    "yang:杨阳 yao:药 ye:业叶 yi:一医怡谊 yin:印荫银 ying:营迎鹰 yong:永 you:优友邮 yu:玉育裕 "
    "yuan:园源苑院 yue:岳月越 yun:云运 ze:泽 zhai:寨 zhan:湛 zhang:张樟 zhen:振针镇 "
    "zheng:正郑 zhi:制织质 zhong:中众 zhou:轴 zhu:珠竹筑诸 zhuang:庄 zi:紫 zuo:座"
)

READINGS: dict[str, str] = {
    character: sound
    for sound, characters in (entry.split(":") for entry in _BY_SOUND.split())
    for character in characters
}
