/** What a workload is: who takes part, what is measured of each, and how it is shown. */

export type WorkloadName = "w1" | "w2" | "w3" | "w4" | "w5" | "w6" | "w7" | "w8" | "w9" | "w10" | "w11";

export interface Workload {
  readonly name: WorkloadName;
  readonly title: string;
  /** The rows of its tables: subjects, or methods. */
  readonly participants: readonly Participant[];
  readonly tables: readonly Table[];
  /** Measures one participant once. Throws when it fails at the work. */
  measure(participant: string, settings: Settings): Promise<readonly Row[]>;
}

export interface Participant {
  readonly name: string;
  readonly title: string;
}

export interface Settings {
  /** A few minutes instead of an hour: fewer and shorter steps, smaller documents, one round. */
  readonly quick: boolean;
  /** Counted from 0. */
  readonly round: number;
  /** File of a recorded editing history; none is `undefined`. */
  readonly trace: string | undefined;
}

/** Figures of one participant for one table. A figure that does not apply is left out. */
export interface Row {
  readonly table: string;
  readonly figures: Figures;
}

/** Null is what was tried and failed. */
export type Figures = Readonly<Record<string, number | null>>;

export interface Table {
  readonly name: string;
  readonly title: string;
  /** What the figures mean, in Markdown. */
  readonly about: string;
  readonly columns: readonly Column[];
  /** Figures without a column of their own, for those that show another's. */
  readonly qualifiers?: readonly string[];
}

export interface Column {
  readonly figure: string;
  readonly title: string;
  /** How a figure is written; the others of its row are there to qualify it. */
  show(value: number, row: Figures): string;
  /** The participant that the others are compared with, as a ratio behind the figure. */
  readonly base?: string;
}

/** A row of one round, as it is recorded. */
export interface Measurement {
  readonly workload: WorkloadName;
  readonly participant: string;
  readonly round: number;
  /** Processors' worth of other people's work on the machine meanwhile. */
  readonly foreign: number;
  readonly result: readonly Row[] | { readonly failure: string };
}
