import { ConfigError, printValue, unusedOptions } from "@dsbm/config";
import type { Choice } from "@dsbm/runs";
import { configureFit, type FitConfiguration, type FitRequest } from "./request.js";
import type { Rule } from "./rules/rule.js";

/** The choices so far; the user's own values replace them. */
export class Choices {
  #list: readonly Choice[] = [];
  #configuration: FitConfiguration | null = null;

  /** Begins without choices. */
  constructor(private readonly request: FitRequest) {}

  /** All choices, with the user's values among them, in the order of printing. */
  get list(): readonly Choice[] {
    return this.#list;
  }

  /**
   * The configuration with these choices.
   * @throws {ConfigError}
   */
  get configuration(): FitConfiguration {
    this.#configuration ??= configureFit(this.request, this.#list);
    return this.#configuration;
  }

  /** The same choices so far, for a trial of others. */
  copy(): Choices {
    const copy = new Choices(this.request);
    copy.#set(this.#list);
    return copy;
  }

  /** Whether the user gave a value for the key. */
  isGiven(key: string): boolean {
    return Object.hasOwn(this.request.overrides, key);
  }

  /** Adds choices. The first choice of a key counts. */
  add(...rules: readonly Rule[]): void {
    this.#set(this.#with(rules));
  }

  /** Adds choices if the user's options agree with them. Returns whether they do. */
  addIfAllowed(rules: readonly Rule[]): boolean {
    const list = this.#with(rules);
    try {
      this.#set(list, configureFit(this.request, list));
      return true;
    } catch (error) {
      if (error instanceof ConfigError) return false;
      throw error;
    }
  }

  /** Replaces a choice. Returns false if the user gave the key. */
  replace(rule: Rule): boolean {
    const at = this.#list.findIndex(({ key, given }) => key === rule.key && !given);
    if (at >= 0) this.#set(this.#list.with(at, { ...rule, given: false }));
    return at >= 0;
  }

  /** Forgets choices without effect. The user's values stay. */
  drop(keys: readonly string[]): void {
    this.#set(this.#list.filter(({ key, given }) => given || !keys.includes(key)));
  }

  /** Adds its reason to each option of the user that changes nothing. */
  explainUnused(): void {
    const { overrides } = this.request;
    const reasons = unusedOptions(this.configuration.config, Object.keys(overrides));
    const explained = Object.entries(reasons).map(([key, reason]) => ({
      key,
      value: printValue(overrides[key] ?? null),
      reason: `it was given, and changes nothing: ${reason}`,
      given: true,
    }));
    this.#set([...this.#list.filter(({ key }) => !Object.hasOwn(reasons, key)), ...explained]);
  }

  #set(list: readonly Choice[], configuration: FitConfiguration | null = null): void {
    this.#list = list;
    this.#configuration = configuration;
  }

  #with(rules: readonly Rule[]): readonly Choice[] {
    const list = [...this.#list];
    for (const rule of rules) {
      const { key } = rule;
      if (list.some((choice) => choice.key === key)) continue;
      const value = printValue(this.request.overrides[key] ?? null);
      if (this.isGiven(key)) list.push({ key, value, reason: "", given: true });
      else if (!key.startsWith("model.") || this.#usesDefault(key))
        list.push({ ...rule, given: false });
    }
    return list;
  }

  /** Whether the network of this option is the usual network, although the user may have named it. */
  #usesDefault(key: string): boolean {
    const { model } = this.request.overrides;
    return model === undefined || (model === "UNET" && key !== "model.hidden");
  }
}
