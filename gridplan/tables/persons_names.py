"""Columns that may name a thing or a person: what stands in their cells decides.

``name`` of a building is mostly the name of a house; where its cells are 张三 and
李小明, it is that of who lives there. Contacts of shops and offices (``phone``,
``operator``) are tags of OpenStreetMap: such columns are never read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

NAME_COLUMNS = frozenset({"name", "名称", "building_name", "bldg_name"})

# The commonest Chinese surnames, which nine in ten people bear, in both scripts.
_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
    "姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
    "張劉陳楊黃趙吳孫馬羅鄭許韓馮鄧蕭葉蘇魏呂盧鍾譚陸賈韋鄒薛閻龍賀顧龔萬錢嚴湯"
)
# Signs that stand in names of houses and places: 王家楼, 张庄, 高中.
_PLACES = re.compile(
    "[楼樓栋棟幢座院厦廈园園室号號区區苑村庄莊厂廠校家店馆館站所庭居府城湾灣轩阁寺庙廟塔桥亭宫堂场場库房"
    "东東西南北里巷弄街路坊寓舍公委局社队隊中心山河湖]"
)
_CONTACTS = frozenset(
    {"phone", "telephone", "email", "fax", "mobile", "operator", "contact", "whatsapp", "wechat"}
)


_CONTACT_PERSON = re.compile(r"contacts?([:_\-\s]?(person|name|persons|names))?")
# Posts: a column of that name may count them, or name who holds them.
_ROLES = re.compile(
    "网格长|网格员|楼长|楼栋长|楼门长|单元长|组长|书记|主任|经理|管家|民警|领导|干部|河长|湖长|护路长"
    "|leader|captain|chief|secretary|manager|steward|worker|head|warden",
    re.IGNORECASE,
)


def is_role(column: str) -> bool:
    """Whether the name of a column is that of a post, so that its cells may name persons.

    Examples
    --------
    >>> is_role("网格长"), is_role("Grid_Leader"), is_role("floors")
    (True, True, False)
    """
    return _ROLES.search(column) is not None


def are_names_of_persons(values: pd.Series[Any]) -> bool:
    """Whether most of the texts of a column are Chinese names of persons, and name no place.

    Examples
    --------
    >>> import pandas as pd
    >>> are_names_of_persons(pd.Series(["张三", "李小明", None]))
    True
    >>> are_names_of_persons(pd.Series(["王家楼", "张庄", "Town Hall"]))
    False
    """
    texts = {str(text).strip() for text in values.dropna().astype("str").unique()} - {""}
    persons = [text for text in texts if _is_person(text)]
    return len(persons) * 2 > len(texts)


def _is_person(text: str) -> bool:
    return (
        2 <= len(text) <= 3
        and text[0] in _SURNAMES
        and all("\u4e00" <= sign <= "\u9fff" for sign in text)
        and not _PLACES.search(text)
    )


def is_contact(column: str) -> bool:
    """Whether a column is a tag of OpenStreetMap by which a shop or an office is reached.

    Examples
    --------
    >>> [is_contact(c) for c in ("phone", "contact:email", "OPERATOR", "owner_phone", "name")]
    [True, True, True, False, False]
    >>> [is_contact(c) for c in ("contact", "Contact_Person", "contact name")]
    [False, False, False]
    """
    # A contact without a means is a person, in whatever table.
    if _CONTACT_PERSON.fullmatch(column.strip().lower()):
        return False
    return re.split(r"[:_\-\s]", column.strip().lower())[0] in _CONTACTS
