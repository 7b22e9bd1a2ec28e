/** How far the note is from the relay, and the switch that takes this page offline. */
import { useStatus, useUnsyncedChanges, useVerso } from "@verso/react";
import { useState } from "react";

export function Connection({ id }: { readonly id: `notes/${string}` }) {
  const client = useVerso();
  const [isOnline, setOnline] = useState(true);
  const status = useStatus(id, ({ stopped, synced, connection }) => {
    if (stopped !== null) return "closed";
    return synced ? "synced" : connection === "disconnected" ? "offline" : "connecting";
  });
  const unsent = useUnsyncedChanges(id);

  function turn(on: boolean) {
    setOnline(on);
    if (on) client.connect();
    else client.disconnect();
  }

  return (
    <>
      <span className="pill" data-status={status}>
        <span className="pill-dot" />
        <span role="status">{words[status]}</span>
        {unsent > 0 && <span>· {unsent} unsent</span>}
      </span>
      <label className="switch">
        <input
          type="checkbox"
          role="switch"
          checked={isOnline}
          aria-checked={isOnline}
          onChange={event => turn(event.target.checked)}
        />
        <span>Online</span>
      </label>
    </>
  );
}

const words = { closed: "Closed", synced: "Synced", offline: "Offline", connecting: "Connecting…" };
