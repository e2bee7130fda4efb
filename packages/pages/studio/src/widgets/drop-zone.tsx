import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

interface DropZoneProps {
  children: ComponentChildren;
  /** Formats of the file dialog. */
  accept?: string;
  onFiles(files: File[]): void;
}

/** Where files are dropped or chosen. */
export function DropZone({ children, accept, onFiles }: DropZoneProps) {
  const [isOver, setOver] = useState(false);
  const take = (list: FileList | null | undefined) => {
    const files = [...(list ?? [])];
    if (files.length > 0) onFiles(files);
  };
  const hover = (event: DragEvent) => {
    event.preventDefault();
    setOver(event.type === "dragover");
  };
  return (
    <label
      class={isOver ? "drop over" : "drop"}
      onDragOver={hover}
      onDragLeave={hover}
      onDrop={(event) => {
        hover(event);
        take(event.dataTransfer?.files);
      }}
    >
      {children}
      <input
        type="file"
        multiple
        accept={accept}
        onChange={(event) => take(event.currentTarget.files)}
      />
    </label>
  );
}
