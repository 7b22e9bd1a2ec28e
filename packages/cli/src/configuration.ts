/** The configuration of a folder's relay, for a command that judges as that relay would. */
import { type Config, createKinds, type Kinds, readConfig } from "@verso/server";

export const configHelp =
  "configuration file (default: verso.config.ts in the working folder, if there is one)";

/** What the file and the environment say, found as `verso serve` finds it. */
export async function readConfiguration(file: string | undefined): Promise<{ config: Config; kinds: Kinds }> {
  const config = await readConfig({ file, environment: process.env });
  const kinds = createKinds(config.documents, {
    onRuleFailure: (rule, cause) => console.error(`rule "${rule}" failed:`, cause),
  });
  return { config, kinds };
}
