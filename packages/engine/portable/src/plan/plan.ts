// Planning a recorded program: an address for each of its tensors, and a function without arguments for each of its steps.
import { elementType } from "../dtype.js";
import { convert } from "../kernel/map.js";
import {
  type Operand,
  type ProgramImpl,
  type ProgramOperation,
  slotsOf,
  type TensorSlot,
  writtenBy,
} from "../program.js";
import { Storage } from "../storage.js";
import { TensorImpl } from "../tensor.js";
import { Blocks } from "./blocks.js";
import { kernelOf } from "./kernel-of.js";
import { programMemory } from "./memory.js";

/** A program that is ready to run. */
export interface Plan {
  /** The version of the memory for which it holds. */
  version: number;
  /** A tensor for each slot. */
  tensors: readonly TensorImpl[];
  /** Per input, whether the steps write to it. */
  writesInput: readonly boolean[];
  steps: readonly (() => void)[];
}

/** A memory of the program: first and last step that uses it. */
interface Lifetime {
  slot: TensorSlot;
  first: number;
  last: number;
}

const touchedSlots = ({ operands, results }: ProgramOperation): number[] => [
  ...operands.flatMap(slotsOf),
  ...results.flat().filter((slot) => slot >= 0),
];

/** Lifetimes by the number of the memory, of memories that the program does not hold. */
function lifetimesOf({ slots, steps, inputs, outputs, gradients }: ProgramImpl) {
  const lifetimes = new Map<number, Lifetime>();
  const held = new Set(slots.flatMap((slot) => (slot.held ? [slot.memory] : [])));
  const use = (index: number, step: number) => {
    const slot = slots[index];
    if (held.has(slot.memory)) return;
    const known = lifetimes.get(slot.memory);
    if (known) known.last = step;
    else lifetimes.set(slot.memory, { slot, first: step, last: step });
  };
  for (const i of inputs.keys()) use(i, -1);
  for (const [i, step] of steps.entries()) for (const slot of touchedSlots(step)) use(slot, i);
  // Inputs and results stay: they are read behind the last step.
  for (const i of inputs.keys()) use(i, steps.length);
  for (const slot of outputs) use(slot, steps.length);
  for (const { after } of gradients) if (after >= 0) use(after, steps.length);
  return lifetimes;
}

const bytesOf = ({ dtype, length }: TensorSlot) =>
  length * elementType(dtype).Kind.prototype.BYTES_PER_ELEMENT;

/** Addresses in the arena by the number of the memory, so that lives that overlap lie apart; and the size of the arena. */
function layOut(lifetimes: ReadonlyMap<number, Lifetime>): [Map<number, number>, number] {
  const blocks = new Blocks(0);
  const addresses = new Map<number, number>();
  const living: Lifetime[] = [];
  const inOrder = [...lifetimes.values()].sort((a, b) => a.first - b.first);
  for (const life of inOrder) {
    for (const ended of living.filter(({ last }) => last < life.first)) {
      blocks.release(addresses.get(ended.slot.memory)!, bytesOf(ended.slot));
      living.splice(living.indexOf(ended), 1);
    }
    addresses.set(life.slot.memory, blocks.take(bytesOf(life.slot)));
    living.push(life);
  }
  return [addresses, blocks.top];
}

/** A tensor for each slot: held ones as they are, others in the arena. */
function placeTensors(
  { slots }: ProgramImpl,
  addresses: ReadonlyMap<number, number>,
  arena: number,
): TensorImpl[] {
  const storages = new Map<number, Storage>();
  for (const { held, memory } of slots) if (held) storages.set(memory, held.storage);
  return slots.map(({ held, memory, dtype, length, shape, strides, offset }) => {
    if (held) return held;
    let storage = storages.get(memory);
    if (!storage) {
      const address = arena + (addresses.get(memory) ?? 0);
      const like = elementType(dtype).Kind.prototype;
      storage = new Storage(programMemory.elementsLike(like, address, length), address);
      storages.set(memory, storage);
    }
    return new TensorImpl(storage, dtype, shape, strides, offset);
  });
}

function argumentOf(operand: Operand, tensors: readonly TensorImpl[]): unknown {
  if (operand.kind === "slot") return tensors[operand.slot];
  if (operand.kind === "list")
    return operand.slots.map((slot) => (slot < 0 ? null : tensors[slot]));
  return operand.value;
}

/** Copies what an operation gave to the place of its result. */
function keepResult(value: unknown, to: TensorImpl | null): void {
  if (!to || !(value instanceof TensorImpl) || value.storage === to.storage) return;
  convert(to, value);
}

/** A step without a kernel: the operation itself, and copies of its results. */
function plainStep(
  { op, isList }: ProgramOperation,
  args: readonly unknown[],
  results: readonly (TensorImpl | null)[][],
): () => void {
  return () => {
    const value = op.forward(...args);
    const values = Array.isArray(value) ? value : [value];
    for (const [i, to] of results.entries())
      if (isList[i]) for (const [k, t] of to.entries()) keepResult(values[k], t);
      else keepResult(values[i], to[0]);
  };
}

/** Whether a step only looks at existing memory. */
function isView(
  { op, results }: ProgramOperation,
  index: number,
  { slots }: ProgramImpl,
  lifetimes: ReadonlyMap<number, Lifetime>,
): boolean {
  return (
    op.written.length === 0 &&
    op.generator < 0 &&
    results.flat().every((slot) => {
      const life = slot < 0 ? undefined : lifetimes.get(slots[slot].memory);
      return slot < 0 || !life || life.first < index;
    })
  );
}

function stepsOf(
  program: ProgramImpl,
  tensors: readonly TensorImpl[],
  lifetimes: ReadonlyMap<number, Lifetime>,
  workspace: (count: number) => number,
): (() => void)[] {
  return program.steps.flatMap((step, i) => {
    if (isView(step, i, program, lifetimes)) return [];
    const args = step.operands.map((operand) => argumentOf(operand, tensors));
    const results = step.results.map((slots) =>
      slots.map((slot) => (slot < 0 ? null : tensors[slot])),
    );
    const work =
      kernelOf(step.op.full, args, results.flat(), workspace) ?? plainStep(step, args, results);
    const storages = heldStorages(step, program);
    if (storages.length === 0) return [work];
    return [work, () => storages.forEach((storage) => void storage.version++)];
  });
}

/** Held storages that a step writes to, for autograd. */
const heldStorages = ({ op, operands }: ProgramOperation, { slots }: ProgramImpl): Storage[] =>
  op.written
    .flatMap((i) => slotsOf(operands[i]))
    .flatMap((slot) => slots[slot].held?.storage ?? []);

/**
 * Plans a program.
 * @throws {TorchError} `ERR_TORCH_MEMORY`
 */
export function planProgram(program: ProgramImpl): Plan {
  const lifetimes = lifetimesOf(program);
  const [addresses, bytes] = layOut(lifetimes);
  const keep = new Set(program.slots.flatMap(({ held }) => (held ? [held.storage] : [])));
  const written = writtenBy(program);
  for (;;) {
    const { version } = programMemory;
    for (const storage of keep) programMemory.admit(storage, keep);
    const tensors = placeTensors(program, addresses, programMemory.arena(bytes, keep));
    const workspace = (count: number) => programMemory.workspace(count, keep);
    const steps = stepsOf(program, tensors, lifetimes, workspace);
    const writesInput = program.inputs.map((_, i) => written.has(program.slots[i].memory));
    // A workspace that grew moves memory.
    if (programMemory.version === version) return { version, tensors, writesInput, steps };
  }
}
