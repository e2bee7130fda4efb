// Parts that pages share: a table that scrolls, a box to tick, and drawing again while a run lives.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

/** A wide table in a box of its own, which scrolls by keys, too. */
export const Scroll = ({ label, children }: { label: string; children: ComponentChildren }) => (
  <section class="box" aria-label={label} tabIndex={0}>
    {children}
  </section>
);

export interface CheckProps {
  checked: boolean;
  onChange(on: boolean): void;
  kind?: string;
  children: ComponentChildren;
}

export const Check = ({ checked, onChange, kind = "check", children }: CheckProps) => (
  <label class={kind}>
    <input type="checkbox" checked={checked} onChange={(e) => onChange(e.currentTarget.checked)} />{" "}
    {children}
  </label>
);

/** Draws again every second while a run lives: its time goes on. */
export function useTicks(isLive: boolean): void {
  const [, tick] = useState(0);
  useEffect(() => {
    if (!isLive) return;
    const timer = setInterval(() => tick((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, [isLive]);
}
