/** Prints help at the width of the terminal. The last column of a row continues below itself. */
export function printHelp(text: string): void {
  const width = process.stdout.columns ?? 120;
  console.log(text.replace(/.+/g, (line) => fitLine(line, width)));
}

function fitLine(line: string, width: number): string {
  const [head = ""] = /^\s*(?:\S+(?: \S+)* {2,})*/.exec(line) ?? [];
  const indent = head.length > (2 * width) / 3 ? 4 : head.length;
  const lines = [head];
  for (const word of line.slice(head.length).split(" ")) {
    const last = lines.at(-1) as string;
    if (last.length + word.length > width && last.trim() !== "")
      lines.push(`${" ".repeat(indent)}${word} `);
    else lines[lines.length - 1] = `${last}${word} `;
  }
  return lines.map((text) => text.trimEnd()).join("\n");
}
