"""The papers beside a plan's data: a list of sub-grids for Excel, and a note on every file."""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from gridplan.plan import ALL_TABLES, OPTIONAL_TABLES, Plan
from gridplan.tables.schema import find_columns, find_key, read_schema

if TYPE_CHECKING:
    from pyproj import CRS

TITLES: Mapping[str, str] = {
    "triggers": "what was out of rule in the plan before 调整缘由",
    "concordance": "old and new sub-grids 新旧对照",
    "locks": "what may not be changed 锁定",
    "edits": "changes by hand 人工调整",
    "communities": "communities and villages 社区（村）",
    "compounds": "residential compounds 小区",
    "buildings": "buildings 楼栋",
    "barriers": "what nobody can walk across 屏障（铁路、河流等）",
    "openings": "where barriers can be crossed on foot 通道（桥、涵洞等）",
    "streets": "streets 道路",
    "places": "service centres, schools, hospitals and other places 设施",
    "institutions": "institutions 单位",
    "counts": "aggregate counts, never persons 统计数（只有数量，没有个人信息）",
    "ledger": "what was dropped, repaired or inferred on the way 处理台账",
    "stairwells": "stairwells and the sub-grid of each 单元及其所属子网格",
    "neighbours": "which stairwells can be walked between 相邻关系",
    "subgrids": "sub-grids: land outlines and figures 子网格",
    "exceptions": "rules that are not kept, and why 例外及原因",
    "grids": "grids: an upper layer of whole sub-grids 网格（上层）",
    "special_grids": "special grids along rivers, lakes and railways 专项网格",
    "touches": "sub-grids that each special grid touches 专项网格涉及的子网格",
    "members": "counts of Party members and volunteers by stairwell, for work only 党员、志愿者数量（按单元，仅供工作使用）",
    "party_orgs": "Party organisations: branches and groups 党组织",
    "posts": "posts, never persons 岗位（只有岗位，没有个人信息）",
    "duties": "which sub-grids each post serves 岗位与子网格对应",
    "links": "pairings and check-ins 包联与报到",
    "indicators": "every figure beside its need 指标",
    "gaps": "what is unmet, and why 缺口清单",
    "ratings": "scores and bands of organisations 评级",
    "service_posts": "posts that people walk to, there and proposed 服务点（现有与建议）",
    "reach": "how far each stairwell has to each kind of post, and why not 各单元到服务点的可达性",
    "coverage": "households reached, served and backed up 覆盖情况",
    "siting": "what more posts would bring 新增服务点的效果",
    "published": "counts that may leave, checked against disclosure 可公布的统计数（已通过披露检查）",
    "centres": "centres of the sub-grids (a view of stairwells) 子网格中心",
    "manifest": "how the plan was made: inputs, rules, seed, figures 方案说明",
    "layer_styles": "styles that QGIS applies by itself QGIS 样式",
}

_FILES: Mapping[str, tuple[str, str]] = {
    "plan.gpkg": (
        "The whole plan in one GeoPackage, to be opened in QGIS 3.22 or later, kept or mailed. Layers come styled: sub-grids "
        "in six colours, labelled with code and households; a second style, 'in band', shows which hold too many or too few "
        "households. Tables of mixed shapes are layers by kind of shape, such as barriers_lines and barriers_areas.",
        "完整方案（GeoPackage），可用 QGIS 3.22 及以上版本打开、保存、邮寄。图层自带样式：子网格六色填充，标注编码和户数；"
        "另有样式 in band 显示户数是否达标。含多种几何类型的表按类型分层，如 barriers_lines、barriers_areas。",
    ),
    "tables": (
        "The whole plan as GeoParquet files, one a table, sorted by community, with manifest.json (how the plan was made) and "
        "QGIS styles (.qml). The column table_row is the row's place in the table.",
        "完整方案（GeoParquet），每表一个文件，按社区排序；manifest.json 为方案说明，.qml 为 QGIS 样式；row 列为原表行序。",
    ),
    "plan.toml": (
        "The rules that the plan was drawn by, each with its unit and source. Edit them and draw the plan again: "
        "gridplan plan SOURCE --rules plan.toml -o FOLDER",
        "方案所用规则，含单位与出处；修改后可用上述命令重新划分。",
    ),
    "subgrids.csv": (
        "All sub-grids with their figures, for Excel (UTF-8). The columns {texts} are text: in Excel take Data > From "
        "Text/CSV and set them to Text, since a double click turns the code 0301 into 301. An apostrophe before = + - @ keeps "
        "Excel from taking a code for a formula.",
        "全部子网格及指标，供 Excel 使用（UTF-8）。{texts} 列为文本：请用“数据 > 自文本/CSV”导入并设为“文本”，"
        "双击打开会使编码 0301 变成 301。编码以 = + - @ 开头时前加撇号，以免被当作公式。",
    ),
    "README.txt": ("This note.", "本说明。"),
}
# the columns of subgrids.csv that Excel would take for numbers or dates
_CODES = "subgrid, community, centre"
_WIDTH = 100


