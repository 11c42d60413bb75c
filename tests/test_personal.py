"""Personal data at the door: what must not come in, and what must not be refused by mistake."""

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import Point

import gridplan as gp
from gridplan.errors import PersonalDataError
from gridplan.tables.personal import find_personal_values, is_personal_name

NAMES = """姓名 户主姓名 户 主 責任人 责任人 负责人 聯絡人 联系人 联系电话 電話 手机号 手機號碼
身份证号 身份證號 证件号码 出生日期 生日 民族 微信号 电子邮件
业主姓名 房主 承租人 家庭成员 监护人 户主性别
Name_of_Head head_of_household HouseholdHead OwnerName owner_name resident-name tenantName contact
Contact_Person contactPhone Phone PhoneNumber TEL. telNo mobile mobile_no cellphone cell-phone
e-mail E_Mail email_address WeChat qq id_card IDCard idNumber id_no identity passport_no SSN
责任者 责任领导 包联干部 包片民警 登记人 填报人 帮扶人
headname personincharge nameofhead resp_person liaison
birthday BirthDate date_of_birth DOB surname first_name LAST_NAME FullName given-name
xingming xm hzxm shenfenzheng sfzh shouji sjh dianhua lxdh lianxiren huzhu csrq Ｐｈｏｎｅ"""

PLAIN = """building floors height households 户数 层数 楼栋编号 小区名称 楼名
用途 use kind levels street
community_name building_name elders party_members 党员数 业主数
联系人数 少数民族占比 60岁以上人口 常住人口 网格员 网格长
phone_count owners_share residents population workers grid_leader area_m2 cell_size mailboxes
operator 登记人口 管理人口 责任单位 责任区 包联单位 责任民警数 heading overhead content"""


@pytest.mark.parametrize("name", NAMES.replace("户 主", "户主").split())
def test_a_personal_name_is_known_in_any_writing(name):
    assert is_personal_name(name)


@pytest.mark.parametrize("name", ["户 主", "手\n机 号", "First Name", "E Mail", "姓　名"])
def test_spaces_do_not_hide_a_personal_name(name):
    assert is_personal_name(name)


@pytest.mark.parametrize("table", ["communities", "institutions", "places", "counts"])
@pytest.mark.parametrize("name", ["责任人", "contact", "Contact_Person", "name_of_head", "网格长"])
def test_whoever_answers_is_refused_in_every_table(table, name):
    """A column 网格长 may count posts; where its cells are names it is refused too."""
    rows = make_houses(**{name: ["张三", "李小明"]})
    if table == "counts":
        rows = pd.DataFrame(rows.drop(columns="geometry")).assign(
            level="site", of="site", measure="elders", value=1
        )
    else:
        rows = rows.assign(community=["a", "b"], kind="school")
    with pytest.raises(PersonalDataError, match=name):
        gp.read_site(make_houses(floors=[1, 2]), **{table: rows})


def test_a_column_that_counts_posts_passes():
    houses = make_houses(floors=[1, 2], 网格长=[1, 2])
    assert len(gp.read_site(houses).buildings) == 2


@pytest.mark.parametrize("name", PLAIN.split())
def test_a_plain_name_passes(name):
    assert not is_personal_name(name)


@pytest.mark.parametrize(
    "value",
    [
        "张三 138-1234-5600",
        "13812345678",
        "138 1234 5678",
        "008613812345678",
        "+86 138 1234 5678",
        "１３８１２３４５６７８",
        "tel:138.1234.5678",
        "住户：(138)12345678，三楼",
        "110101199003070193",
        "13020319900307001X",
        "身份证110101 19900307 0193",
        "110101900307019",
        "zhang.san@example.com",
    ],
)
def test_one_personal_value_is_enough(value):
    values = pd.Series(["7号楼"] * 500 + [value] + [""] * 500)
    assert find_personal_values(values).to_numpy().nonzero()[0].tolist() == [500]


@pytest.mark.parametrize(
    "value",
    [
        "1985-01-01 00:00:00",
        "118.1812345678",
        "39.63511106606141",
        "way/123456789",
        "1700000000000",
        "91130200123456789X",
        "130203001001-005",
        "13020300100100012",
        "1-2-301",
        "0315-2821234",
        "2026-11-29",
    ],
)
def test_a_plain_value_passes(value):
    assert not find_personal_values(pd.Series([value, "x"])).any()


def make_houses(**columns):
    count = len(next(iter(columns.values())))
    points = [Point(600_000 + 30 * i, 4_390_000) for i in range(count)]
    return gpd.GeoDataFrame(columns, geometry=points, crs="EPSG:4548")


@pytest.mark.parametrize("province", ["130203", "140105", "150102"])
@pytest.mark.parametrize("kind", [str, int])
def test_codes_of_hebei_shanxi_and_inner_mongolia_are_no_telephones(province, kind):
    codes = [kind(int(province) * 100_000 + n) for n in range(6)]
    for column, mapping in (("building", None), ("DM", {"building": "DM"}), ("OBJECTID", None)):
        site = gp.read_site(make_houses(**{column: codes, "floors": 2}), mapping=mapping)
        assert len(site.buildings) == 6


def test_a_column_of_telephones_is_refused_whatever_its_type():
    for phones in ([13812345678, 15031500020, 13931512345], ["13812345678", "", "x"]):
        with pytest.raises(PersonalDataError, match="column t is refused"):
            gp.read_site(make_houses(floors=[1, 2, 3], t=phones))


def test_a_name_of_a_building_with_a_telephone_is_refused():
    names = ["东楼", "张三 138-1234-5600"]
    with pytest.raises(PersonalDataError, match="building_name"):
        gp.read_site(make_houses(floors=[1, 2], building_name=names))


def test_the_appeal_is_recorded():
    houses = make_houses(floors=[1, 2], contact=["door", "gate"])
    with pytest.raises(PersonalDataError, match="--not-personal contact"):
        gp.read_site(houses)
    site = gp.read_site(houses, not_personal=["contact"])
    assert "declared to hold no personal data: contact" in set(site.ledger["reason"])
