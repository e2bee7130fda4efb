/** A sparse plan as a matrix [n, m], row by row. */
export function densePlan(plan: {
  n: number;
  m: number;
  rows: Int32Array;
  columns: Int32Array;
  mass: Float64Array;
}): Float64Array {
  const dense = new Float64Array(plan.n * plan.m);
  plan.mass.forEach((mass, k) => {
    dense[plan.rows[k] * plan.m + plan.columns[k]] += mass;
  });
  return dense;
}
