// Operations without enough memory, resizes, and then uses of their targets.

/** Calls that need `far` elements. */
const greedyCalls = (T, t, other, far) => [
  () => T.unsafe.call("aten::resize_", "", t, [far]),
  () => T.unsafe.call("aten::cat", "out", [T.ones([1]).expand([far]), other], 0, t),
  () => T.ones([1]).expand([far]).add(t),
  () => T.cat([T.ones([1]).expand([far]), other]),
  () =>
    T.ones([1, 2])
      .expand([1024, 2])
      .mm(T.ones([2, 9999])),
  () => T.ones([1]).expand([far]).sort(),
  () => t.add_(T.ones([1]).expand([far])),
];

/** Uses of a tensor that may have been resized. */
const usesOf = (t, other) => [
  () => t.fill_(1),
  () => t.add(1).toArray(),
  () => t.clone(),
  () => other.copy_(t),
  () => t.view([-1]).sum().item(),
  () => t.detach().zero_(),
  () => String(t),
];

/** Swallows the errors of a call. */
function attempt(call) {
  try {
    call();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  }
}

/** A call that the limit of memory refuses, and four uses of its tensors. */
export function memoryCall({ T }, r, v) {
  const t = v.tensor();
  const other = v.tensor();
  const far = r.pick([2 ** 20, 2 ** 24, 2 ** 33]);
  const ways = greedyCalls(T, t, other, far);
  const way = r.below(ways.length);
  const use = usesOf(t, other);
  const run = () => {
    const program =
      t.device === "cpu" && r.chance(0.3)
        ? T.tidy(() => T.Program.record((x) => x.add(t), [T.ones([1])]).program)
        : null;
    T.setMemoryLimit(T.memory().current + r.pick([0, 1000, 2 ** 20]));
    try {
      attempt(ways[way]);
    } finally {
      T.setMemoryLimit(2 ** 30);
    }
    for (const one of r.many(4, () => r.pick(use))) attempt(one);
    return program?.run(T.ones([1])) ?? t;
  };
  return { what: `record: no memory for way ${way}`, args: [t, other, far], run };
}
