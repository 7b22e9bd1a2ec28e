/** What the relay has taken back at a place of the document, told there until one has read it. */
import { useRejections } from "@verso/react";
import { Icon } from "./icon.js";

interface TakenBackProps {
  readonly id: `notes/${string}`;
  /** A JSON Pointer; empty for what is about the whole. */
  readonly at: string;
  readonly elementId: string;
}

export function TakenBack({ id, at, elementId }: TakenBackProps) {
  const [rejections, dismiss] = useRejections(id);
  const here = rejections.filter(({ issues }) => issues.some(({ pointer }) => isWithin(pointer, at)));
  const reason = here.at(-1)?.issues.find(({ pointer }) => isWithin(pointer, at));
  return (
    <div className="taken-back" id={elementId} role="status">
      {reason && (
        <>
          <span>
            <strong>Taken back.</strong> {reason.message}
          </span>
          <button className="icon-button" type="button" onClick={() => here.forEach(dismiss)}>
            <Icon name="remove" label="Dismiss" />
          </button>
        </>
      )}
    </div>
  );
}

function isWithin(pointer: string, at: string): boolean {
  return pointer === at || (at !== "" && pointer.startsWith(`${at}/`));
}
