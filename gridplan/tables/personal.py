"""Personal data at the door: columns whose names or values look like data on named persons.

Names are compared after they have been made alike (full width, traditional
characters, spaces, capitals), so that 聯絡人, ``Contact_Person`` and
``lianxiren`` are one word. Values are searched in every row, inside longer
texts too, since one telephone number in a building's name is one too many.

Numbers of 11 digits beginning 13, 14 or 15 are mobile numbers, and also the
codes of Hebei, Shanxi and Inner Mongolia. A column of bare numbers that share
their beginning is a run of codes; telephone numbers of a place differ there.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from gridplan.tables.persons_names import NAME_COLUMNS, are_names_of_persons, is_role

if TYPE_CHECKING:
    import pandas as pd

# Traditional characters that occur in such names, and their simplified forms.
_SIMPLIFIED = str.maketrans(
    "證號碼電話機聯繫絡戶責負長業產權護照齡貫員請辦險賬箱郵記錄親屬關係號歲實際貸稱謂處寬聞",
    "证号码电话机联系络户责负长业产权护照龄贯员请办险账箱邮记录亲属关系号岁实际贷称谓处宽闻",
)
_CHINESE = re.compile(
    "姓名|名字|户主|业主|房主|房东|屋主|产权人|权利人|所有权人|所有人|租户名|租客|承租人|出租人|住户名|居民名"
    "|责任人|负责人|联系人|联络人|经办人|申请人|法人代表|法定代表人|代表人|监护人|当事人|本人|配偶|家庭成员|亲属|家属|成员名|成员姓"
    "|责任者|(责任|包联|包保|包片|帮扶|分管|挂点|挂钩|联系)(领导|干部|民警|同志|党员|人员)"
    "|(登记|填表|填报|采集|录入|管理|审核|申报|举报|受理|反映|求助|报事|帮扶|包保)人(?![口数次户])"
    "|网格员名|楼长名|户长|书记名|人名|曾用名"
    "|身份证|身份号|身份号码|证件|公民身份|护照|军官证|残疾证|驾驶证|社保号|社会保障号|医保号|学号"
    "|电话|手机|联系方式|联系号码|联系信息|移动号|座机|微信|扣扣|邮箱|电子邮件|电邮"
    "|出生|生日|民族|籍贯|门牌号|银行卡|银行账|卡号|车牌|户籍号|户号姓|性别"
)
# A count or a share of such things is no person: 业主数, 联系人数量, 少数民族占比.
_COUNTED = re.compile("(数|数量|总数|人数|户数|比例|占比|率|比重)$")

# English words that give a name away wherever they stand in it.
_WORDS = frozenset(
    {
        *("phone", "phones", "telephone", "telephones", "tel", "tele", "telno", "telnum"),
        *("mobile", "mobil", "cellphone", "handphone", "msisdn", "wechat", "weixin", "qq"),
        *("whatsapp", "email", "contact", "contacts", "contactperson"),
        *("passport", "ssn", "idcard", "idnumber", "identity", "identitycard", "citizenid"),
        *("birth", "birthday", "birthdate", "birthyear", "birthplace", "born", "dob"),
        *("surname", "forename", "firstname", "lastname", "fullname", "givenname", "middlename"),
        *("familyname", "nickname", "maidenname", "ownername", "residentname", "tenantname"),
        *("householder", "householdhead", "landlord", "landlady", "tenant", "occupant", "lessee"),
        *("spouse", "applicant", "guardian", "ethnicity", "ethnic", "gender", "sex"),
        *("homeowner", "owner", "leaseholder", "respondent", "liaison"),
    }
)
# Words that give a name away together: all of one line.
_PHRASES = """
id card, id no, id number, cell phone, cell number, mail address, person name, persons name,
identification number, identity number, national id, citizen id, resident id, personal id,
person id, head household, head family, head name, name head, e mail, we chat, place birth,
date birth, person charge, responsible person, resp person, first name, last name, full
name, given name, middle name, family name, owner name, owners name, resident name,
residents name, tenant name, member name, members name, user name, holder name, leader name,
worker name, manager name, secretary name, captain name, people name, household name,
license plate, licence plate, bank account, card no, card number, hu kou
"""
_TOGETHER = tuple(frozenset(words.split()) for words in _PHRASES.split(","))
# The same written as one word, in either order: headname, personincharge, nameofhead.
_FILLERS = re.compile("of|in|the")
_JOINED = frozenset(
    "".join(order) for words in _TOGETHER for order in itertools.permutations(sorted(words))
)
_COUNTED_WORDS = frozenset(
    {"count", "counts", "total", "share", "rate", "ratio", "pct", "percent", "sum", "households"}
)
# Chinese words as they are written in letters, whole or by their first letters.
_PINYIN = re.compile(
    r"xingming|shenfenzheng|zhengjian|dianhua|shouji|lianxi|lianluo|huzhu|yezhu|fangzhu|zeren"
    r"|fuzeren|chusheng|shengri|minzu|jiguan|weixin|youxiang|menpaihao|chanquanren|zuke|hujihao"
)
_INITIALS = frozenset(
    {
        *("xm", "hzxm", "yzxm", "fzxm", "jmxm", "sfz", "sfzh", "sfzhm", "sfzhao", "zjhm", "zjh"),
        *("lxdh", "lxr", "lxrxm", "lxfs", "sjh", "sjhm", "dhhm", "csrq", "csny", "fzr", "zrr"),
        *("hz", "yddh", "gddh", "xb", "jtcy"),
    }
)
# Where nothing but a person's name is usual under a bare "name".
_BARE_NAME_TABLES = frozenset({"counts"})

# Digits may be parted as people write them: 138 1234 5600, 138-123-45600.
_MOBILE = re.compile(
    r"(?<![\d.])(?:(?:\+|00)?86[-\s]?)?\(?(1[3-9]\d)\)?[-\s.·—]?"
    r"(?:\d{4}[-\s.·—]?\d{4}|\d{3}[-\s.·—]?\d{5}|\d[-\s.·—]?\d{3}[-\s.·—]?\d{4})(?!\d)"
)
_IDENTITY = re.compile(r"(?<!\d)\d{6}[-\s]?\d{8}[-\s]?\d{3}[\dXx](?![\dA-Za-z])")
_OLD_IDENTITY = re.compile(r"(?<!\d)\d{15}(?!\d)")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_MAYBE = re.compile(r"\d{3}|\d[-\s.·—]\d|[@＠]")
_PROVINCES = frozenset(
    [
        "11",
        "12",
        "13",
        "14",
        "15",
        "21",
        "22",
        "23",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "37",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "50",
        "51",
        "52",
        "53",
        "54",
        "61",
        "62",
        "63",
        "64",
        "65",
        "71",
        "81",
        "82",
        "83",
    ]
)
_MONTH_DAY = re.compile(r"(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")
# GB 11643-1999: weights of the first 17 digits, and the last sign by the rest of 11.
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_SIGNS = "10X98765432"

SMALLEST_NUMBER = 10**10  # the smallest of 11 digits, as many as a mobile number has

BY_NAME = "its name means personal data"
BY_PERSONS = "its cells look like names of persons"
BY_ROLE = "its cells look like names of the persons who hold a post"
BY_VALUE = "its values look like identity or telephone numbers, or e-mail addresses"


def find_personal_columns(
    table: str, frame: pd.DataFrame, mapped: Collection[str] = (), keys: Collection[str] = ()
) -> dict[str, str]:
    """Find the columns that look like data on named persons, by their names and by their values.

    Parameters
    ----------
    table
        Name of the table in ``schema.csv``.
    frame
        The table as it was read, any columns.
    mapped
        Columns that the user has mapped by hand, and so declared to be
        something else than a person's name.
    keys
        Columns whose values are codes: bare numbers in them are no telephones.

    Returns
    -------
    Column -> reason, empty where nothing looks personal.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"floors": [3], "户主姓名": ["x"], "t": ["13812345678"]})
    >>> list(find_personal_columns("buildings", rows))
    ['户主姓名', 't']
    """
    personal: dict[str, str] = {}
    for position, column in enumerate(map(str, frame.columns)):
        bare = table in _BARE_NAME_TABLES and column not in mapped
        if is_personal_name(column, bare_name=bare):
            personal[column] = BY_NAME
        elif find_personal_values(
            frame.iloc[:, position], is_code=column in keys or column in mapped
        ).any() and _split_words(column)[:1] != ["osm"]:
            # OpenStreetMap's numbers are as long as telephone numbers.
            personal[column] = BY_VALUE
        elif (
            table == "buildings"
            and column not in mapped
            and column.strip().lower() in NAME_COLUMNS
            and are_names_of_persons(frame.iloc[:, position])
        ):
            personal[column] = BY_PERSONS
        elif (
            column not in mapped
            and is_role(column)
            and are_names_of_persons(frame.iloc[:, position])
        ):
            personal[column] = BY_ROLE
    return personal


def is_personal_name(column: str, *, bare_name: bool = False) -> bool:
    """Whether the name of a column says that it holds data on named persons.

    Parameters
    ----------
    column
        The name as the file has it.
    bare_name
        Whether ``name`` alone is taken for the name of a person.

    Examples
    --------
    >>> [is_personal_name(c) for c in ("聯絡人", "Name_of_Head", "lxdh", "业主数", "phone count")]
    [True, True, True, False, False]
    """
    plain = unicodedata.normalize("NFKC", column).translate(_SIMPLIFIED)
    chinese = re.sub(r"[\W_a-zA-Z0-9]+", "", plain)
    if _CHINESE.search(chinese) and not _COUNTED.search(chinese):
        return True
    words = _split_words(plain)
    if not words or words[-1] in _COUNTED_WORDS:
        return False
    joined = "".join(words)
    if bare_name and joined == "name":
        return True
    return (
        any(word in _WORDS for word in (*words, joined))
        or any(together <= set(words) for together in _TOGETHER)
        or bool(_PINYIN.search(joined))
        or joined in _INITIALS
        or joined in _JOINED
        or _FILLERS.sub("", joined) in _JOINED
    )


def _split_words(column: str) -> list[str]:
    """Split a column's name into its words of Latin letters, in small letters."""
    plain = unicodedata.normalize("NFKC", column)
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d)", " ", plain)
    return re.findall(r"[a-z]+", parted.lower())


