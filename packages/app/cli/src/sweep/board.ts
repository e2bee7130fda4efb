// A sweep on a terminal: a table that is drawn over itself, a row for each run that runs, and what ended last.
import { formatTable } from "@dsbm/runs";
import { shortened } from "../terminal/columns.js";

type State = "waiting" | "running" | "finished" | "failed" | "stopped";

interface Shown {
  name: string;
  state: State;
  progress: string;
  metric: string;
}

const moving = /^(\d+\/\d+ [bf]) {2}(\d+\/\d+|.*)/;
const evaluated = /^half-iteration (\d+\/\d+ [bf]) step .*? steps: ([^,]+)/;

export interface Board {
  /** A line that a member printed. */
  line(number: number, text: string): void;
  state(number: number, state: State): void;
  /** A line that stays above the table. */
  say(text: string): void;
  /** Draws the last table and leaves it there. */
  done(): void;
}

/** A board on a terminal, drawn at most five times a second. */
export function createBoard(
  members: readonly { number: number; label: string }[],
  { stream = process.stdout }: { stream?: NodeJS.WriteStream } = {},
): Board {
  const rows = new Map<number, Shown>(
    members.map(({ number, label }) => [
      number,
      { name: label, state: "waiting", progress: "", metric: "" },
    ]),
  );
  let height = 0;
  let timer: NodeJS.Timeout | null = null;
  const clear = () => {
    if (height > 0) stream.write(`\x1b[${height}A\x1b[J`);
    height = 0;
  };
  const draw = () => {
    timer = null;
    const lines = boardLines(rows, { width: stream.columns || 80, height: stream.rows || 24 });
    clear();
    stream.write(`${lines.join("\n")}\n`);
    height = lines.length;
  };
  const soon = () => {
    timer ??= setTimeout(draw, 200);
  };
  const at = (number: number) => rows.get(number) as Shown;
  return {
    line(number, text) {
      const row = at(number);
      const found = evaluated.exec(text);
      if (found) Object.assign(row, { metric: found[2] });
      else if (moving.test(text)) row.progress = text.replace(/ {2}(loss \S+|\S+ it\/s)/g, "");
      else return;
      soon();
    },
    state(number, state) {
      at(number).state = state;
      soon();
    },
    say(text) {
      clear();
      stream.write(`${text}\n`);
      soon();
    },
    done() {
      if (timer) clearTimeout(timer);
      draw();
    },
  };
}

/** The lines of the table: those that run, then those that ended, then those that wait, as many as there is room for. */
function boardLines(
  rows: ReadonlyMap<number, Shown>,
  { width, height }: { width: number; height: number },
): string[] {
  const order: readonly State[] = ["running", "failed", "finished", "stopped", "waiting"];
  const sorted = [...rows].sort(([, a], [, b]) => order.indexOf(a.state) - order.indexOf(b.state));
  const shown = sorted.slice(0, Math.max(1, height - 5));
  const table = formatTable(
    shown.map(([run, { name, state, progress, metric }]) => ({
      run,
      name,
      state,
      progress: state === "running" ? progress : "",
      metric,
    })),
  );
  const counts = order.flatMap((state) => {
    const n = sorted.filter(([, row]) => row.state === state).length;
    return n > 0 ? [`${n} ${state}`] : [];
  });
  return [...table.split("\n"), counts.join(", ")].map((line) => shortened(line, width - 1));
}
