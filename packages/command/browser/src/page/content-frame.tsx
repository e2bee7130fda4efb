import { useRef } from "preact/hooks";

interface FrameProps {
  kind: "player" | "report";
  title: string;
  html: string;
}

/** A page within this page, as high as its content: nothing scrolls in it. */
export function ContentFrame({ kind, title, html }: FrameProps) {
  const frame = useRef<HTMLIFrameElement>(null);
  const follow = () => {
    const content = frame.current?.contentDocument?.documentElement;
    if (!content) return;
    const sizes = new ResizeObserver(() => {
      const height = Math.ceil(content.getBoundingClientRect().height);
      if (frame.current) frame.current.style.height = `${height + 2}px`;
    });
    sizes.observe(content);
  };
  return <iframe ref={frame} class={kind} title={title} srcdoc={html} onLoad={follow} />;
}
