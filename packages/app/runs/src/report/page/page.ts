// One HTML file without scripts, addresses or other files; its content security policy forbids loading any.

import { escapeXml } from "../../figure/svg.js";
import { Html, html } from "./html.js";
import { style } from "./style.js";

interface Section {
  id: string;
  title: string;
  short?: string;
  body: Html | readonly Html[];
}

interface Page {
  title: string;
  /** The content above the list of sections. */
  lead?: Html | readonly Html[];
  sections: readonly Section[];
}

const policy =
  "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** Returns the HTML of a page: title, lead, links to its sections, sections. */
export function renderPage({ title, lead = [], sections }: Page): string {
  const links = sections.map(({ id, title, short = title }) => html`<a href="#${id}">${short}</a>`);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Html(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${new Html(escapeXml(title))}</title>
<style>${new Html(style)}</style>
</head>
<body><main>
<h1>${title}</h1>
${lead}
${links.length > 2 && html`<nav aria-label="Sections">${links}</nav>`}
${sections.map(
  ({ id, title, body }) => html`<section id="${id}"><h2>${title}</h2>
${body}
</section>`,
)}
</main></body>
</html>
`;
  return page.text;
}
