"""How pages of a briefing look on the screen and on A4."""

FONTS = "'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei','PingFang SC',sans-serif"
SONG = "'Noto Serif CJK SC','Source Han Serif SC','SimSun','Songti SC',serif"

COMMON = (
    f"body{{font-family:{FONTS};max-width:52em;margin:2em auto;padding:0 1.2em;"
    "line-height:1.75;color:#222;background:#fff}"
    "h1{font-size:1.9em;line-height:1.3;text-align:center;margin:.6em 0 .4em}"
    "h2{font-size:1.25em;margin:1.8em 0 .5em;border-left:.3em solid #15607a;padding-left:.5em}"
    "table{border-collapse:collapse;width:100%;font-size:.86em;margin:.6em 0 .2em;line-height:1.5}"
    "caption{text-align:center;font-weight:600;padding:.3em}"
    "th{background:#eef3f5;font-weight:600}"
    "th,td{border:1px solid #c9d3d8;padding:.25em .55em;text-align:left;vertical-align:top;"
    "overflow-wrap:anywhere}"
    "th.n,td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
    ".note{font-size:.82em;color:#555;margin:.1em 0 1em}"
    ".missing{border:1px dashed #b98a3a;background:#fdf8ee;padding:.4em .8em;margin:.6em 0}"
    ".missing ul{margin:.2em 0;padding-left:1.3em}"
    "figure{margin:1em 0;text-align:center}figure img{max-width:100%;height:auto;"
    "border:1px solid #c9d3d8}"
    "figcaption{font-size:.9em;font-weight:600;margin-top:.3em}"
    ".stamp{border-top:2px solid #555;margin-top:2.5em;padding-top:.5em;font-size:.85em}"
    "a{color:#15607a}"
)

PAGE = COMMON + (
    ".mark{font-weight:700;margin:0}.issue{text-align:center;margin:.2em}"
    ".imprint{display:flex;justify-content:space-between;border-bottom:3px solid #c01f1f;"
    f"padding-bottom:.3em;margin-bottom:1.2em}}h1{{font-family:{SONG};color:#c01f1f}}"
    "nav{background:#f4f7f8;padding:.4em 1em;font-size:.92em}"
    "nav ul{display:flex;flex-wrap:wrap;gap:.2em 1.2em;list-style:none;margin:0;padding:0}"
    "article+article{border-top:6px double #999;margin-top:4em;padding-top:1em}"
    "td code{font-size:.92em}"
    "@page{size:A4;margin:20mm 18mm 18mm}"
    "@media print{body{margin:0;padding:0;max-width:none;font-size:10.5pt}"
    "nav{display:none}h2,caption{break-after:avoid}figure,tr,.missing{break-inside:avoid}"
    "figure img{max-height:215mm}"
    "thead{display:table-header-group}a{color:inherit;text-decoration:none}"
    "article+article{break-before:page;border:0;margin:0}"
    "th,.missing{-webkit-print-color-adjust:exact;print-color-adjust:exact}}"
)

CONTENTS = COMMON + (
    "body{max-width:60em}h1{text-align:left;margin-bottom:.1em}"
    ".under{color:#555;margin:.1em 0 1.2em}"
    ".sheets{display:grid;grid-template-columns:repeat(auto-fill,minmax(15em,1fr));gap:1em}"
    ".sheets figure{margin:0}"
    "@page{size:A4;margin:18mm}"
    "@media print{body{margin:0;padding:0;max-width:none;font-size:10pt}"
    "figure,tr{break-inside:avoid}"
    "th{-webkit-print-color-adjust:exact;print-color-adjust:exact}}"
)
