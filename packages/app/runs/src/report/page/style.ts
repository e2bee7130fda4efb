// The style of a report, for light and dark pages, narrow ones, and print.

/** A page around the report, for example the studio, may set data-theme. */
const darkStyle = (root: string) => `${root} { color-scheme: dark;
  --paper: #15171a; --ink: #e6e8eb; --faint: #a0a7b1; --rule: #363b42; --soft: #1f2226; --link: #7db9f5;
  --good: #4cc38a; --partial: #e2b03e; --poor: #ff8a80; --generated: #4aa8e0; }
  ${root} :is(.chart svg, .legend i, .ramp i, .curves img) { filter: invert(1) hue-rotate(180deg) brightness(1.2); } ${root} .curves img { mix-blend-mode: screen; }`;

/** CSS of the whole page. */
export const style = `
:root { color-scheme: light; font: 16px/1.55 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  --paper: #fff; --ink: #1b1e23; --faint: #5c636d; --rule: #d9dce1; --soft: #f4f5f7; --link: #0b5fae;
  --good: #0a7a4b; --partial: #8f6200; --poor: #b3261e; --source: #e69f00; --target: #009e73; --generated: #0072b2; }
@media screen and (prefers-color-scheme: dark) { ${darkStyle(":root:not([data-theme=light])")} }
@media screen { ${darkStyle(":root[data-theme=dark]")} }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); }
main { max-width: 80rem; margin: 0 auto; padding: 1.5rem clamp(1rem, 3vw, 3rem) 4rem; }
h1 { font-size: clamp(1.35rem, 1rem + 1.8vw, 2rem); line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.3rem; margin: 2.8rem 0 .6rem; padding-top: .8rem; border-top: 1px solid var(--rule); }
h3 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
h4 { font-size: .95rem; margin: 1.2rem 0 .3rem; }
h1, h2, h3, h4, p, li, dd, dt, figcaption { overflow-wrap: break-word; }
p, ul, dl, .note { max-width: 50rem; }
p { margin: .5rem 0; }
a { color: var(--link); }
nav { margin: 1rem 0; line-height: 1.9; }
nav a { margin-right: 1.1rem; display: inline-block; }
code, pre { font-family: ui-monospace, "DejaVu Sans Mono", Consolas, monospace; font-size: .88em; }
pre { background: var(--soft); border: 1px solid var(--rule); border-radius: .4rem; padding: .6rem .8rem; margin: .4rem 0 1rem;
  white-space: pre-wrap; overflow-x: auto; }
pre.table { white-space: pre; }
.note, figcaption, small { color: var(--faint); font-size: .9rem; }
.verdict { border-left: .3rem solid var(--rule); background: var(--soft); border-radius: 0 .4rem .4rem 0; padding: .6rem 1rem;
  margin: .8rem 0; max-width: 56rem; }
.verdict.good { border-color: var(--good); } .verdict.likely { border-color: var(--good); border-left-style: dashed; } .verdict.partial { border-color: var(--partial); } .verdict.poor { border-color: var(--poor); }
.good > p > b, td.good > b, .likely > p > b, td.likely > b { color: var(--good); } .partial > p > b, td.partial > b { color: var(--partial); } .poor > p > b, td.poor > b { color: var(--poor); }
.undecided > p > b, td.undecided > b, .unmeasured > p > b, td.unmeasured > b { color: var(--faint); }
.verdict p { margin: .2rem 0; max-width: none; } .verdict .note { font-size: .93rem; }
.warnings li::marker { content: "⚠\\00a0"; color: var(--partial); }
.box { overflow-x: auto; max-width: 100%; margin: .6rem 0 1rem; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding-bottom: .3rem; }
th, td { padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--rule); text-align: right; white-space: nowrap; vertical-align: top; }
th:first-child, td:first-child, th.text, td.text { text-align: left; }
td.text { white-space: normal; max-width: 30rem; }
td.long { white-space: normal; min-width: 18rem; max-width: 30rem; }
thead th { color: var(--faint); font-weight: 600; }
th.metric { white-space: normal; min-width: 9rem; max-width: 16rem; }
th[scope=row] { font-weight: 600; }
th.name { max-width: min(16rem, 40vw); min-width: 6rem; white-space: normal; overflow-wrap: break-word; position: sticky; left: 0; background: var(--paper); }
dl.pairs { display: grid; grid-template-columns: fit-content(20rem) minmax(0, 1fr); gap: .3rem 1.2rem; margin: .6rem 0; max-width: 60rem; }
dl.pairs dt { font-weight: 600; } dl.pairs dd { margin: 0; }
@media (max-width: 40rem) { dl.pairs { grid-template-columns: minmax(0, 1fr); gap: 0; } dl.pairs dd { margin-bottom: .6rem; } }
@media (max-width: 40rem) { .cards, .cards tbody, .cards caption { display: block; } .cards thead { display: none; }
  .cards tr { display: flex; flex-wrap: wrap; gap: .1rem 1.1rem; padding: .4rem 0; border-bottom: 1px solid var(--rule); }
  .cards th, .cards td { border: 0; padding: 0; text-align: left; white-space: normal; }
  .cards th { flex-basis: 100%; max-width: 100%; position: static; }
  .cards td:empty { display: none; }
  .cards td::before { content: attr(data-name) " "; color: var(--faint); } .cards td .bar { display: inline-block; vertical-align: middle; } }
.row { display: flex; flex-wrap: wrap; gap: .8rem 1.4rem; align-items: flex-start; margin: .8rem 0; }
.grid { display: grid; gap: 0 1.2rem; margin: .8rem 0 1.2rem; } .grid > figure { margin-bottom: .8rem; }
/* Titles, legends and plots of a row of charts are level. */
.chart { display: grid; grid-template-rows: subgrid; grid-row: span 5; align-content: start; } .chart > b { grid-row: 1; } .chart > .legend { grid-row: 2; align-content: start; } .chart > svg { grid-row: 3; } .chart > .ramp { grid-row: 4; } .chart > figcaption { grid-row: 5; }
.grid.small { grid-template-columns: repeat(auto-fill, minmax(min(11.5rem, 46%), 1fr)); }
.grid.medium { grid-template-columns: repeat(auto-fill, minmax(min(16rem, 100%), 1fr)); }
.grid.large { grid-template-columns: repeat(auto-fill, minmax(min(21rem, 100%), 1fr)); }
figure { margin: 0; min-width: 0; max-width: 30rem; }
.row figure { max-width: 100%; } .row figcaption { contain: inline-size; min-width: 14rem; max-width: 100%; }
figure b { display: block; overflow-wrap: break-word; }
svg, img { display: block; max-width: 100%; height: auto; }
.chart svg { width: 100%; overflow: visible; }
img { border-radius: .2rem; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; font-size: .9rem; margin: .5rem 0; }
.legend i { print-color-adjust: exact; display: inline-block; width: 1.5rem; border-top: .2rem solid; margin-right: .4rem; vertical-align: middle; }
.legend i.dot { width: .7rem; height: .7rem; border: 0; border-radius: 50%; }
.legend i.dashes { border-top-style: dashed; }
.bar { overflow: visible; } .bar path { stroke-width: 2; } .bar .band { stroke-width: 3; stroke-opacity: .5; } .bar .wide { stroke-width: 9; stroke-opacity: .3; } .scale { margin: .5rem 0; max-width: 100%; } .scale figcaption { color: inherit; } .scale figcaption b { display: inline; } .scale .ends { width: 320px; max-width: 100%; display: flex; justify-content: space-between; gap: 1rem; font-size: .82rem; color: var(--faint); } .bar .floor { stroke: var(--good); } .bar .ceiling { stroke: var(--partial); }
.bar .line { stroke: var(--rule); } .bar .value { stroke: var(--generated); fill: var(--generated); }
.chart .legend { font-size: .85rem; margin: .1rem 0 .2rem; gap: 0 1rem; } .chart figcaption { margin-top: .2rem; line-height: 1.4; }
.ramp { max-width: 20rem; margin: .2rem 0; font-size: .82rem; } .ramp i { display: block; height: .6rem; border-radius: .2rem; print-color-adjust: exact; }
.ramp div { display: flex; justify-content: space-between; font-variant-numeric: tabular-nums; } .ramp small { display: block; text-align: center; }
summary { cursor: pointer; font-weight: 600; margin: .6rem 0; }
@media print { details::details-content { content-visibility: visible; height: auto; } }
footer { margin-top: 3rem; }
@media print { :root { color-scheme: light; font-size: 11px; } main { padding: 0; max-width: none; } nav { display: none; }
  .box, pre { overflow: visible; } pre.table { white-space: pre-wrap; } figure, tr, p, pre, dl.pairs > *, .verdict, .legend { break-inside: avoid; }
  h2, h3, h4, caption, thead, summary, .legend, p:has(+ pre), p:has(+ .box), p:has(+ .grid), p:has(+ .legend) { break-after: avoid; }
  .grid.medium { grid-template-columns: repeat(4, minmax(0, 1fr)); } .row figure { max-width: 47%; } .verdict { print-color-adjust: exact; } }
@page { margin: 14mm 12mm; }
`;
