/**
 * Changes as server-sent events: what `GET …/changes` and `GET /api/changes` answer to whoever accepts
 * `text/event-stream`.
 *
 * An event is one change, and its id what the client gives back in `Last-Event-ID` to go on behind it. The last event of a
 * stream that ends has the name `end` and says why; a stream is over as well when the identity of its reader is.
 */
import type { ChangeEvent, FeedChange, ProblemCode } from "@verso/protocol";
import type { Request, Response } from "express";
import { type Identity, watchIdentity } from "./auth.js";
import type { Cancel, Clock } from "./clock.js";
import { openEventStream } from "./event-stream.js";
import type { Followed, FollowedFeed, Following, FollowingEnd, Listener } from "./following.js";

export interface ChangeStreams {
  /** Streams one document; nothing was sent of the answer yet. */
  streamDocument(asker: Asker, document: Followed): void;
  streamAll(asker: Asker, feed: FollowedFeed): void;
}

export interface Asker {
  readonly response: Response;
  readonly identity: Identity;
}

export interface ChangeStreamsOptions {
  readonly following: Following;
  readonly clock: Clock;
  /** Told why a stream has failed. */
  readonly onError: (error: unknown) => void;
}

export function createChangeStreams({ following, clock, onError }: ChangeStreamsOptions): ChangeStreams {
  return {
    streamDocument: (asker, document) =>
      stream<ChangeEvent>(
        asker,
        listener => following.follow(document, listener),
        ({ sequence }) => sequence,
      ),
    streamAll: (asker, feed) =>
      stream<FeedChange>(
        asker,
        listener => following.followAll(feed, listener),
        ({ feed_sequence }) => feed_sequence,
      ),
  };

  function stream<T>(
    { response, identity }: Asker,
    follow: (listener: Listener<T>) => Cancel,
    idOf: (change: T) => number,
  ): void {
    const events = openEventStream(response, { clock, onGone: stop });
    const stopFollowing = follow({
      async changed(changes) {
        for (const change of changes) await events.send(idOf(change), change);
      },
      ended(end) {
        stop();
        if (end.type === "failed") onError(end.cause);
        events.end(reasons[end.type]);
      },
    });
    const stopWatching = watchIdentity(identity, {
      clock,
      ended(code, detail) {
        stop();
        events.end({ code, detail });
      },
    });

    function stop(): void {
      stopFollowing();
      stopWatching();
    }
  }
}

/** Whether changes are to be streamed, and from where on where that is not what the query says; `null` when not. */
export function streamAsked<P>(request: Request<P>): { readonly since?: string } | null {
  const isAsked = request.accepts(["application/json", "text/event-stream"]) === "text/event-stream";
  if (!isAsked || request.method !== "GET") return null;
  const since = request.get("Last-Event-ID");
  return since === undefined || since === "" ? {} : { since };
}

const reasons: Readonly<Record<FollowingEnd["type"], { code: ProblemCode; detail: string }>> = {
  erased: { code: "deleted", detail: "The document was erased." },
  closed: { code: "unavailable", detail: "The relay is shutting down." },
  failed: { code: "unavailable", detail: "It cannot be read on now; try again." },
};
