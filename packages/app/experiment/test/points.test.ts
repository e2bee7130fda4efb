// What figures of samples are made of: shares that add up, the worst column first, few numbers.
import { cat, eye, full, manualSeed, randn, setNumThreads, tidy } from "@dsbm/torch";
import { beforeAll, expect, it } from "vitest";
import { pointsOf } from "../src/picture/points.js";

beforeAll(() => setNumThreads(1));

it("are the worst columns first, in shares", () => {
  manualSeed(3);
  tidy(() => {
    const x = randn([600, 40]);
    // Column 7 of the generated samples is far off, column 3 is constant.
    const [first, second] = [x.narrow(1, 0, 1), x.narrow(1, 2, 1)];
    const constant = full([600, 1], 2);
    const start = cat([first, first.neg(), second, constant, x.narrow(1, 4, 36)], { dim: 1 });
    const end = cat([start.narrow(1, 0, 7), start.narrow(1, 7, 1).add(5), start.narrow(1, 8, 32)], {
      dim: 1,
    });
    const data = start.add(0);
    const times = Array.from({ length: 51 }, (_, i) => i / 50);
    const states = cat(times.map((t) => start.lerp(end, t).unsqueeze(0)));
    const rows = { sourceRows: start, generatedRows: end, targetRows: data };
    const given = { direction: "f" as const, ...rows, path: { states, times } };
    const { n, dim, plane, histograms } = pointsOf({ ...given, axes: null });
    expect([n, dim, plane.k, plane.explained]).toEqual([600, 40, 2, null]);
    expect([plane.source.length, plane.generated.length]).toEqual([800, 800]);
    expect([plane.path.times.length, plane.path.states[0]?.length]).toEqual([17, 80]);
    expect(histograms).toHaveLength(24);
    expect(histograms[0]?.column).toBe(7);
    expect(histograms.map(({ column }) => column)).not.toContain(3);
    // Rice's rule.
    expect(histograms[0]?.generated).toHaveLength(Math.round(2 * Math.cbrt(600)));
    for (const { low, high, ...shares } of histograms) {
      expect(high).toBeGreaterThan(low);
      for (const kind of ["source", "target", "generated"] as const)
        expect(shares[kind].reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 3);
    }
    // Components lead from source to target, whatever the sign of the basis and the direction.
    const basis = randn([40, 2]);
    const way = start.add(full([40], 1));
    const sources = [basis, basis.neg()].flatMap((one) => {
      const axes = { basis: one, explained: [0.4, 0.2] };
      return [
        pointsOf({ ...given, targetRows: way, axes }).plane.source,
        pointsOf({ ...given, direction: "b", sourceRows: way, targetRows: start, axes }).plane
          .source,
      ];
    });
    for (const source of sources) expect(source).toEqual(sources[0]);
    // A component along column 5 has its weight there.
    const along = eye(40).narrow(1, 5, 2);
    const named = { axes: { basis: along, explained: [0.4, 0.2] }, areColumns: true };
    const { weights } = pointsOf({ ...given, targetRows: way, ...named }).plane;
    expect(weights?.map(([first]) => first)).toEqual(
      [5, 6].map((column) => ({ column, weight: 1 })),
    );
    // One column has no second coordinate.
    const one = {
      sourceRows: start.narrow(1, 0, 1),
      generatedRows: end.narrow(1, 0, 1),
      targetRows: data.narrow(1, 0, 1),
      path: { states: states.narrow(2, 0, 1), times },
    };
    const alone = pointsOf({ direction: "b", ...one, axes: null });
    expect([alone.plane.k, alone.histograms.length]).toEqual([1, 1]);
  });
});
