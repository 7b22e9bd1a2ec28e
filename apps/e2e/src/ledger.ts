/** What the relay has of a document, asked over HTTP. */
import type { ChangeEvent, ChangePage, DocumentContent } from "@verso/protocol";

export interface Recorded<Content> {
  readonly sequence: number;
  readonly content: Content;
}

/** What the kind of the lab's documents holds. */
export interface Readings {
  readonly readings: readonly { readonly id: string; readonly celsius: number }[];
  readonly note: string;
}

/** `Content` is that of its kind, whose schema the relay sees to. */
export async function readDocument<Content = Readings>(
  url: string,
  documentId: string,
  request: RequestInit = {},
): Promise<Recorded<Content>> {
  const response = await fetch(`${url}/api/documents/${encodeURIComponent(documentId)}`, request);
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  return (await response.json()) as Omit<DocumentContent, "content"> & { readonly content: Content };
}

/** All commits, the oldest first. */
export async function readCommits(url: string, documentId: string): Promise<ChangeEvent[]> {
  const commits: ChangeEvent[] = [];
  for (;;) {
    const path = `${url}/api/documents/${encodeURIComponent(documentId)}/changes`;
    const response = await fetch(`${path}?since=${commits.at(-1)?.sequence ?? 0}&limit=200`);
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
    const { changes } = (await response.json()) as ChangePage;
    commits.push(...changes);
    if (changes.length < 200) return commits;
  }
}
