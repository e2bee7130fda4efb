// The text of reports: numbers, grades, verdicts, and texts from outside that stay texts.

import { describe, expect, it } from "vitest";
import { metricRow as row } from "../../../../../test/support/metric-row.js";
import { request, trainingText } from "../../src/report/lead.js";
import { metricTables } from "../../src/report/metrics.js";
import { worstFirst } from "../../src/report/order.js";
import { Html, html } from "../../src/report/page/html.js";
import { renderPage } from "../../src/report/page/page.js";
import { verdictParts } from "../../src/report/verdict.js";
import { rowWords } from "../../src/report/words.js";
import { type MetricRow, qualityFile } from "../../src/run/quality.js";
import { grades, gradeText } from "../../src/run/verdict.js";
import { select } from "../figure/svg.js";
import { excessRow, unbroken } from "./excess.js";

it.each([
  ["row", "turns a row of <b>a</b> into a row of <b>b</b>"],
  ["image", "turns an image of <b>a</b> into an image of <b>b</b>"],
  ["field", "evaluated on held-out fields"],
] as const)("a report of data of the noun %s %s", (noun, text) => {
  const facts = { data: null, names: { source: "a", target: "b" }, noun };
  expect(request({ config: {} }, facts).text).toContain(text);
});

describe("tables of metrics", () => {
  it("call no displacement good if samples miss the target", () => {
    const moved = (grade: MetricRow["grade"]) =>
      metricTables({
        verdicts: [],
        rows: [
          row({ grade }),
          row({ name: "displacement", group: "plan", title: "displacement", value: 3, ceiling: 9 }),
        ],
      })
        .map(({ text }) => text)
        .join();
    expect(moved("good")).toContain("3 times the floor");
    expect(moved("poor")).not.toContain("3 times the floor");
    expect(moved("poor")).toContain("not judged: the generated samples miss the target");
  });

  it.each([
    [{ value: Number.NaN }, "not a finite number"],
    [{ better: "target", target: 1 }, "expected 1"],
    [{ value: 3 }, "3 times the floor"],
    [{ note: "NOTE" }, "NOTE"],
    [
      { excess: excessRow, finding: "few_rows" },
      "too few samples to tell the ceiling from the floor",
    ],
    [{ excess: excessRow, finding: "no_better" }, "no better than no bridge"],
    [{ excess: excessRow, finding: "close" }, "at most 30 % of the distance is left"],
    [{ excess: excessRow, finding: "partway" }, "80 % of the way (70 % to 90 %)"],
    [
      { excess: excessRow, finding: "partway", grade: "likely" },
      "too few samples to be sure, at least 70 % of the way",
    ],
    // Earlier versions wrote no finding.
    [{ excess: excessRow, grade: "good" }, "at most 30 % of the distance is left"],
    [{ excess: excessRow }, "80 % of the way (70 % to 90 %)"],
  ] as [Partial<MetricRow>, string][])("say of %j: %s", (change, words) =>
    expect(rowWords(row(change))).toBe(words),
  );
});

describe("the training in the head", () => {
  it.each([
    [
      { half: 2, steps: 80, plannedSteps: 160 },
      "2 of 4 half-iterations, 80 of 160 steps (ended early), in 30s",
    ],
    [
      { half: 4, steps: 130, plannedSteps: 160 },
      "4 of 4 half-iterations, 130 of 160 steps (ended early), in 30s",
    ],
    [
      { half: 4, steps: 160, plannedSteps: 160 },
      "4 of 4 half-iterations, 160 of 160 steps, in 30s",
    ],
    // A time limit plans the steps again while it trains.
    [{ half: 4, steps: 125, plannedSteps: null }, "4 of 4 half-iterations, 125 steps, in 30s"],
  ])("with %j is: %s", (training, text) =>
    expect(trainingText({ halves: 4, seconds: 30, ...training })).toBe(text),
  );
});

