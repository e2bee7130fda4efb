// Recording: while a function runs, every operation except composite ones is written down, also in the backward pass.
import { fail } from "./errors.js";
import { door } from "./handles.js";
import { type Result, run, type TableOperation } from "./operation.js";
import { watching } from "./perform.js";
import { layoutOf, type Operand, ProgramImpl, refuse, slotsOf, writtenBy } from "./program.js";
import type { Storage } from "./storage.js";
import { accumulation, withoutGraph } from "./tape.js";
import type { TensorImpl } from "./tensor.js";

interface InputCopy {
  original: TensorImpl;
  copy: TensorImpl;
  version: number;
}

class Recorder {
  readonly program = new ProgramImpl();
  readonly #slotOf = new Map<TensorImpl, number>();
  readonly #memory = new Map<Storage, number>();
  readonly #leaves: { slot: number; t: TensorImpl; before: TensorImpl | null }[] = [];
  /** Leaves whose gradient was set by hand. */
  readonly assigned = new Set<TensorImpl>();
  readonly inputs: InputCopy[] = [];

  add(t: TensorImpl): number {
    const { slots } = this.program;
    const slot = slots.length;
    const memory = this.#memory.get(t.storage) ?? this.#memory.size;
    this.#memory.set(t.storage, memory);
    this.#slotOf.set(t, slot);
    const { offset, storage } = t;
    slots.push({ ...layoutOf(t), offset, length: storage.count, memory, held: null });
    return slot;
  }

