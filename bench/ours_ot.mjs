// Optimal transport between samples of two Gaussians, on our side: the same problems as in pytorch_ot.py.

/** Dimensions of the points, and the entropy's weight that a bridge of sigma 1 has. */
const DIM = 5;
const REG = 2;

/** Pairs of samples that are solved in turn: some take much longer than others. */
const PAIRS = 8;

/** Solves problems between samples of N(−0.1, I) and N(0.1, I), and others before until JavaScript is compiled. */
function solving(torch, n, solve) {
  const cloud = (mean) => torch.randn([n, DIM]).add(mean);
  const pairs = Array.from({ length: PAIRS }, () => [cloud(-0.1), cloud(0.1)]);
  const run = (reps) => {
    for (let i = 0; i < reps; i += 1) torch.tidy(() => solve(...pairs[i % PAIRS]));
  };
  return { run, warm: Math.ceil(20_000 / n) };
}

/** Entropic plans, to row sums that are right to 1e-9. */
export const sinkhornTransport = ({ torch, bridge }, n) =>
  solving(torch, n, (x0, x1) => {
    const { converged } = bridge.sinkhorn({ x0, x1 }, { reg: REG });
    if (!converged) throw new Error("not converged");
  });

/** Exact plans, with the costs. */
export const exactTransport = ({ torch, bridge }, n) =>
  solving(torch, n, (x, y) => bridge.exactPointPlan(x, y));
