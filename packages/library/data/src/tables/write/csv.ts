// Tables as text: RFC 4180 with line feeds, or tabs between the fields.
import { openSink } from "./sink.js";
import type { KeptCell, TableColumns, TableWriter } from "./table-writer.js";

const rowsAtOnce = 1000;

/** Begins a table at `path` with a line of names. */
export function openCsvWriter(
  path: string,
  { kept, columns }: TableColumns,
  separator: "," | "\t",
): TableWriter {
  const sink = openSink(path);
  const quoted = new RegExp(`["${separator}\r\n]|^\\s|\\s$`);
  const field = (cell: KeptCell) => {
    if (cell === null) return "";
    const text = String(cell);
    return quoted.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const texts = columns.map(({ dtype }) => (dtype === "float32" ? float32Text : float64Text));
  const record = (fields: string[]) => {
    const line = fields.join(separator);
    // A line of nothing would be no record.
    return line === "" ? '""\n' : `${line}\n`;
  };
  const names = [...kept, ...columns].map(({ name }) => field(name));
  let header: string | null = record(names);
  const put = (text: string) => {
    sink.write(Buffer.from((header ?? "") + text, "utf8"));
    header = null;
  };
  return {
    async write({ count, numbers, kept: cells }) {
      for (let at = 0; at < count; at += rowsAtOnce) {
        let text = "";
        for (let row = at; row < Math.min(count, at + rowsAtOnce); row++) {
          const fields = cells.map((column) => field(column[row]));
          for (const [k, column] of numbers.entries()) fields.push(texts[k](column[row]));
          text += record(fields);
        }
        put(text);
      }
    },
    async close() {
      if (header !== null) put("");
      sink.close();
    },
    abandon: () => sink.abandon(),
  };
}

/** The shortest text that reads back as this float32; JavaScript's own text is for the double. */
export function float32Text(value: number): string {
  if (Object.is(value, -0)) return "-0";
  for (const digits of [6, 7, 8]) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}

const float64Text = (value: number): string => (Object.is(value, -0) ? "-0" : String(value));
