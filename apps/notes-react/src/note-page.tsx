/** A note: one document, and a component for each thing that is in it or that is to be told of it. */
import { useState } from "react";
import { Body } from "./body.js";
import { Connection } from "./connection.js";
import { HistoryDrawer } from "./history-drawer.js";
import { Icon } from "./icon.js";
import { People } from "./people.js";
import { Tags } from "./tags.js";
import { TakenBack } from "./taken-back.js";
import { Title } from "./title.js";
import { UndoButtons } from "./undo-buttons.js";

export function NotePage({ room }: { readonly room: string }) {
  const id = `notes/${room}` as const;
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <header className="top">
        <a className="brand" href="/">
          <img src="/favicon.svg" alt="" width="24" height="24" />
          Verso <span className="brand-page">Notes</span>
        </a>
        <Connection id={id} />
        <People id={id} />
        <div className="tools">
          <UndoButtons id={id} />
          <button
            type="button"
            className="icon-button"
            aria-expanded={isOpen}
            onClick={() => setOpen(!isOpen)}
          >
            <Icon name="history" label="History" />
          </button>
        </div>
      </header>
      <main className="workspace">
        <article className="note">
          <Title id={id} />
          <Tags id={id} />
          <Body id={id} />
          {/* What is about the note as a whole. */}
          <TakenBack id={id} at="" elementId="note-taken-back" />
        </article>
        {isOpen && <HistoryDrawer id={id} />}
      </main>
    </>
  );
}
