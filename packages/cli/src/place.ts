/**
 * Where a command that writes does so: at a running relay, or in a folder that no relay uses.
 *
 * LevelDB admits one process, so as long as a relay runs it is the relay that must write.
 */
import { type Command, Option } from "commander";

export interface PlaceFlags {
  readonly url?: string;
  readonly token?: string;
  readonly data?: string;
}

export type Place =
  | { readonly type: "relay"; readonly url: string; readonly token: string | undefined }
  | { readonly type: "folder"; readonly folder: string };

/** Adds the flags by which a place is given. */
export function withPlace(command: Command): Command {
  return command
    .addOption(new Option("--url <url>", "address of the running relay (env: VERSO_URL)").conflicts("data"))
    .option("--token <token>", "API token with the right to it (better in env: VERSO_TOKEN)")
    .option(
      "--data <folder>",
      "folder of the LevelDB store, while no relay runs (env: VERSO_DATA, default: ./data)",
    );
}

export function placeOf({ url, token, data }: PlaceFlags, environment: NodeJS.ProcessEnv): Place {
  const address = url ?? (data === undefined ? environment.VERSO_URL : undefined);
  if (address !== undefined && address !== "") {
    return { type: "relay", url: address, token: token ?? environment.VERSO_TOKEN };
  }
  return { type: "folder", folder: data ?? (environment.VERSO_DATA || "./data") };
}
