// `npm run check:numbers [-- --texts 10000000 --seed 1]`: random texts of numbers have the same bits in tables as by Number().
import process from "node:process";
import { parseArgs } from "node:util";
import { LineScanner } from "../packages/library/data/dist/tables/read/text/scan.js";
import { source } from "./fuzz/random.mjs";

/** Cells of a line, and lines that are scanned at once. */
const lineWidth = 20;
const lineCount = 5000;
const exactLimit = Number.MAX_SAFE_INTEGER;

const digits = ({ below }, most) => {
  let text = "";
  for (let left = below(most + 1); left > 0; left--) text += below(10);
  return text;
};

/** A number as people and programs write it, with few or many digits. */
function decimalText(random) {
  const { below, chance, pick } = random;
  const whole = digits(random, chance(1 / 3) ? 18 : 4);
  const part = chance(1 / 4) ? "" : `.${digits(random, chance(1 / 3) ? 22 : 6)}`;
  const text = /\d/.test(whole + part) ? whole + part : "0";
  const exponent = chance(1 / 6) ? `${pick("eE")}${pick(["", "+", "-"])}${below(330)}` : "";
  return `${pick(["", "", "-", "+"])}${text}${exponent}`;
}

/** A float64 of random bits, in as few digits as it needs or in more. */
function bitText({ below, chance }) {
  const bits = Uint32Array.of(below(2 ** 32), below(2 ** 32));
  const [value] = new Float64Array(bits.buffer);
  if (!Number.isFinite(value)) return "0";
  return chance(0.5) ? String(value) : value.toPrecision(15 + below(10));
}

/** A number at a limit of exact arithmetic: mantissas around 2^53, exponents around 22. */
function limitText({ below, pick }) {
  const mantissa = BigInt(exactLimit) + BigInt(below(21) - 10);
  const exponent = pick([-324, -308, -23, -22, -21, 0, 21, 22, 23, 292, 293]) + below(3) - 1;
  const text = String(mantissa / BigInt(10 ** below(4)));
  const point = below(text.length + 1);
  return `${text.slice(0, point)}.${text.slice(point)}e${exponent}`;
}

const textKinds = [decimalText, decimalText, decimalText, bitText, limitText];

/**
 * Compares `texts` random texts with Number(); `progress` gets the number so far. Returns how many texts were compared,
 * and the first differences as { text, value, expected }.
 */
export function checkNumbers({ texts, seed = 1, progress = () => {} }) {
  const places = Array.from({ length: lineWidth }, (_, place) => place);
  const plan = { delimiter: 0x2c, hasReturns: false, width: lineWidth, numbers: places, texts: [] };
  const scanner = new LineScanner({ ...plan, cells: {} });
  const differences = [];
  let compared = 0;
  for (let block = 0; compared < texts; block++) {
    const random = source(seed, block);
    const lines = random.many(lineCount, () =>
      random.many(lineWidth, () => random.pick(textKinds)(random)),
    );
    const { count, numbers } = scanner.scan(Buffer.from(`${lines.map(String).join("\n")}\n`));
    if (count !== lineCount) throw new Error(`line ${count + 1} of block ${block} is not plain`);
    for (const [i, line] of lines.entries())
      for (const [k, text] of line.entries())
        if (!Object.is(numbers[k][i], Number(text)) && differences.length < 10)
          differences.push({ text, value: numbers[k][i], expected: Number(text) });
    compared += lineCount * lineWidth;
    progress(compared);
  }
  return { compared, differences };
}

function main() {
  const { values } = parseArgs({
    options: {
      texts: { type: "string", default: "10000000" },
      seed: { type: "string", default: "1" },
    },
  });
  const [texts, seed] = [Number(values.texts), Number(values.seed)];
  if (!(Number.isInteger(texts) && texts > 0 && Number.isInteger(seed))) {
    console.error(
      `--texts ${values.texts} --seed ${values.seed}: expected whole numbers, such as --texts 100000`,
    );
    process.exitCode = 2;
    return;
  }
  const began = performance.now();
  const progress = (done) => {
    if (done % 1e6 === 0) console.error(`${done} of ${texts} texts`);
  };
  const { compared, differences } = checkNumbers({ texts, seed, progress });
  for (const { text, value, expected } of differences)
    console.error(`${text} is read as ${value}: expected ${expected}`);
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  console.log(
    `${compared} texts of numbers, seed ${seed}: ${differences.length === 0 ? "all have" : "not all have"} the bits of Number() (${seconds} s)`,
  );
  process.exitCode = differences.length === 0 ? 0 : 1;
}

if (process.argv[1] === import.meta.filename) main();
