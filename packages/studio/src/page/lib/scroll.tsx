// A wide table in a box of its own, which scrolls by keys, too.
import type { ComponentChildren } from "preact";

export const Scroll = ({ label, children }: { label: string; children: ComponentChildren }) => (
  <section class="box" aria-label={label} tabIndex={0}>
    {children}
  </section>
);
