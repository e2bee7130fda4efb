// Arguments of a wrapper after the required ones, as in Python: by position, by name, or first by position and then by name.
import { TorchError } from "./errors.js";

/** What a wrapper takes after its required arguments. */
export class Defaults {
  readonly #names: ReadonlySet<string>;
  constructor(
    /** The name of the wrapper and its signatures, for errors. */
    readonly wrapper: string,
    readonly usage: string,
    /** The number of required arguments. */
    readonly required: number,
    /** Names of the arguments that can be given by position. */
    readonly placed: readonly string[],
    /** Names of all. */
    readonly names: readonly string[],
  ) {
    this.#names = new Set(names);
  }
  /** Whether an option has this name. */
  has(name: string): boolean {
    return this.#names.has(name);
  }
}

/** Whether a value is a plain object: neither a tensor, nor a list, nor another class. */
export function isOptions(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/**
 * The values after the required arguments by name; undefined without any.
 * @throws {TorchError} (`ERR_TORCH_OPTION`) for unknown names, for a name and a position of one argument, and for too
 * many arguments.
 */
export function optionsOf(
  defaults: Defaults,
  values: readonly unknown[],
  // biome-ignore lint/suspicious/noExplicitAny: the generated wrappers give each option its type
): Record<string, any> | undefined {
  if (values.length === 0) return undefined;
  const last = values[values.length - 1];
  const named = isOptions(last) ? last : undefined;
  for (const name in named)
    if (!defaults.has(name)) throw refusal(defaults, `the option "${name}"`);
  const count = values.length - (named === undefined ? 0 : 1);
  if (count === 0) return named;
  const options: Record<string, unknown> = { ...named };
  for (let i = 0; i < count; i++) {
    const value = values[i];
    if (value === undefined) continue;
    const name = defaults.placed[i];
    if (name === undefined)
      throw refusal(defaults, `argument ${defaults.required + i + 1} (${typeof value})`);
    if (options[name] !== undefined) throw refusal(defaults, `"${name}" by position and by name`);
    options[name] = value;
  }
  return options;
}

function refusal({ wrapper, usage }: Defaults, given: string): TorchError {
  const message = `${wrapper}: got ${given}; expected ${usage}`;
  return new TorchError("ERR_TORCH_OPTION", message, { op: wrapper });
}
