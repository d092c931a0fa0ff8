"""The look of every page: light or dark as the reader's system is, wide or narrow."""

STYLE = """
:root {
  color-scheme: light dark;
  --ground: #f5f6f8; --card: #ffffff; --ink: #1a1d21; --quiet: #5a636e;
  --line: #e0e4e9; --faint: #eef0f3;
  --right: #12834f; --behind: #b3261e;
  --series-0: #4a6fb5; --series-1: #cf5f0b; --series-2: #14866d;
  --series-3: #8b4fb3; --series-4: #a3741a; --series-5: #b83b6b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #131518; --card: #1c1f24; --ink: #e7e9ec; --quiet: #a0a8b2;
    --line: #31363d; --faint: #262a30;
    --right: #43c98a; --behind: #ff8a80;
    --series-0: #8fb0f2; --series-1: #ff9d52; --series-2: #4fd0b0;
    --series-3: #cf9bf0; --series-4: #e3b95a; --series-5: #f48bb2;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main { max-width: 1240px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 12px; letter-spacing: -0.02em; }
h2 { font-size: 1.2rem; margin: 40px 0 12px; letter-spacing: -0.01em; }
h3 { font-size: 0.95rem; font-weight: 600; margin: 0 0 8px; }
h3 small { font-weight: 400; font-size: 0.85rem; color: var(--quiet); }
p, li { max-width: 75ch; }
p { margin: 0 0 8px; }
.lead { font-size: 1.08rem; }
.quiet, .notes { color: var(--quiet); font-size: 0.9rem; }
.notes { padding-left: 1.2em; margin: 8px 0 0; }
.name { unicode-bidi: isolate; overflow-wrap: anywhere; }
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: 12px;
  padding: 16px 18px; margin: 0 0 14px;
}
.series-0 { --series: var(--series-0); } .series-1 { --series: var(--series-1); }
.series-2 { --series: var(--series-2); } .series-3 { --series: var(--series-3); }
.series-4 { --series: var(--series-4); } .series-5 { --series: var(--series-5); }

summary { cursor: pointer; margin: 0 0 10px; }
.card.wide { overflow-x: auto; padding: 0; }
.card.wide:has(> .confusion) { width: fit-content; max-width: 100%; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 10px 14px; text-align: left; vertical-align: top; }
thead th {
  font-size: 0.8rem; font-weight: 600; color: var(--quiet); white-space: nowrap;
}
tbody tr { border-top: 1px solid var(--line); }
tbody th { font-weight: 600; min-width: 130px; max-width: 290px; }
tbody th small { font-weight: 400; }
td small, th small { display: block; color: var(--quiet); font-size: 0.78rem; }
td { white-space: nowrap; }
.numbers td, .numbers thead th + th { text-align: right; }
.numbers thead th { white-space: normal; vertical-align: bottom; line-height: 1.3; }
.numbers tbody th { white-space: nowrap; }
.numbers td { width: 9%; }
.confusion { width: auto; font-size: 0.85rem; }
.confusion th, .confusion td { padding: 5px 8px; vertical-align: middle; }
.confusion thead th { text-align: center; vertical-align: bottom; padding-top: 12px; }
.confusion thead span { writing-mode: vertical-rl; transform: rotate(180deg); }
.confusion tbody th { min-width: 0; white-space: nowrap; padding-left: 18px; }
.confusion td {
  --shade: var(--series-1);
  min-width: 44px; text-align: center; border-left: 1px solid var(--line);
  background: color-mix(in srgb, var(--shade) calc(var(--share) * 55%), var(--card));
}
.confusion .agreed {
  --shade: var(--series-0); font-weight: 700;
  outline: 2px solid var(--series-0); outline-offset: -2px;
}
.confusion .void { background: var(--faint); }
.best { font-weight: 700; } td small { font-weight: 400; }
.swatch::before, .legend li::before {
  content: ""; display: inline-block; width: 10px; height: 10px; border-radius: 3px;
  background: var(--series); margin-right: 8px;
}
.difference, .summary { background: var(--faint); }
.ahead b { color: var(--right); } .behind b { color: var(--behind); }
.whisker { display: block; width: 96px; height: 8px; margin: 4px 0 1px; }
.whisker .track { fill: var(--line); } .whisker .zero { fill: var(--quiet); }
.whisker .range { fill: var(--series, var(--quiet)); opacity: 0.45; }
.whisker .value { fill: var(--series, var(--ink)); }

.charts {
  display: grid; gap: 14px;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 330px), 1fr));
}
.charts .card { margin: 0; max-width: 540px; }
.chart { display: block; width: 100%; height: auto; }
.chart text { fill: var(--quiet); font-size: 12px; }
.chart .grid { stroke: var(--line); stroke-width: 1; }
.chart polyline {
  fill: none; stroke: var(--series); stroke-width: 2.2; stroke-linejoin: round;
}
.chart .reference polyline {
  stroke: var(--quiet); stroke-width: 1.2; stroke-dasharray: 5 4;
}
.chart circle { fill: var(--series); stroke: var(--card); stroke-width: 1; }
.legend {
  list-style: none; display: flex; flex-wrap: wrap; gap: 4px 18px; padding: 0;
  margin: 0 0 8px; font-size: 0.9rem;
}

.asked { display: grid; grid-template-columns: 190px minmax(0, 1fr); gap: 8px 24px; }
.answers { min-width: 0; }
.answers > div + div { margin-top: 12px; }
.answers h3 { margin: 0 0 4px; }
.hits { display: flex; gap: 8px; overflow-x: auto; padding: 3px 3px 6px; }
.ends {
  display: grid; grid-template-columns: 58px minmax(0, 1fr); gap: 4px 8px;
}
.ends .quiet { padding-top: 3px; margin: 0; }
.ends figure img { height: 82px; max-width: 164px; }
.ends figcaption .name { display: block; white-space: nowrap; text-overflow: ellipsis; }
.hits.wrap { flex-wrap: wrap; gap: 14px 12px; }
figure { margin: 0; width: min-content; flex: none; }
figure img {
  display: block; height: 108px; max-width: 216px; object-fit: contain;
  border-radius: 6px; background: var(--faint); outline: 1px solid var(--line);
}
.panels {
  display: grid; gap: 14px; grid-template-columns: repeat(3, minmax(0, 1fr));
}
.panels figure { width: auto; }
.panels figure img { height: auto; max-width: 100%; }
.maps {
  display: grid; gap: 14px;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 460px), 1fr));
}
.maps .card { margin: 0; min-width: 0; }
.map {
  display: grid; gap: 1px; grid-template-columns: repeat(var(--side), 1fr);
}
.map i {
  aspect-ratio: 3 / 4; border-radius: 3px; transition: transform 0.1s;
  outline: 0 solid var(--series); print-color-adjust: exact;
}
.scale {
  display: inline-block; width: 6em; height: 0.8em; margin: 0 0.4em;
  border-radius: 2px; vertical-align: -0.1em;
}
.told { list-style: none; padding: 0; margin: 0 0 8px; font-size: 0.9rem; }
figure.query img { height: auto; max-height: 190px; max-width: 190px; }
.wrap figure img { height: 176px; }
figcaption {
  width: 0; min-width: 100%; font-size: 0.75rem; line-height: 1.35; margin-top: 5px;
  color: var(--quiet);
}
figcaption .name {
  display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2;
  overflow: hidden;
}
figcaption b { color: var(--ink); font-variant-numeric: tabular-nums; }
.right img { outline: 3px solid var(--right); }
.right figcaption b { color: var(--right); }
@media (max-width: 640px) {
  main { padding: 20px 14px 40px; }
  h1 { font-size: 1.5rem; }
  .card { padding: 12px; }
  th, td { padding: 8px 10px; }
  .asked, .panels { grid-template-columns: minmax(0, 1fr); }
  .wrap figure img { height: 140px; }
}
@media print { .card { break-inside: avoid; } .hits { flex-wrap: wrap; } }
"""
