// A state dict is a walk over a module's own properties, under PyTorch's names and in its order.
import { firstOf } from "@dsbm/files";
import type { Device, DType } from "../binding/dtype.js";
import { invalidValue } from "../binding/errors.js";
import { replacePtr } from "../binding/handle.js";
import { noGrad, zeroGrad } from "../tensor/grad.js";
import { Buffer, Parameter, type Tensor } from "../tensor/tensor.js";

/** Parameters and persistent buffers by PyTorch's names. */
export type StateDict = Map<string, Tensor>;

type Leaf = Parameter | Buffer;

function* fields(owner: object): Generator<[string, unknown]> {
  for (const [name, value] of Object.entries(owner)) {
    if (Array.isArray(value)) yield* value.map((v, i): [string, unknown] => [`${name}.${i}`, v]);
    else yield [name, value];
  }
}

/** A function with parameters: fields that are modules, parameters and buffers belong to its state. */
export abstract class Module {
  /** Whether dropout is on. */
  training = true;

  /** The function of the module, for x [B, …]; the shape of the result and further arguments depend on the module. */
  abstract forward(x: Tensor, ...more: unknown[]): Tensor;

  /** The modules that are fields of this one, by field name, in order of definition. */
  *namedChildren(): Generator<[string, Module]> {
    for (const [name, value] of fields(this)) if (value instanceof Module) yield [name, value];
  }

  /** This module and all below, depth first. */
  *modules(): Generator<Module> {
    yield this;
    for (const [, child] of this.namedChildren()) yield* child.modules();
  }

  *#leaves<T extends Leaf>(
    is: (value: unknown) => value is T,
    prefix = "",
  ): Generator<[string, T]> {
    for (const [name, value] of fields(this)) if (is(value)) yield [prefix + name, value];
    for (const [name, child] of this.namedChildren()) yield* child.#leaves(is, `${prefix}${name}.`);
  }

  /** Parameters with their checkpoint names: own ones first, then the children's; shared ones once. */
  namedParameters(): [string, Parameter][] {
    const seen = new Set<Leaf>();
    const all = [...this.#leaves((value) => value instanceof Parameter)];
    return all.filter(([, p]) => !seen.has(p) && seen.add(p));
  }
  /** Tensors to train, each once. */
  parameters(): Parameter[] {
    return this.namedParameters().map(([, p]) => p);
  }
  /** Untrained state, by checkpoint name. */
  namedBuffers(): [string, Buffer][] {
    return [...this.#leaves((value) => value instanceof Buffer)];
  }

  /** The number of trained values. */
  parameterCount(): number {
    return this.parameters().reduce((n, p) => n + p.numel, 0);
  }

  /** The live tensors by checkpoint name; not copies. */
  stateDict(): StateDict {
    const isKept = (value: unknown): value is Leaf =>
      value instanceof Parameter || (value instanceof Buffer && value.persistent);
    return new Map(this.#leaves(isKept));
  }

  /**
   * Copies values in by name, each in the shape of its parameter; with `strict` (the default) the names must be the
   * same.
   * @throws {TorchError} before any change.
   */
  loadStateDict(
    state: ReadonlyMap<string, Tensor>,
    { strict = true }: { strict?: boolean } = {},
  ): this {
    const current = this.stateDict();
    const missing = [...current.keys()].filter((name) => !state.has(name));
    const unexpected = [...state.keys()].filter((name) => !current.has(name));
    const misfit = [...current].filter(
      ([name, t]) => state.has(name) && `${state.get(name)?.shape}` !== `${t.shape}`,
    );
    const problems = [
      ...(strict && missing.length > 0 ? [`missing ${firstOf(missing, 5)}`] : []),
      ...(strict && unexpected.length > 0 ? [`unexpected ${firstOf(unexpected, 5)}`] : []),
      ...misfit.map(
        ([name, t]) => `${name} has shape [${state.get(name)?.shape}], expected [${t.shape}]`,
      ),
    ];
    if (problems.length > 0)
      throw invalidValue(
        `the state dict does not fit this network: ${problems.join("; ")}`,
        misfit.length > 0 ? "ERR_TORCH_SHAPE" : "ERR_TORCH_VALUE",
      );
    noGrad(() => {
      for (const [name, t] of current) {
        const from = state.get(name);
        if (from) t.copy_(from);
      }
    });
    return this;
  }

  /** Sets `training` here and below. */
  train(on = true): this {
    for (const module of this.modules()) module.training = on;
    return this;
  }
  /** As `train(false)`. */
  eval(): this {
    return this.train(false);
  }

  /** Moves all parameters and buffers to a device or a floating dtype, in place. */
  to(target: { device?: Device; dtype?: DType }): this {
    noGrad(() => {
      for (const [, t] of [...this.namedParameters(), ...this.namedBuffers()]) {
        const moved = t.to({ ...target, copy: true });
        const trains = t.requiresGrad;
        replacePtr(t, moved);
        if (trains) t.requiresGrad_();
      }
    });
    return this;
  }

  /** Drops the gradients of all parameters. */
  zeroGrad(): void {
    zeroGrad(this.parameters());
  }

  /** Frees parameters and buffers. */
  dispose(): void {
    for (const [, t] of [...this.namedParameters(), ...this.namedBuffers()]) t.dispose();
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * Copies values by name.
 * @throws {TorchError} unless both have the same names and shapes.
 */
export function copyState(from: Module, to: Module): void {
  to.loadStateDict(from.stateDict());
}
