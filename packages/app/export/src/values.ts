import type { Trace, TraceSlot } from "./trace.js";

export interface View {
  parent: number;
  apply(): string;
  /** The parent's new value after a write to the view; null if unknown. */
  undo: ((parent: string, written: string) => string) | null;
}

export class Values {
  readonly #slots: readonly TraceSlot[];
  readonly #values = new Map<number, { name: string; version: number }>();
  readonly #views = new Map<number, View>();
  readonly #versions = new Map<number, number>();

  constructor({ slots }: Pick<Trace, "slots">) {
    this.#slots = slots;
  }

  #memory(slot: number): number {
    return (this.#slots[slot] as TraceSlot).memory;
  }

  #version(slot: number): number {
    return this.#versions.get(this.#memory(slot)) ?? 0;
  }

  has(slot: number): boolean {
    return this.#values.has(slot);
  }

  set(slot: number, name: string, view?: View): void {
    this.#values.set(slot, { name, version: this.#version(slot) });
    if (view) this.#views.set(slot, view);
  }

  read(slot: number): string | undefined {
    const known = this.#values.get(slot);
    const view = this.#views.get(slot);
    if (!known || !view || known.version === this.#version(slot)) return known?.name;
    const name = view.apply();
    this.#values.set(slot, { name, version: this.#version(slot) });
    return name;
  }

  /** Overwrites a tensor. Throws `refused` if the parent of a view cannot be updated. */
  write(slot: number, name: string, refused: () => Error): void {
    const steps: { slot: number; name: string }[] = [{ slot, name }];
    for (let view = this.#views.get(slot); view; view = this.#views.get(view.parent)) {
      const { name: written } = steps.at(-1) as { name: string };
      const parent = this.read(view.parent);
      if (!view.undo || parent === undefined) throw refused();
      steps.push({ slot: view.parent, name: view.undo(parent, written) });
    }
    const memory = this.#memory(slot);
    const version = this.#version(slot) + 1;
    this.#versions.set(memory, version);
    for (const step of steps) this.#values.set(step.slot, { name: step.name, version });
  }
}