  hold(t: TensorImpl): number {
    const slot = this.add(t);
    this.program.slots[slot].held = t;
    if (t.isLeafWithGradient) {
      this.#leaves.push({ slot, t, before: t.grad });
      if (t.grad && !this.#slotOf.has(t.grad)) this.hold(t.grad);
    }
    return slot;
  }

  /** A tensor that comes from JavaScript. */
  note(t: TensorImpl): void {
    if (!this.#slotOf.has(t)) this.hold(t);
  }

  find(t: TensorImpl, what: string): number {
    return (
      this.#slotOf.get(t) ??
      refuse(
        `${what} cannot be recorded: it uses a tensor that was computed before the recording began and not passed to it`,
      )
    );
  }

  isIntermediate(slot: number): boolean {
    return this.program.slots[slot].held === null && slot >= this.program.inputs.length;
  }

  #operand(
    value: unknown,
    { type, isList }: TableOperation["args"][number],
    name: string,
  ): Operand {
    if (type === "Generator") return { kind: "generator", value };
    if (type !== "Tensor" || value === null) return { kind: "constant", value };
    const slotOf = (t: TensorImpl | null) => (t ? this.find(t, name) : -1);
    if (isList) return { kind: "list", slots: (value as (TensorImpl | null)[]).map(slotOf) };
    return { kind: "slot", slot: slotOf(value as TensorImpl) };
  }

  #pending: Operand[] = [];

  before(op: TableOperation, args: readonly unknown[]): void {
    if (op.unrecordable) refuse(`${op.full} cannot be recorded: ${op.unrecordable}`);
    this.#pending = op.args.map((arg, i) => this.#operand(args[i], arg, op.full));
  }

  after(op: TableOperation, _: readonly unknown[], result: Result): void {
    const operands = this.#pending;
    // A detached intermediate is the intermediate: replays have no graph.
    const [first] = operands;
    if (op.full === "aten::detach" && first.kind === "slot" && this.isIntermediate(first.slot)) {
      this.#slotOf.set(result as TensorImpl, first.slot);
      return;
    }
    const isListOfTensors = op.aliasOf.length === 1 && Array.isArray(result);
    const slot = (t: unknown) => {
      if (typeof t !== "object" || t === null) return -1;
      return this.#slotOf.get(t as TensorImpl) ?? this.add(t as TensorImpl);
    };
    const results = isListOfTensors
      ? [(result as TensorImpl[]).map(slot)]
      : [result ?? []].flat().map((t) => [slot(t)]);
    const isRandom = op.generator >= 0 || op.name === "aten::multinomial";
    const isKept = op.written.length > 0 || isRandom;
    const isList = results.map(() => isListOfTensors);
    this.program.steps.push({ op, operands, results, isList, isKept, frees: [] });
  }

  finish(outputs: readonly TensorImpl[]): ProgramImpl {
    const { program } = this;
    program.outputs = outputs.map((t) => this.find(t, "the result"));
    for (const { slot, t, before } of this.#leaves) {
      const byHand = this.assigned.has(t);
      if (before && !byHand) program.expected.push([slot, this.#slotOf.get(before)!]);
      if (!byHand && t.grad === before) continue;
      const after = t.grad ? this.find(t.grad, "a gradient") : -1;
      program.gradients.push({ leaf: slot, after, isAdded: !byHand && !before });
    }
    this.#prune();
    return program;
  }

  /** Leaves out unused operations, then notes the last use of each slot. */
  #prune(): void {
    const { program } = this;
    const needed = new Set(program.outputs);
    for (const { after } of program.gradients) if (after >= 0) needed.add(after);
    const last = new Set(needed);
    const kept = program.steps.toReversed().filter((step) => {
      const results = step.results.flat().filter((slot) => slot >= 0);
      if (!step.isKept && !results.some((slot) => needed.has(slot))) return false;
      for (const slot of [...step.operands.flatMap(slotsOf), ...results]) {
        needed.add(slot);
        if (!last.has(slot) && this.isIntermediate(slot)) step.frees.push(slot);
        last.add(slot);
      }
      return true;
    });
    program.steps = kept.toReversed();
    program.expected = program.expected.filter(([, gradient]) => needed.has(gradient));
    const written = writtenBy(program);
    program.writesHeld =
      program.gradients.length > 0 ||
      program.slots.some(({ held, memory }) => held !== null && written.has(memory));
  }
}

let active: Recorder | null = null;

/** @throws {TorchError} `ERR_TORCH_RECORDING` inside a recording. */
export function refuseWhileRecording(what: string): void {
  if (active)
    refuse(
      `${what} cannot be recorded: do it before the recording, or return the tensor and do it after the run`,
    );
}

/** A gradient was set by hand. */
export const noteGradient = (leaf: TensorImpl): void => void active?.assigned.add(leaf);

/** Begins a recording. Returns the tensors to call the function with: copies, so that no two share memory. */
export function beginRecording(inputs: readonly TensorImpl[]): TensorImpl[] {
  refuseWhileRecording("a recording inside a recording");
  const recorder = new Recorder();
  const copies = inputs.map((original) => {
    if (original.requiresGrad)
      refuse(
        "record: an input requires grad; inputs are data, make it a tensor that the function uses by itself",
      );
    const copy = withoutGraph(() => run("clone", original));
    recorder.add(copy);
    recorder.program.inputs.push(layoutOf(copy));
    recorder.inputs.push({ original, copy, version: copy.storage.version });
    return copy;
  });
  active = recorder;
  watching.watcher = recorder;
  door.note = (t) => recorder.note(t);
  return copies;
}

/** Ends the recording without a program. */
export function abortRecording(): void {
  active = null;
  watching.watcher = null;
  door.note = () => {};
  accumulation.note = () => {};
}

/**
 * Ends the recording.
 * @throws {TorchError} `ERR_TORCH_RECORDING`
 */
export function endRecording(outputs: readonly TensorImpl[]): ProgramImpl {
  if (!active) return fail("ERR_TORCH_RECORDING", "recordEnd: no recording is under way");
  const recorder = active;
  watching.watcher = null;
  door.note = () => {};
  const program = recorder.finish(outputs);
  abortRecording();
  // The function wrote into its input.
  for (const { original, copy, version } of recorder.inputs)
    if (copy.storage.version !== version) withoutGraph(() => run("copy_", original, copy));
  return program;
}