describe("grades", () => {
  it("are printed with one sign each", () =>
    expect(grades.map(gradeText)).toEqual([
      "✓ good",
      "≈ probably good",
      "◐ most of the way",
      "? cannot be judged",
      "✗ poor",
      "– not measured",
    ]));

  it("stand in rows of tables, with their colour", () => {
    const page = metricTables({
      verdicts: [],
      rows: [row({ excess: excessRow, finding: "close", grade: "good" })],
    })
      .map(({ text }) => text)
      .join();
    expect(page).toContain(unbroken('class="text good"><b>✓ good</b>: at most 30 %'));
  });

  it("have the metric of the worst grade first, its directions in their order", () => {
    const metric = (title: string, direction: "f" | "b", grade: MetricRow["grade"]) =>
      row({ title, direction, grade });
    const page = metricTables({
      verdicts: [],
      rows: [
        metric("bias of pr", "f", "good"),
        metric("bias of pr", "b", "partial"),
        metric("spectrum of tas", "f", "good"),
        metric("spectrum of tas", "b", "poor"),
      ],
    })
      .map(({ text }) => text)
      .join();
    const order = [...page.matchAll(/(spectrum of tas|bias of pr)<\/th>|>(forward|backward)</g)];
    expect(order.map(([, title, direction]) => title ?? direction)).toEqual([
      ...["spectrum of tas", "forward", "backward"],
      ...["bias of pr", "forward", "backward"],
    ]);
  });

  it("order columns: the worst first, equal grades as they were", () => {
    const column = (name: string, grade: MetricRow["grade"]) =>
      row({ group: "columns", column: name, grade });
    const columns = [
      column("a", "good"),
      column("b", "poor"),
      column("c", "partial"),
      column("d", "poor"),
    ];
    expect(worstFirst(columns).map(({ column: name }) => name)).toEqual(["b", "d", "c", "a"]);
  });
});

