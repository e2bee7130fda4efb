/** Columns of the terminal; 100 without a terminal. */
export const terminalWidth = (): number => process.stdout.columns ?? 100;

/** Wraps help at the width of the terminal. */
export function printHelp(text: string): void {
  const width = process.stdout.columns;
  console.log(width === undefined ? text : fitted(text, width));
}

function fitted(text: string, width: number): string {
  const lines = (line: string): string[] => {
    if (line.length <= width) return [line];
    const [head = ""] = /^\s*(?:\S+(?: \S+)* {2,}(?=\S))?/.exec(line) ?? [];
    const isNarrow = head.length > width / 2;
    const indent = isNarrow ? 4 : head.length;
    const rest = wrap(line.slice(head.length), Math.max(20, width - indent));
    const below = rest.map((part) => " ".repeat(indent) + part);
    if (isNarrow) return [...(head.trim() === "" ? [] : [head.trimEnd()]), ...below];
    return [head + rest[0], ...below.slice(1)];
  };
  return text.split("\n").flatMap(lines).join("\n");
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
