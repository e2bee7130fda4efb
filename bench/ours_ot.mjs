// Optimal transport between samples of two Gaussians, on our side: the same problems as in pytorch_ot.py.

/** Dimensions of the points, and the entropy's weight that a bridge of sigma 1 has. */
const DIM = 5;
const REG = 2;

/** Samples of N(−0.1, I) and N(0.1, I). */
const clouds = (torch, n) => [-0.1, 0.1].map((mean) => torch.randn([n, DIM]).add(mean));

const repeat = (torch, once) => (reps) => {
  for (let i = 0; i < reps; i += 1) torch.tidy(once);
};

/** Entropic plans, to row sums that are right to 1e-9. */
export function sinkhornTransport({ torch, bridge }, n) {
  const [x, y] = clouds(torch, n);
  const once = () => {
    const { converged } = bridge.sinkhorn(bridge.squaredDistances(x, y), { reg: REG });
    if (!converged) throw new Error("not converged");
  };
  // Until JavaScript is compiled.
  return { run: repeat(torch, once), warm: Math.ceil(20_000 / n) };
}

/** Exact plans, with the costs. */
export function exactTransport({ torch, bridge }, n) {
  const [x, y] = clouds(torch, n);
  return { run: repeat(torch, () => bridge.exactPointPlan(x, y)), warm: 1 };
}
