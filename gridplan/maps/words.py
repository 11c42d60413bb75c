"""The words of a map in English and Chinese; labels of columns come from ``schema.csv`` instead."""

from __future__ import annotations

from collections.abc import Mapping

from gridplan.tables.schema import Language, find_columns, label

WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("Grid plan", "网格划分图"),
    "title_one": ("{name}: grid plan", "{name}网格划分图"),
    "view_colours": ("Colour by sub-grid", "按子网格着色"),
    "view_households": ("Colour by households", "按户数着色"),
    "view_band": ("Colour by in or out of band", "按是否达标着色"),
    "subgrids": ("Sub-grids", "子网格"),
    "subgrid": ("Sub-grid", "子网格"),
    "codes": ("Codes and names", "编码与名称"),
    "centres": ("Centres", "中心户位置"),
    "buildings": ("Buildings", "建筑"),
    "streets": ("Streets", "道路"),
    "barriers": ("Barriers and openings", "屏障与通道"),
    "communities": ("Community limits", "社区界"),
    "community": ("Community", "社区"),
    "out": ("Out of band", "未达标"),
    "base_map": ("Base map (OpenStreetMap)", "底图（OpenStreetMap）"),
    "legend": ("Legend", "图例"),
    "any_colour": ("Colours only tell neighbours apart", "颜色仅用于区分相邻子网格"),
    "load_under": ("fewer than the band allows", "低于下限"),
    "load_lower": ("in band, below the target", "达标，低于标准"),
    "load_upper": ("in band, target or more", "达标，不低于标准"),
    "load_over": ("more than the band allows", "高于上限"),
    "band_in": ("in band", "达标"),
    "band_out": ("out of band", "未达标"),
    "exclusive": ("exclusive grid", "专属网格"),
    "specials": ("Special grids", "专项网格"),
    "special": ("special grid", "专项网格"),
    "grids": ("Grids (upper layer)", "网格（上层）"),
    "grid": ("grid of the upper layer", "所属网格"),
    "home": ("home", "住宅"),
    "other_building": ("other building", "其他建筑"),
    "street": ("street", "道路"),
    "water": ("water", "水域"),
    "rail": ("railway", "铁路"),
    "road": ("main road", "主干道"),
    "wall": ("wall or other", "围墙等屏障"),
    "opening": ("opening", "通道"),
    "centre": ("centre", "子网格中心"),
    "limit": ("community limit", "社区界"),
    "figure_subgrids": ("sub-grids", "个子网格"),
    "figure_households": ("households", "户"),
    "figure_share": ("in band", "达标"),
    "figure_exclusive": ("exclusive grids", "个专属网格"),
    "figure_special": ("special grids", "个专项网格"),
    "figure_grids": ("grids", "个网格"),
    "figure_communities": ("communities", "个社区"),
    "band": ("Band", "标准"),
    "band_urban": (
        "urban {low} to {high}, target {target}",
        "城镇 {low}–{high} 户，标准 {target} 户",
    ),
    "band_rural": (
        "rural {low} to {high}, target {target}",
        "农村 {low}–{high} 户，标准 {target} 户",
    ),
    "band_values": ("band {low} to {high}", "标准 {low}–{high} 户"),
    "search": ("Find a sub-grid or community", "查找子网格或社区"),
    "search_hint": ("Code or name; Enter goes there", "输入编码或名称，按回车定位"),
    "nothing": ("Nothing found", "未找到"),
    "print": ("Print", "打印"),
    "whole": ("Whole plan", "全图"),
    "zoom_in": ("Zoom in", "放大"),
    "zoom_out": ("Zoom out", "缩小"),
    "layers": ("Layers", "图层"),
    "loading": ("Drawing the map …", "正在绘制地图……"),
    "too_old": (
        "This browser cannot unpack the map; use Chrome 80, Firefox 113, Safari 16.4 or later.",
        "浏览器版本过低，无法显示地图；请使用 Chrome 80、Firefox 113、Safari 16.4 或更高版本。",
    ),
    "source": (
        "Drawn by gridplan {version}, seed {seed}.",
        "由 gridplan {version} 绘制，随机种子 {seed}。",
    ),
    "simplified": (
        "Outlines are smoothed for the screen (tolerance {metres} m); all figures are of the exact plan.",
        "范围线为显示作了平滑（容差 {metres} 米），各项数字均按原方案计算。",
    ),
    "working": ("Working map, not for release.", "工作用图，不得对外公布。"),
    "released": (
        "Released map: disclosure check passed; households in bands (seal {seal}).",
        "公布用图：已通过披露检查，户数以区间表示（校验码 {seal}）。",
    ),
    "needs_network": ("The base map needs the internet.", "底图需要联网。"),
    "map": ("Map of the plan", "网格地图"),
    "view_reach": ("Colour by minutes to a post", "按步行时间着色"),
    "reach": ("Reach on foot", "步行可达"),
    "reach_kind": ("Kind of post", "服务点类别"),
    "now": ("Now", "现状"),
    "proposed": ("With those proposed", "加拟增点"),
    "within": (
        "within {minutes} min on foot; {posts} posts",
        "步行 {minutes} 分钟内；{posts} 个服务点",
    ),
    "within_one": (
        "within {minutes} min on foot; {posts} post",
        "步行 {minutes} 分钟内；{posts} 个服务点",
    ),
    "reachable": ("reachable", "可达"),
    "served": ("served", "已服务"),
    "backed_up": ("two or more", "两处以上"),
    "show_streets": ("Streets by minutes", "道路按时间着色"),
    "show_posts": ("Posts", "服务点"),
    "show_gaps": ("Gaps", "缺口"),
    "largest_gaps": ("Largest gaps", "最大缺口"),
    "no_gaps": ("No gaps", "没有缺口"),
    "gap": ("gap, number by households not served", "缺口，按未服务户数排序"),
    "gap_of": ("Gap {rank}", "缺口 {rank}"),
    "not_served": ("not served", "未服务"),
    "way": ("mean way", "平均路程"),
    "cause": ("Cause", "原因"),
    "way_values": ("{metres} m, {minutes} min", "{metres} 米，{minutes} 分钟"),
    "no_way": ("no way is known", "无已知路线"),
    "minutes_values": ("{minutes} min", "{minutes} 分钟"),
    "minutes_mean": ("to the nearest post", "到最近服务点"),
    "band_first": ("up to {high} min", "{high} 分钟以内"),
    "band_next": ("{low} to {high} min", "{low}–{high} 分钟"),
    "band_last": ("longer, or no way is known", "更远或无已知路线"),
    "post": ("post; click to see whom it reaches", "服务点，点击查看可达范围"),
    "post_proposed": ("proposed post", "拟增服务点"),
    "proposed_post": ("proposed", "拟增"),
    "capacity": ("capacity", "服务能力"),
    "households": ("households", "户"),
    "reaches": (
        "reaches {households} households in {subgrids} sub-grids",
        "可达 {subgrids} 个子网格，共 {households} 户",
    ),
    "change_title": ("What changes", "网格调整对比图"),
    "change_title_one": ("{name}: what changes", "{name}网格调整对比图"),
    "view_change": ("Colour by what became of them", "按调整情况着色"),
    "before": ("Sub-grids before", "原子网格"),
    "changed_homes": ("Homes that changed", "变动住宅"),
    "change": ("What became of the sub-grids", "子网格调整情况"),
    "figure_moved": ("households move", "户调整"),
    "figure_displaced": ("displaced", "户实际变动"),
    "figure_gone": ("gone", "户拆除"),
    "figure_new": ("new", "户新增"),
    "event_kept": ("kept as it was", "未变"),
    "event_renamed": ("renamed", "更名"),
    "event_shifted": ("some homes came or went", "边界调整"),
    "event_split": ("from a split", "拆分"),
    "event_merge": ("from a merge", "合并"),
    "event_regrouped": ("regrouped", "重组"),
    "event_birth": ("born", "新设"),
    "event_death": ("ended", "撤销"),
    "events_split": ("Splits", "拆分"),
    "events_merge": ("Merges", "合并"),
    "events_regrouped": ("Regrouped", "重组"),
    "events_birth": ("Births", "新设"),
    "events_death": ("Deaths", "撤销"),
    "events_shifted": ("Homes came or went", "边界调整"),
    "events_renamed": ("Renamed", "更名"),
    "no_events": ("Every sub-grid is as it was.", "所有子网格均未变动。"),
    "more_events": ("and {count} more", "另有 {count} 项"),
    "home_moved": ("home in another sub-grid", "调整归属的住宅"),
    "home_new": ("new home", "新建住宅"),
    "home_gone": ("home that is gone", "已拆除住宅"),
    "flow_moved": ("{households} households: {old} → {new}", "{households} 户：{old} → {new}"),
    "flow_kept": ("{households} households stay in {new}", "{households} 户留在 {new}"),
    "flow_new": ("{households} new households in {new}", "新增 {households} 户，属 {new}"),
    "flow_gone": ("{households} households of {old} are gone", "{old} 的 {households} 户已拆除"),
    "no_subgrid": ("no sub-grid", "无子网格"),
    "compared": (
        "Before: {old} sub-grids; now: {new}. Outlines that changed are dashed. A household moves if the code of its sub-grid "
        "changes; it is displaced if no other numbering would have let it stay.",
        "原 {old} 个子网格，现 {new} 个。虚线为有变动的原范围。"
        "编码改变即计为调整户；换任何编号都无法保持归属的，计为实际变动户。",
    ),
    "close": ("Back to all posts", "返回全部服务点"),
    "view_reel": ("Colour by what is simulated", "按仿真结果着色"),
    "reel_title": ("Simulated, step by step", "仿真过程图"),
    "reel_title_one": ("{name}: simulated, step by step", "{name}仿真过程图"),
    "reel": ("Steps", "时间轴"),
    "reel_group": ("What is shown", "显示内容"),
    "reel_name": ("Case", "情景"),
    "reel_step": ("Step", "时刻"),
    "reel_play": ("Play", "播放"),
    "reel_pause": ("Pause", "暂停"),
    "reel_strip": (
        "Sub-grids by class through all steps; click to go there",
        "各时刻各类子网格数量，点击可跳转",
    ),
    "reel_story": ("Class of this sub-grid through all steps", "该子网格各时刻的类别"),
    "reel_blank": ("nothing known", "无数据"),
}
# What reels of a simulation or of years say; only the pages that show them carry it.
REELS: Mapping[str, tuple[str, str]] = {
    "years_title": ("The years to come", "逐年变化图"),
    "years_title_one": ("{name}: the years to come", "{name}逐年变化图"),
    "year": ("year {year}", "第 {year} 年"),
    "year_now": ("the plan", "现方案"),
    "years_out": ("Chance to be out of the band", "户数不达标概率"),
    "years_state": ("Where it is in most futures", "多数推演中的状态"),
    "years_never": ("nothing is redrawn", "不作调整"),
    "state_inside": ("in band", "达标"),
    "state_unsure": ("none of them in most", "不确定"),
    "state_under": ("below the band", "低于下限"),
    "state_over": ("above the band", "高于上限"),
    "state_gone": ("nobody lives there", "无人居住"),
    "years_note": (
        "Simulated, not observed: shares of {replications} futures, at the end of each year.",
        "推演值，非实测：{replications} 次推演中的占比，按年末计。",
    ),
    "surge_title": ("How help comes", "应急下沉推演图"),
    "surge_title_one": ("{name}: how help comes", "{name}应急下沉推演图"),
    "posture_usual": ("as usual", "平时值班"),
    "posture_surge": ("in a surge", "应急下沉"),
    "surge_seen": ("all seen to", "全部走访完"),
    "surge_helped": ("somebody is there", "已有人到达"),
    "surge_waits": ("nobody has come", "尚无人到达"),
    "surge_note": (
        "Simulated, not observed: since the event began, at the mean of {replications} runs; without colour: not affected.",
        "仿真值，非实测：事件开始后的时间，{replications} 次运行的平均值；未着色：未受影响。",
    ),
    "simulated_title": ("What would happen", "服务仿真图"),
    "simulated_title_one": ("{name}: what would happen", "{name}服务仿真图"),
    "weekdays": ("Mon Tue Wed Thu Fri Sat Sun", "周一 周二 周三 周四 周五 周六 周日"),
    "whole_time": ("all days", "全部日期"),
    "kind_request": ("Requests", "诉求"),
    "kind_wish": ("Wishes", "微心愿"),
    "waiting_community": (
        "{kind} waiting per 100 households, by community",
        "每百户等待的{kind}（按社区）",
    ),
    "waiting_subgrid": ("{kind} waiting per 100 households", "每百户等待的{kind}（按子网格）"),
    "response_minutes": ("{kind}: time until somebody comes", "{kind}响应时间"),
    "green_share": ("{kind}: share resolved in time (green)", "{kind}按时办结率（绿灯）"),
    "against": ("{measure}, against {first}", "{measure}，与 {first} 相比"),
    "nobody": ("nobody waits", "无人等待"),
    "under": ("under {high}", "低于 {high}"),
    "between": ("{low} to {high}", "{low} 至 {high}"),
    "over": ("{low} or more", "{low} 及以上"),
    "minutes": ("{number} min", "{number} 分钟"),
    "hours": ("{number} h", "{number} 小时"),
    "days": ("{number} d", "{number} 天"),
    "better": ("clearly better", "明显更好"),
    "alike": ("no clear difference", "无明显差异"),
    "worse": ("clearly worse", "明显更差"),
    "waiting_note": (
        "Simulated, not observed: mean of {replications} runs, counted as the hour strikes.",
        "仿真值，非实测：{replications} 次运行的平均值，整点计数。",
    ),
    "measure_note": (
        "Simulated, not observed: mean of {replications} runs; one sub-grid has few requests, so its figure is rough.",
        "仿真值，非实测：{replications} 次运行的平均值；单个子网格件数少，数值仅供参考。",
    ),
    "against_note": (
        "Simulated, not observed: every sub-grid has the colour of its community; clear: the paired 95 % interval leaves out 0.",
        "仿真值，非实测：各子网格按所属社区着色；“明显”指配对 95% 置信区间不含 0。",
    ),
}
REASONS: Mapping[str, tuple[str, str]] = {
    "none": ("there is none that they may go to", "没有可去的服务点"),
    "unsnapped": ("their doors reach no street", "单元门未接入道路"),
    "far": ("too far", "距离过远"),
    "barrier": ("cut off by a barrier", "被屏障隔断"),
    "roundabout": ("the streets lead round", "道路绕行"),
    "stairs": ("the stairs take the time that is left", "上楼耗时"),
    "capacity": ("those within reach are full", "可达服务点已满"),
}