describe("verdicts", () => {
  const names = { source: "A", target: "B" };
  const shown = (verdict: object, ...rows: MetricRow[]) =>
    verdictParts(qualityFile.parse({ rows, verdicts: [{ ...basis, ...verdict }] }), names, "RUN")
      .map(({ text }) => text)
      .join();
  const basis = { direction: "f", grade: "good", n_held_out: [6, 7], reason: "REASON." };

  it("show the bar of their metric and the next step with its command", () => {
    const next = { reason: "Use it", command: "npx dsbm sample RUN" };
    const page = shown({ main: "mmd", next }, row({ name: "mmd" }));
    expect(page).toContain("Forward, from A to B: ✓ good.</b> REASON.");
    expect(page).toContain("Use it: <code>npx dsbm sample RUN</code>");
    expect(select(page, ".verdict > .scale > .bar")).toHaveLength(1);
  });

  const distance = row({ name: "sliced_w2", title: "distance" });
  const classifier = row({ name: "c2st", title: "classifier" });
  const middle = row({ name: "mid", title: "middle", group: "middle", direction: null });
  it.each([
    ["the metric that decides", { main: "sliced_w2", decided_by: "c2st" }, ["classifier"]],
    ["a metric of both directions that decides", { decided_by: "mid" }, ["middle"]],
    ["the distance, in files of earlier versions", { main: "sliced_w2" }, ["distance"]],
    ["no bar of another metric if the metric has none", { decided_by: "variance_ratio" }, []],
  ])("show the bar of %s", (_, verdict, titles) => {
    const other = row({ name: "c2st", title: "backward", direction: "b" });
    const variance = row({ name: "variance_ratio", better: "target", ceiling: null });
    const page = shown(verdict, other, distance, classifier, middle, variance);
    const shownTitles = select(page, ".verdict > .scale figcaption b").map(
      (one) => one.textContent,
    );
    expect(shownTitles).toEqual(titles);
  });

  it.each([
    ["Use it: npx dsbm sample RUN NEW OUT", "Use it: <code>npx dsbm sample RUN NEW OUT</code>"],
    ["Give more rows: about 28. Train: npx dsbm x", "more rows: about 28. Train: <code>npx dsbm x"],
    ["Give more rows: about 28.", "<p>Give more rows: about 28.</p>"],
    ["", "REASON."],
  ])("of earlier versions end with the sentence %j", (next, text) => {
    const page = shown({ next }, row({}));
    expect(page).toContain(text);
    expect(select(page, ".verdict > .scale > .bar")).toHaveLength(1);
  });

  it("are read from files of earlier versions with their missing parts", () => {
    const [part] = verdictParts(qualityFile.parse({ rows: [row({})] }), names, "RUN");
    expect(part?.text).toContain("npx dsbm evaluate RUN");
  });

  it("name a direction of the run that has none", () => {
    const quality = qualityFile.parse({ rows: [row({})], verdicts: [basis] });
    const text = (...directions: ("f" | "b")[]) =>
      verdictParts(quality, names, "RUN", directions)
        .map((part) => part.text)
        .join();
    expect(text("f", "b")).toContain(
      "Backward, from B to A: – not measured.</b> This direction has",
    );
    expect(text("f")).not.toContain("Backward");
  });

  it("ask for an evaluation only if nothing was measured", () => {
    const measured = verdictParts(qualityFile.parse({ rows: [row({})] }), names, "RUN");
    expect(measured[0]?.text).toContain("Measured, without a verdict.");
    expect(verdictParts(null, names, "RUN")[0]?.text).toContain("Not judged yet.");
  });

  it("list held-out times, and the simple predictions that a bridge does not beat", () => {
    const loo = (protocol: string, change: Partial<MetricRow>) =>
      row({ name: `loo_${protocol}_w1`, group: "loo", at: "day 2", ...change });
    const nearest = loo("nearest", { value: 3, ceiling: null });
    const sentence = (held_out: MetricRow["held_out"]) =>
      shown({}, loo("a", { value: 2, ceiling: 2.5, held_out }), nearest);
    const facts =
      "A bridge that did not see day 2: 1-Wasserstein 2, floor 1, straight lines between its neighbours 2.50, the nearest time copied 3.";
    expect(sentence({ protocol: "a", misses: [] })).toContain(`${facts} The bridge is better`);
    expect(sentence({ protocol: "a", misses: ["line"] })).toContain(
      "The bridge is no better than straight lines between its neighbours.",
    );
    const unsure = { grade: "undecided", value: 2, ceiling: 2.5 } as const;
    expect(
      shown({}, loo("a", { ...unsure, held_out: { protocol: "a", misses: [] } }), nearest),
    ).toContain("better than both, but too few rows show how close it is to real data.");
    const graded = shown({}, loo("a", { grade: "partial", value: 2, ceiling: 2.5 }), nearest);
    expect(graded).toContain('<div class="verdict partial"><p><b>Without day 2: ◐ most of the way');
    expect(graded.indexOf("Without day 2")).toBeLessThan(graded.indexOf("Forward"));
    // Earlier versions told the protocol by the name alone.
    expect(sentence(undefined)).toContain(`${facts}</p>`);
  });
});

describe("pages", () => {
  it("escape every text, in elements and in attributes", () => {
    const evil = `<script>alert("1")</script>'"&`;
    const piece = html`<b title="${evil}">${evil}${[evil, html`<i>${1}</i>`]}${null}${false}</b>`;
    expect(piece).toBeInstanceOf(Html);
    expect(piece.text).not.toContain("<script");
    const [b] = select(piece.text, "b");
    expect(b?.getAttribute("title")).toBe(evil);
    expect(b?.textContent).toBe(`${evil}${evil}\n1`);
    // Escapes of a terminal in a name of a column.
    expect(html`<b>${"a\u001b[31mb"}</b>`.text).toBe("<b>a\\x1b[31mb</b>");
  });

  it("load nothing from other addresses, and link their sections", () => {
    const sections = ["a", "b", "c"].map((id) => ({ id, title: id, body: html`<p>${id}</p>` }));
    const page = renderPage({ title: "<T>", sections });
    const [policy] = select(page, "meta[http-equiv]");
    expect(policy?.getAttribute("content")).toMatch(/^default-src 'none'; img-src data:;/);
    expect(page).not.toMatch(/<script|https?:/);
    for (const link of select(page, "nav a"))
      expect(select(page, link.getAttribute("href") as string)).toHaveLength(1);
    expect(select(page, "nav a")).toHaveLength(3);
  });
});
