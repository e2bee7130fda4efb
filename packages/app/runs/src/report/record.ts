// The files of a run that a report reads, each of which may be missing or of another version: what has another form than
// expected counts as not there.
import { existsSync } from "node:fs";
import { readJson } from "../files/json.js";

/** A value as JSON that can be broken at spaces. */
export const spaced = (value: unknown): string =>
  (JSON.stringify(value, null, 1) ?? "")
    .replace(/\n\s*/g, " ")
    .replace(/^([[{]) | ([\]}])$/g, "$1$2");

/** A value of a JSON file, looked into without trusting its form. */
export class Field {
  constructor(private readonly value: unknown) {}

  /** A field of an object; an empty Field for anything else. */
  at(name: string): Field {
    const { value } = this;
    const has = typeof value === "object" && value !== null && Object.hasOwn(value, name);
    return new Field(has ? (value as Record<string, unknown>)[name] : undefined);
  }

  get isThere(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  get list(): Field[] {
    return Array.isArray(this.value) ? this.value.map((item) => new Field(item)) : [];
  }

  get text(): string | null {
    return typeof this.value === "string" ? this.value : null;
  }

  /** A number, NaN and infinities included. */
  get number(): number | null {
    return typeof this.value === "number" ? this.value : null;
  }

  get isTrue(): boolean {
    return this.value === true;
  }

  get texts(): string[] {
    return this.list.flatMap(({ text }) => text ?? []);
  }

  /** The numbers of a list; what is none is NaN. */
  get numbers(): number[] {
    return this.list.map(({ number }) => number ?? Number.NaN);
  }

  /** As people read it: text as it is, other values as JSON. */
  get shown(): string {
    const { value } = this;
    return typeof value === "string" ? value : spaced(value);
  }
}

/** The content of a JSON file, empty where there is none. Throws RunError "corrupt" for text that is no JSON. */
export const readField = (path: string): Field =>
  new Field(existsSync(path) ? readJson(path) : undefined);
