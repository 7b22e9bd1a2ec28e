/** `npm run build`: everything, each package into its own `dist`; what has not changed is not built again. */
import { ensureInstalled } from "./install.mjs";
import { fail, run } from "./run.mjs";

export async function ensureBuilt() {
  await ensureInstalled();
  await run("turbo", ["run", "build", "--output-logs=errors-only", "--log-order=grouped"]);
}

if (import.meta.filename === process.argv[1]) {
  await ensureBuilt().catch(error => fail(error.message));
}