_UNITS_ZH: Mapping[str, str] = {"m": " 米", "households": " 户", "buildings": " 栋"}


def say(word: str, lang: Language = "en", **values: object) -> str:
    """Say a word of the map in a language, with values put into its gaps.

    Examples
    --------
    >>> say("legend", "zh"), say("band_values", low=20, high=40)
    ('图例', 'band 20 to 40')
    """
    text = (WORDS[word] if word in WORDS else REELS[word])[1 if lang == "zh" else 0]
    return text.format(**values) if values else text


def say_all(lang: Language = "en") -> dict[str, str]:
    """Say every word of the map in a language; the page takes its words from here."""
    return {word: say(word, lang) for word in WORDS}


def label_column(table: str, column: str, lang: Language = "en") -> tuple[str, str]:
    """Find the label of a column as a tooltip shows it, and what follows its value.

    Examples
    --------
    >>> label_column("subgrids", "mean_walk"), label_column("subgrids", "mean_walk", "zh")
    (('Mean walk (m)', ''), ('平均步行', ' 米'))
    """
    text = label(table, column, lang)
    if lang == "en":
        return text[:1].upper() + text[1:], ""
    unit = next(c.unit for c in find_columns(table) if c.name == column)
    return text, _UNITS_ZH.get(unit, "")
