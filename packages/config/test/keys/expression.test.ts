import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseExpression } from "../../src/keys/expression.js";
import { thrown } from "../thrown.js";

const value = (text: string, gamma = Number.NaN) => parseExpression(text, "gamma")(gamma);

describe("parseExpression", () => {
  it.each<[text: string, value: number]>([
    ["2", 2],
    [" 1.5e-1 ", 0.15],
    [".5+2.", 2.5],
    ["2 * sqrt(gamma)", 0.4],
    ["2*torch.sqrt(gamma)", 0.4],
    ["math.sqrt(gamma) / np . exp(0)", 0.2],
    ["1/sqrt(gamma)", 5],
    ["8 - 2 - 1", 5],
    ["8 / 4 / 2", 1],
    ["1 + 2 * 3", 7],
    ["(1 + 2) * 3", 9],
    ["2 ** 3 ** 2", 512],
    ["-2 ** 2", -4],
    ["2 ** -1", 0.5],
    ["--+-2", -2],
    ["2 * -3", -6],
    ["abs(-3) + log(exp(2))", 5],
    ["min(3, gamma, 1) + max(1, 2)", 2.04],
    ["1/0", Number.POSITIVE_INFINITY],
  ])("%s", (text, want) => {
    expect(value(text, 0.04)).toBeCloseTo(want, 12);
  });

  it("leaves it to others whether a value will do", () => {
    expect(value("sqrt(-1)")).toBeNaN();
  });

  it.each<[text: string, message: string]>([
    ["", 'cannot read "" at character 1: expected a number, a name or "(", got the end'],
    ["2 *", 'at character 4: expected a number, a name or "(", got the end'],
    ["2 sqrt(gamma)", 'at character 3: expected an operator (+ - * / **) or the end, got "sqrt"'],
    ["2gamma", 'at character 2: expected an operator (+ - * / **) or the end, got "gamma"'],
    ["gamma ^ 2", 'at character 7: expected an operator (+ - * / **) or the end, got "^"'],
    ["2 * (gamma", 'at character 11: expected an operator or ")", got the end'],
    ["2 * gama", 'at character 5: unknown name "gama": did you mean "gamma"?'],
    ["torch.sqr(gamma)", 'at character 1: unknown function "sqr": did you mean "sqrt"?'],
    ["sqrt gamma", 'at character 6: expected "(" after sqrt, got "gamma"'],
    ["sqrt()", 'at character 6: expected a number, a name or "(", got ")"'],
    ["sqrt(1, 2)", "at character 1: expected sqrt with one argument, not 2"],
    ["1 + min(1)", "at character 5: expected min with two arguments or more, not 1"],
    ["max(1; 2)", 'at character 6: expected an operator, "," or ")", got ";"'],
    ["2 * * 3", 'at character 5: expected a number, a name or "(", got "*"'],
    ["1e999", "at character 1: expected a number that is not so large"],
    ["constructor", 'at character 1: unknown name "constructor": there are: gamma, sqrt'],
    ["gamma.constructor", "at character 6: expected an operator"],
    ["toString()", "at character 1: unknown name"],
    ["gamma\n;x", 'at character 7: expected an operator (+ - * / **) or the end, got ";"'],
  ])("refuses %j", (text, message) => {
    const error = thrown(() => parseExpression(text, "gamma"));
    expect(error.code).toBe("value");
    expect(error.message).toContain(message);
    expect(error.message).not.toContain("\n");
  });

  it.each<[what: string, text: string, message: string]>([
    [
      "brackets",
      `${"(".repeat(40)}1${")".repeat(40)}`,
      "at character 33: expected at most 32 levels",
    ],
    ["signs", "-".repeat(150), "expected at most 32 levels"],
    ["powers", Array.from({ length: 60 }, () => "2").join("**"), "expected at most 32 levels"],
    ["terms", "1+".repeat(5000), "a formula has at most 200 characters, this one 10000"],
  ])("refuses too many %s", (_what, text, message) => {
    expect(thrown(() => parseExpression(text, "gamma")).message).toContain(message);
  });

  // A tree, its value by direct evaluation, and its text with brackets only where Python needs them.
  interface Node {
    value: number;
    text: string;
    /** How tightly the outermost operator binds: sum 1, product 2, sign 3, power 4, atom 5. */
    binds: number;
  }
  const gamma = 0.3;
  const within = ({ text, binds }: Node, least: number) => (binds >= least ? text : `(${text})`);
  const leaf = fc.oneof(
    fc
      .double({ min: 0, max: 1e6, noNaN: true })
      .map((x): Node => ({ value: Math.abs(x), text: `${Math.abs(x)}`, binds: 5 })),
    fc.constant("gamma").map((name): Node => ({ value: gamma, text: name, binds: 5 })),
  );
  /** Sign, how tightly its sides and the whole bind, and its value. */
  const operators: [string, number, number, number, (a: number, b: number) => number][] = [
    [" + ", 1, 2, 1, (a, b) => a + b],
    [" - ", 1, 2, 1, (a, b) => a - b],
    ["*", 2, 3, 2, (a, b) => a * b],
    ["/", 2, 3, 2, (a, b) => a / b],
    [" ** ", 5, 3, 4, (a, b) => a ** b],
  ];
  const one = ["sqrt", "exp", "log", "abs"].flatMap((name) => [name, `torch.${name}`]);
  const call = (names: string[], args: fc.Arbitrary<Node[]>) =>
    fc.tuple(fc.constantFrom(...names), args).map(([name, given]): Node => {
      const run = Math[name.replace("torch.", "") as "max"];
      const text = `${name}(${given.map((a) => a.text).join(", ")})`;
      return { value: run(...given.map((a) => a.value)), text, binds: 5 };
    });
  const { tree } = fc.letrec<{ tree: Node }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5, depthSize: "medium" },
      leaf,
      fc
        .tuple(fc.constantFrom(...operators), tie("tree"), tie("tree"))
        .map(([[sign, left, right, binds, run], a, b]) => {
          const text = within(a, left) + sign + within(b, right);
          return { value: run(a.value, b.value), text, binds };
        }),
      tie("tree").map((a) => ({ value: -a.value, text: `-${within(a, 3)}`, binds: 3 })),
      call(one, fc.tuple(tie("tree"))),
      call(["min", "max"], fc.array(tie("tree"), { minLength: 2, maxLength: 3 })),
    ),
  }));

  it("gives what direct evaluation gives", () => {
    fc.assert(
      fc.property(
        tree.filter(({ text }) => text.length <= 200),
        ({ text, value: want }) => {
          expect(value(text, gamma)).toBe(want);
        },
      ),
      { seed: 11, numRuns: 2000 },
    );
  });

  it("refuses or reads any text, and never fails otherwise", () => {
    const tokens = ["gamma", "sqrt", "torch.", ..."()*-,2. \0", "**"];
    const words = fc.array(fc.constantFrom(...tokens)).map((w) => w.join(""));
    fc.assert(
      fc.property(fc.oneof(fc.string(), words), (text) => {
        try {
          expect(typeof parseExpression(text, "gamma")(1)).toBe("number");
        } catch (error) {
          expect(error).toMatchObject({ name: "ConfigError", code: "value" });
        }
      }),
      { seed: 12, numRuns: 2000 },
    );
  });
});
