// Configurations in a page are written and read as JSON, which is YAML.

/**
 * Reads JSON.
 * @throws {SyntaxError}
 */
export const parse = (text: string): unknown => JSON.parse(text === "" ? "null" : text);

/** A tree to write. */
export class Document {
  constructor(private readonly tree: unknown) {}

  toString(): string {
    return `${JSON.stringify(this.tree, null, 2)}\n`;
  }
}

/** Nothing is laid out. */
export const visit = (): void => {};
/** A tree has no nodes. */
export const isScalar = (): boolean => false;
/** As `isScalar`. */
export const isSeq = (): boolean => false;
