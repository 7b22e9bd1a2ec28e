/** `verso serve`: runs a relay until it is told to stop. */
import {
  closeOnSignal,
  createLogger,
  environmentName,
  listen,
  monitorOn,
  readConfig,
  type SettingName,
  settingsSchema,
} from "@verso/server";
import { Command, Option } from "commander";

export function serveCommand(): Command {
  const command = new Command("serve")
    .description("run a relay")
    .argument("[folder]", "the same as --data")
    .option("--data <folder>", "folder of the LevelDB store (env: VERSO_DATA, default: ./data)")
    .option(
      "--config <file>",
      "configuration file (default: verso.config.ts in the working folder, if there is one)",
    );
  for (const [name, schema] of Object.entries(settingsSchema.shape)) {
    const flag = name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);
    const fallback = String(schema.parse(undefined)) || "none";
    command.addOption(
      new Option(
        `--${flag} <value>`,
        `${schema.description} (env: ${environmentName(name)}, default: ${fallback})`,
      ),
    );
  }
  return command
    .option("--monitor", "show what happens, contents of documents included (env: MONITORING=true)")
    .addHelpText(
      "after",
      "\nFlags stand above the environment, the environment above the configuration file.",
    )
    .action(serve);
}

interface Flags extends Partial<Record<SettingName | "data", string>> {
  readonly config?: string;
  readonly monitor?: boolean;
}

async function serve(
  folder: string | undefined,
  { config: file, monitor: isMonitored = process.env.MONITORING === "true", ...flags }: Flags,
): Promise<void> {
  const data = folder === undefined ? {} : { data: folder };
  const config = await readConfig({ file, flags: { ...data, ...flags }, environment: process.env });
  const { stdout, stderr } = process;
  const logger = createLogger(config, { to: isMonitored ? stderr : stdout });
  const relay = await listen(config, { logger, ...(isMonitored ? { monitor: monitorOn(stdout) } : {}) });
  closeOnSignal(relay, logger);
}