def find_personal_values(values: Any, *, is_code: bool = False) -> pd.Series[bool]:
    """Find the rows whose text holds a mobile or identity number, or an e-mail address.

    Parameters
    ----------
    values
        A column of any type; numbers count as the text of their digits.
    is_code
        Whether the column holds codes; a bare number of 11 or 15 digits is
        then no telephone and no old identity number.

    Returns
    -------
    True for each row with such a value, the index of ``values``.

    Examples
    --------
    >>> import pandas as pd
    >>> find_personal_values(pd.Series(["张三 138-1234-5600", "8号楼"])).tolist()
    [True, False]
    >>> find_personal_values(pd.Series(["13020300101", "13020300102", "13020300103"])).any()
    np.False_
    """
    import pandas as pd

    nobody = pd.Series(False, index=values.index)
    if str(values.dtype) == "geometry" or pd.api.types.is_bool_dtype(values.dtype):
        return nobody
    # Personal numbers have 11 digits or more: floors and areas need not be written as text.
    if pd.api.types.is_numeric_dtype(values.dtype) and not values.abs().max() >= SMALLEST_NUMBER:
        return nobody
    texts = _write_texts(values)
    distinct = pd.unique(texts)
    maybe = [t for t in distinct if t and _MAYBE.search(t)]
    plain = {t: unicodedata.normalize("NFKC", t).strip() for t in maybe}
    bare = {p for p in plain.values() if p.isascii() and p.isdigit()}
    # Codes of 18 digits may look like an identity number by chance, not most of them.
    is_passed = (is_code or is_run_of_codes(bare)) and not _are_identities(bare)
    passed = bare if is_passed else frozenset()
    hits = {t for t, p in plain.items() if _is_personal(p, p in passed)}
    return texts.isin(hits) if hits else nobody


