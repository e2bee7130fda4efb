// The player, light and dark as the page, from 300 pixels on.

const css = `
.dsbm-player { container-type: inline-size; max-width: 160rem; font: 1rem/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  --paper: light-dark(#fff, #15171a); --ink: light-dark(#1b1e23, #e6e8eb); --faint: light-dark(#5c636d, #a0a7b1);
  --rule: light-dark(#c9cdd3, #454b54); --soft: light-dark(#f4f5f7, #1f2226); --link: light-dark(#0b5fae, #7db9f5);
  --poor: light-dark(#b3261e, #ff8a80); color: var(--ink); background: var(--paper); }
.dsbm-player *, .dsbm-player { box-sizing: border-box; }
.dsbm-player [hidden] { display: none !important; }
.dsbm-player .bar { display: flex; flex-wrap: wrap; gap: .5rem 1.1rem; align-items: end; margin: 0 0 .7rem; }
.dsbm-player label, .dsbm-player fieldset { display: flex; flex-direction: column; gap: .15rem; font-size: .85rem;
  color: var(--faint); min-width: 0; border: 0; padding: 0; margin: 0; }
.dsbm-player legend { padding: 0; margin-bottom: .15rem; }
.dsbm-player .choices { display: flex; flex-wrap: wrap; gap: .25rem; }
.dsbm-player .choices label { flex-direction: row; font-size: .95rem; color: var(--ink); cursor: pointer; }
.dsbm-player .choices input { position: absolute; opacity: 0; width: 1px; height: 1px; }
.dsbm-player .choices span, .dsbm-player button, .dsbm-player select, .dsbm-player input:not([type=range], [type=radio]) {
  font: inherit; font-size: .95rem; color: var(--ink); background: var(--soft); border: 1px solid var(--rule); min-height: 2.25rem;
  padding: .25rem .7rem; border-radius: .35rem; max-width: 100%; }
.dsbm-player .choices span { overflow-wrap: anywhere; display: block; }
.dsbm-player .choices input:checked + span { background: var(--link); color: var(--paper); border-color: var(--link); }
.dsbm-player input[type=number] { width: 5.5rem; }
.dsbm-player button { cursor: pointer; }
.dsbm-player button:hover { border-color: var(--link); }
.dsbm-player :focus-visible, .dsbm-player .choices input:focus-visible + span { outline: 3px solid var(--ink); outline-offset: 3px; }
.dsbm-player canvas { display: block; width: 100%; border: 1px solid var(--rule); border-radius: .35rem; background: var(--paper); }
.dsbm-player .clock { display: flex; gap: .8rem; align-items: center; margin: .6rem 0; }
.dsbm-player .track { flex: 1; min-width: 5rem; } .dsbm-player .track input { width: 100%; display: block; margin: 0; }
.dsbm-player .ticks { position: relative; height: 1.5rem; }
.dsbm-player .ticks button { position: absolute; transform: translateX(-50%); min-height: 1.5rem; min-width: 1.5rem; padding: 0 .25rem; border: 0; background: none; font-size: .85rem; color: var(--faint); }
.dsbm-player .ticks button::before { content: ""; position: absolute; left: 50%; top: -.35rem; height: .4rem; border-left: 2px solid var(--faint); }
.dsbm-player .time.waiting { color: var(--link); }
.dsbm-player input[type=range] { flex: 1; min-width: 5rem; accent-color: var(--link); min-height: 1.5rem; }
.dsbm-player .time { font-variant-numeric: tabular-nums; color: var(--ink); min-width: 6rem; font-size: .95rem; }
.dsbm-player .play { min-width: 5rem; }
.dsbm-player p { margin: .35rem 0; max-width: 60rem; overflow-wrap: anywhere; }
.dsbm-player .note { color: var(--faint); font-size: .9rem; }
.dsbm-player .error { color: var(--poor); font-weight: 600; }
.dsbm-player .key { display: flex; flex-wrap: wrap; gap: .1rem 1rem; font-size: .88rem; color: var(--faint); margin: .4rem 0; padding: 0; list-style: none; }
.dsbm-player .key i { print-color-adjust: exact; display: inline-block; width: .7rem; height: .7rem; border-radius: 50%; margin-right: .35rem; background: currentColor; }
.dsbm-player .thumbs { display: flex; flex-wrap: wrap; gap: .3rem; }
.dsbm-player .thumbs button { padding: 2px; line-height: 0; min-height: 0; }
.dsbm-player .thumbs button[aria-pressed=true] { border-color: var(--link); box-shadow: 0 0 0 2px var(--link); }
.dsbm-player .thumbs canvas { width: 2.6rem; height: 2.6rem; border: 0; image-rendering: pixelated; }
.dsbm-player .across { display: grid; grid-template-columns: minmax(0, 13rem) minmax(0, 1fr); gap: 1rem 1.5rem; align-items: start; }
.dsbm-player .across canvas { image-rendering: pixelated; }
@container (max-width: 34rem) { .dsbm-player .across { grid-template-columns: minmax(0, 1fr); } }
.dsbm-player .c-source { color: light-dark(#a06d00, #e69f00); } .dsbm-player .c-target { color: light-dark(#00805d, #2bbf95); }
.dsbm-player .c-generated { color: light-dark(#0072b2, #4aa8e0); }
@container (max-width: 26rem) { .dsbm-player .clock { flex-wrap: wrap; } .dsbm-player .track { order: 1; flex-basis: 100%; } }
@media print { .dsbm-player :is(.bar, .play, .track) { display: none; } .dsbm-player canvas { height: auto !important; } }
.dsbm-player .c-ink { color: var(--ink); } .dsbm-player .c-rule { color: var(--rule); } .dsbm-player .c-faint { color: var(--faint); }
`;

let sheet: CSSStyleSheet | null = null;

/** Adds the styles of players to a document, once. */
export function addStyles(document: Document): void {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
  }
  if (!document.adoptedStyleSheets.includes(sheet)) document.adoptedStyleSheets.push(sheet);
}

const names = ["source", "target", "generated", "ink", "rule", "faint"] as const;
/** Colours of players by name. */
export type Colours = Record<(typeof names)[number], string>;

/** The colours of the theme around an element. */
export function coloursOf(root: HTMLElement): Colours {
  const probe = document.createElement("i");
  probe.hidden = true;
  root.append(probe);
  const variables = names.map((name) => {
    probe.className = `c-${name}`;
    return [name, getComputedStyle(probe).color] as const;
  });
  probe.remove();
  return Object.fromEntries(variables) as Colours;
}
