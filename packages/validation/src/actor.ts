/** Who is acting: whom a transaction is judged by, and whose name stands in its commit. */
export interface Actor {
  readonly user: string;
  readonly session: string;
  readonly tenant?: string | undefined;
  readonly roles: readonly string[];
  /** How secret a thing may be that the actor sees; higher sees more. */
  readonly clearance?: number | undefined;
  readonly compartments?: readonly string[] | undefined;
}