def _write_texts(values: Any) -> pd.Series[Any]:
    """Write a column as text; whole numbers lose their ``.0``, what is missing is empty."""
    import pandas as pd

    if pd.api.types.is_float_dtype(values.dtype):
        # A number with a fraction is a measure, and a telephone number has none.
        values = values.where(values.abs() < 1e18)
        values = values.where(values % 1 == 0).astype("Int64")
    return values.astype("str").where(values.notna(), "")


def is_run_of_codes(numbers: Collection[str]) -> bool:
    """Whether bare numbers are the codes of a place: many for each beginning, all of one length.

    Codes share the digits of their district and count up behind them. The
    first eleven digits but five of telephone numbers are dealt out by network
    and town, and the first twelve of an identity number hold a birthday, so
    that those of one place differ almost everywhere.

    Examples
    --------
    >>> is_run_of_codes({"13020300101", "13020300102", "13020300103"})
    True
    >>> is_run_of_codes({"13812345678", "15031500020", "13931512345"})
    False
    """
    if len(numbers) < 3 or len({len(number) for number in numbers}) > 1:
        return False
    length = len(next(iter(numbers)))
    beginnings = {number[: 6 if length == 11 else length - 3] for number in numbers}
    return len(beginnings) * 3 <= len(numbers)


def _is_personal(text: str, passed: bool) -> bool:
    """Whether a text holds a personal number or an address; a passed number is a code."""
    if passed:
        return False
    return (
        any(_is_identity(match) for match in _IDENTITY.findall(text))
        or _EMAIL.search(text) is not None
        or _MOBILE.search(text) is not None
        or any(_is_old_identity(match) for match in _OLD_IDENTITY.findall(text))
    )


def _is_identity(number: str) -> bool:
    """Whether a number of 18 signs has the province and the date of an identity number."""
    signs = re.sub(r"[-\s]", "", number)
    return (
        signs[:2] in _PROVINCES
        and signs[6:8] in {"18", "19", "20"}
        and _MONTH_DAY.fullmatch(signs[10:14]) is not None
    )


def _are_identities(numbers: Collection[str]) -> bool:
    """Whether more than half of some bare numbers are identity numbers to the last sign."""
    whole = sum(len(n) == 18 and _is_identity(n) and _has_right_sign(n) for n in numbers)
    return whole * 2 > len(numbers)


def _has_right_sign(signs: str) -> bool:
    """Whether the last of 18 signs follows from the others."""
    total = sum(w * int(s) for w, s in zip(_WEIGHTS, signs[:17], strict=True))
    return signs[17].upper() == _SIGNS[total % 11]


def _is_old_identity(number: str) -> bool:
    """Whether a number of 15 digits is an identity number of before 2000: province and date."""
    return number[:2] in _PROVINCES and _MONTH_DAY.fullmatch(number[8:12]) is not None
