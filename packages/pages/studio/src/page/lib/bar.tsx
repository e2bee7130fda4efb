import type { BarShape, LabelledBar } from "@dsbm/runs";

/** A metric between its floor and its ceiling. */
export const Bar = ({ width, height, text, lines, dot }: BarShape) => (
  <svg
    class="metric-bar"
    width={width}
    height={height}
    viewBox={`0 0 ${width} ${height}`}
    role="img"
    aria-label={text}
  >
    <title>{text}</title>
    {lines.map(({ kind, path }) => (
      <path key={kind} class={kind} d={path} />
    ))}
    <circle class="value" cx={dot.x} cy={dot.y} r="3.5" />
  </svg>
);

/** A bar below the name of its metric. */
export const Scale = ({ title, finding, shape, ends }: LabelledBar) => (
  <figure class="scale">
    <figcaption>
      <b>{title}</b> {finding}
    </figcaption>
    <Bar {...shape} />
    <div class="ends">
      {ends.map((end) => (
        <span key={end}>{end}</span>
      ))}
    </div>
  </figure>
);
