"""Names of the synthetic town, joined from common words; any likeness to a place is chance."""

from __future__ import annotations

import numpy as np

_ESTATE_HEADS = (
    *(
        "翠湖",
        "金桂",
        "锦绣",
        "祥和",
        "凤凰",
        "龙泉",
        "碧水",
        "银杏",
        "阳光",
        "滨河",
        "丽景",
        "新华",
        "光明",
        "幸福",
        "和平",
    ),
    *(
        "紫薇",
        "枫林",
        "梧桐",
        "海棠",
        "春晖",
        "东方",
        "华夏",
        "安居",
        "康乐",
        "福乐",
        "学院",
        "世纪",
        "天元",
        "荣泰",
        "瑞景",
    ),
)
_ESTATE_TAILS = {
    "old": ("里", "北里", "南里", "东里", "西里", "楼", "新村"),
    "walkup": ("小区", "花园", "园", "家园", "新区"),
    "new": ("花园", "嘉园", "华府", "雅苑", "名邸", "公馆", "御景", "新城"),
}
_SURNAMES = tuple(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石"
)
_VILLAGE_TAILS = ("家庄", "庄子", "家屯", "各庄", "家营", "官营", "家铺", "家坨")
_SIDES = ("", "东", "西", "南", "北", "前", "后", "上", "下", "大", "小")
_STREETS = (
    "建设路",
    "新华道",
    "文化路",
    "友谊路",
    "长宁道",
    "学院路",
    "龙泽路",
    "北新道",
    "光明路",
    "和平路",
    "翔云道",
    "裕华道",
    "站前路",
)
_SUBDISTRICTS = (
    "凤凰路",
    "文昌街",
    "河东路",
    "新立道",
    "钟楼街",
    "北苑路",
    "光华街",
    "南湖路",
    "永宁街",
    "迎宾路",
    "劳动路",
    "华岩街",
)
_TOWNSHIPS = (
    "柳河",
    "石桥",
    "双庙",
    "稻地",
    "榆林",
    "沙岭",
    "青坨",
    "新店",
    "河头",
    "岔口",
    "古城",
    "泉水",
)


def name_estates(rng: np.random.Generator, styles: list[str]) -> list[str]:
    """Name the compounds of one community, all differently: old ones 里, new ones 花园, 华府."""
    heads = rng.permutation(len(_ESTATE_HEADS))
    picks = rng.integers(1 << 20, size=len(styles))
    names = []
    for n, style in enumerate(styles):
        tails = _ESTATE_TAILS.get(style, _ESTATE_TAILS["new"])
        turn = n // len(heads)  # more compounds than words: a second phase of the same estate
        names.append(
            _ESTATE_HEADS[heads[n % len(heads)]]
            + tails[picks[n] % len(tails)]
            + ("" if turn == 0 else f"{turn + 1}期")
        )
    return names


def name_community(number: int, kind: str) -> str:
    """Name the community of a number: no two alike among thousands.

    Examples
    --------
    >>> name_community(0, "urban"), name_community(0, "rural")
    ('翠湖社区', '王家庄村')
    """
    if kind == "urban":
        turn, head = divmod(number, len(_ESTATE_HEADS))
        return f"{_ESTATE_HEADS[head]}{_count_in_chinese(turn)}社区"
    # number is read in mixed bases, the surname changing fastest: each gives another name
    turn, n = divmod(number, len(_SURNAMES))
    turn, tail = divmod(turn, len(_VILLAGE_TAILS))
    turn, side = divmod(turn, len(_SIDES))
    # shifted by the surname, so that neighbours in the list do not all end alike
    ending = _VILLAGE_TAILS[(tail + n) % len(_VILLAGE_TAILS)]
    return f"{_SIDES[side]}{_SURNAMES[n]}{ending}{_count_in_chinese(turn)}村"


def name_subdistrict(number: int, kind: str) -> str:
    """Name the subdistrict (urban) or township (rural) of a number.

    Examples
    --------
    >>> name_subdistrict(0, "urban"), name_subdistrict(13, "rural")
    ('凤凰路街道', '石桥二镇')
    """
    heads, tail = (_SUBDISTRICTS, "街道") if kind == "urban" else (_TOWNSHIPS, "镇")
    turn, head = divmod(number, len(heads))
    return f"{heads[head]}{_count_in_chinese(turn)}{tail}"


def name_street(number: int) -> str:
    """Name the main road of a number."""
    turn, head = divmod(number, len(_STREETS))
    return f"{_STREETS[head]}{_count_in_chinese(turn)}"


def _count_in_chinese(turn: int) -> str:
    """Write how often the words have been used up: nothing, 二, 三 ... 九, then figures."""
    if turn == 0:
        return ""
    return "零一二三四五六七八九"[turn + 1] if turn < 9 else str(turn + 1)
