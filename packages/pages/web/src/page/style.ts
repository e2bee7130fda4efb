export const pageStyle = `
:root { color-scheme: light dark; font: 16px/1.55 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
* { box-sizing: border-box; }
body { margin: 0; background: light-dark(#fff, #15171a); color: light-dark(#1b1e23, #e6e8eb); }
main { max-width: 84rem; margin: 0 auto; padding: 1.2rem clamp(.8rem, 3vw, 3rem) 3rem; }
h1 { font-size: clamp(1.35rem, 1rem + 1.8vw, 2rem); line-height: 1.25; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 2.2rem 0 .5rem; }
summary { cursor: pointer; margin: .6rem 0; }
p { margin: .4rem 0 1rem; max-width: 60rem; color: light-dark(#5c636d, #a0a7b1); }
.verdict { border-left: .3rem solid light-dark(#d9dce1, #363b42); background: light-dark(#f4f5f7, #1f2226); padding: .6rem 1rem; color: inherit; }
.good { border-color: light-dark(#0a7a4b, #4cc38a); } .partial { border-color: light-dark(#8f6200, #e2b03e); } .poor { border-color: light-dark(#b3261e, #ff8a80); }
.box { overflow-x: auto; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .9rem .3rem 0; border-bottom: 1px solid light-dark(#d9dce1, #363b42); text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; white-space: normal; min-width: 9rem; }
`;

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