@dataclass(frozen=True)
class Summary:
    """What the papers say of a plan: sub-grids, rows of tables, households, CRS, manifest."""

    subgrids: pd.DataFrame
    rows: Mapping[str, int]
    households: int
    crs: CRS
    manifest: Mapping[str, Any]


def summarise_plan(plan: Plan) -> Summary:
    """Sum up a plan that is in memory."""
    flat = pd.DataFrame(plan.subgrids.drop(columns="geometry"))
    rows = {
        table: len(plan.get_table(table))
        for table in ALL_TABLES
        if table not in OPTIONAL_TABLES or len(plan.get_table(table))
    }
    return Summary(flat, rows, int(plan.stairwells["households"].sum()), plan.crs, plan.manifest)


def list_subgrids(subgrids: pd.DataFrame) -> str:
    r"""List a plan's sub-grids as CSV text, figures to one decimal place.

    Texts that Excel would take for a formula are given an apostrophe in front.
    """
    flat = subgrids.reset_index()
    for column in find_columns("subgrids"):
        if column.dtype == "str":
            risky = flat[column.name].str.match(r"[=+\-@\t\r]")
            flat[column.name] = flat[column.name].where(~risky, "'" + flat[column.name])
    text = io.StringIO()
    flat.to_csv(
        text, index=False, float_format="%.1f", lineterminator="\r\n", quoting=csv.QUOTE_MINIMAL
    )
    return text.getvalue()


def describe_plan(summary: Summary, files: Sequence[str]) -> str:
    """Describe a plan's files, tables and columns in English and Chinese, from the schema."""
    crs = summary.crs.to_string()
    lines = ["A plan of small grids 小网格划分方案", "", *_state_release(summary.manifest)]
    lines += [
        *_count_grids(summary),
        f"Households 户数: {summary.households}",
        f"Communities 社区: {summary.rows['communities']}",
        f"Coordinates 坐标系: {summary.crs.name}{f' ({crs})' if len(crs) < 20 else ''}, metres 米",
        "",
        "FILES 文件",
        "",
    ]
    for name in files:
        english, chinese = (text.format(texts=_CODES) for text in _FILES[name])
        indented = textwrap.fill(english, _WIDTH, initial_indent="    ", subsequent_indent="    ")
        lines += [name, indented, f"    {chinese}", ""]
    lines += ["TABLES AND COLUMNS 数据表与字段", "", "* key 主键", ""]
    for table in (t for t in ALL_TABLES if t in summary.rows):
        lines += [
            f"{table} ({summary.rows[table]}): {TITLES[table]}",
            *_describe_columns(table),
            "",
        ]
    return "\n".join(lines).rstrip() + "\n"


def _count_grids(summary: Summary) -> list[str]:
    """Count the sub-grids of homes, and the other kinds of grid where there are any."""
    lone = int((summary.subgrids["kind"] == "exclusive").sum())
    others = [
        ("Exclusive grids 专属网格", lone),
        ("Special grids 专项网格", summary.rows.get("special_grids", 0)),
        ("Grids of the upper layer 网格", summary.rows.get("grids", 0)),
    ]
    return [
        f"Sub-grids 子网格: {len(summary.subgrids) - lone}",
        *(f"{noun}: {count}" for noun, count in others if count),
    ]


def _state_release(manifest: Mapping[str, Any]) -> list[str]:
    """State whether the plan may leave, with the result of the disclosure check."""
    note = manifest.get("release")
    if not note:
        return ["Working plan, not for release 工作方案，不得对外公布", ""]
    checked = f"{note['suppressed']} of {note['counts']} counts suppressed, households in bands, seal {note['seal']}"
    return [f"Release 公布方案: disclosure check passed 已通过披露检查 ({checked})", ""]


def _describe_columns(table: str) -> list[str]:
    lines = []
    for column in read_schema()[table]:
        mark = "*" if column.name == find_key(table) else " "
        unit = f" [{column.unit}]" if column.unit else ""
        words = f" ({' | '.join(column.values)})" if column.values else ""
        lines.append(f"  {mark} {column.name}  {column.zh}{unit}: {column.meaning}{words}")
    return lines
