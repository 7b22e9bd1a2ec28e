/**
 * How a relay is set up: the configuration file, the environment and the flags, checked by one schema.
 *
 * Flags stand above the environment, the environment above the file, the file above the defaults. A fault stops the
 * start and names its place.
 */
import { resolve } from "node:path";
import type { JsonObject } from "@verso/bridge";
import { conflictStrategy, defaultFrameLimits } from "@verso/protocol";
import { openLevelBackend, type StorageBackend } from "@verso/storage";
import { defaultLimits, type Permissions, type Rule, type Sanitizers } from "@verso/validation";
import { loadConfig } from "c12";
import { z } from "zod";
import { type Access, defaultAccess } from "./access.js";
import { anonymous } from "./anonymous.js";
import { type Auth, type Authenticate, customAuth } from "./auth.js";
import { defaultDeliveryLimits } from "./delivery.js";
import { ServerError } from "./errors.js";
import { rootKinds } from "./kinds.js";
import { isLoopback } from "./origin.js";
import { defaultRejectionRetention } from "./rejections.js";
import { retentionSchema } from "./retention.js";
import { defaultPacing } from "./room.js";
import { defaultResidency } from "./rooms.js";
import { signingSchema } from "./signing.js";
import type { OnStateless } from "./stateless.js";
import { tokens } from "./tokens.js";

/** Where a relay keeps its ledger. */
export interface Storage {
  /** For logs: what it is and where. */
  readonly name: string;
  open(): Promise<StorageBackend>;
}

/** LevelDB in a folder, which is made if it is not there; one process at a time. */
export function level(folder: string): Storage {
  const path = resolve(folder);
  return { name: `LevelDB in ${path}`, open: () => openLevelBackend(path) };
}

const names = z.preprocess(
  value => (typeof value === "string" ? value.split(",").flatMap(name => name.trim() || []) : value),
  z.array(z.string().min(1)),
);

/** Ways of authentication that need no options. */
const authByName = {
  anonymous: () => anonymous(),
  public: () => anonymous({ anywhere: true }),
  tokens: () => tokens(),
} as const;

/** Who is let in: one by name, one that `anonymous`, `tokens` or `jwt` has made, or a function of one's own. */
const authSchema = z.union(
  [
    z.enum(["anonymous", "public", "tokens"]),
    z.custom<Auth>(value => typeof (value as Auth | null)?.open === "function"),
    z.custom<Authenticate>(value => typeof value === "function"),
  ],
  { error: 'expected "anonymous", "public", "tokens", anonymous(), tokens(), jwt() or a function' },
);

/** What flags and the environment can set as well as the file. The descriptions are the help texts. */
export const settingsSchema = z.strictObject({
  host: z.string().min(1).default("127.0.0.1").describe("address to listen on"),
  port: z.coerce
    .number()
    .int()
    .min(0)
    .max(65535)
    .default(8080)
    .describe("port to listen on; 0 takes a free one"),
  hosts: names
    .default([])
    .describe("host names beside localhost under which browsers reach the relay, with commas"),
  origins: names.default([]).describe("origins of other sites whose pages may use the relay, with commas"),
  auth: authSchema
    .default("anonymous")
    .describe("who is let in: anonymous (whoever is on this machine), public (anybody) or tokens"),
  logLevel: z
    .enum(["silent", "error", "warn", "info", "debug"])
    .default("info")
    .describe("silent, error, warn, info or debug"),
});

const reservedKeys = ["__proto__", "constructor", "prototype"];

const kindSchema = z.strictObject({
  /** The roots that every document of this kind has, present in its JSON from the beginning. */
  roots: z
    .record(z.string(), z.enum(rootKinds))
    .refine(roots => !reservedKeys.some(key => Object.hasOwn(roots, key)), {
      error: `no root may be called ${reservedKeys.join(", ")}`,
    })
    .default({}),
  /** The JSON of roots that the relay writes into a new document. */
  initial: z
    .custom<JsonObject>(isRecord, { error: "expected an object with a member for each root" })
    .optional(),
  /** A zod schema of the whole document: an object with a member for each root. */
  schema: z
    .custom<z.ZodType>(value => value instanceof z.ZodType, { error: "expected a zod schema" })
    .optional(),
  /** Whether keys that the schema does not name are refused, at every depth. */
  strict: z.boolean().optional(),
  /** Who may insert, update and delete what, by pointer pattern. */
  permissions: z
    .custom<Permissions>(isRecord, { error: "expected pointer patterns with roles or functions" })
    .optional(),
  /** What must hold between places of a document. */
  rules: z
    .custom<readonly Rule[]>(value => Array.isArray(value) && value.every(isRule), {
      error: "expected an array of rule({ … })",
    })
    .optional(),
  /** What cleans accepted texts, by pointer pattern. */
  sanitize: z
    .custom<Sanitizers>(value => isRecord(value) && Object.values(value as object).every(isFunction), {
      error: "expected pointer patterns with functions, such as html()",
    })
    .optional(),
  /** What becomes of a write made unseen, by pointer pattern. */
  conflicts: z.record(z.string(), z.enum(["merge", "server-wins", "latest-wins"])).optional(),
  /** What becomes of a patch that a program made unseen, where neither it nor `conflicts` says so. */
  jsonConflicts: conflictStrategy.optional(),
  /** Where a new string that a program writes becomes a shared text, by pointer pattern. */
  texts: z.array(z.string()).optional(),
});

function isRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isFunction(value: unknown): boolean {
  return typeof value === "function";
}

function isRule(value: unknown): boolean {
  return isRecord(value) && typeof (value as { check?: unknown }).check === "function";
}

/** Defaults with the numbers that may be overridden. */
function numbers<T extends Record<keyof T, number>>(defaults: T) {
  const shape = Object.fromEntries(
    Object.entries<number>(defaults).map(([name, value]) => [name, z.number().nonnegative().default(value)]),
  );
  // Object.fromEntries forgets the names; the schema has exactly those of the defaults.
  const schema = z.strictObject(shape) as unknown as z.ZodType<T, Partial<T>>;
  return schema.prefault({});
}

/** Bytes that a socket takes before it asks its writer to wait: 64 KiB since Node.js 22, and less before. */
const socketBuffer = 64 * 1024;

const configSchema = settingsSchema
  .extend({
    storage: z
      .custom<Storage>(value => typeof (value as Storage | null)?.open === "function", {
        error: 'expected a storage, such as level("./data")',
      })
      .default(() => level("./data")),
    /** The kinds of documents, by the pattern of their ids. Without any, every document is allowed. */
    documents: z.record(z.string().min(1), kindSchema).default({ "*": { roots: {} } }),
    /** What somebody may do with a document as a whole. */
    access: z
      .custom<Access>(value => typeof value === "function", { error: "expected a function" })
      .default(() => defaultAccess),
    /** Whether a WebSocket may bring its token in the URL, where it ends in the logs of others. */
    tokenInUrl: z.boolean().default(false),
    /** Milliseconds in which it must be settled who somebody is and what he may do. */
    authDeadline: z.number().positive().default(5000),
    /** Whether messages are compressed: less traffic, for some 225 KiB of memory a connection. */
    deflate: z.boolean().default(false),
    /** Bytes of encoded state from which a document takes no more. */
    documentBytes: z
      .number()
      .int()
      .positive()
      .default(50 * 1024 * 1024),
    /** Told of the stateless messages of Hocuspocus clients, which otherwise go nowhere. */
    onStateless: z.custom<OnStateless>(isFunction, { error: "expected a function" }).optional(),
    limits: numbers(defaultLimits),
    frameLimits: numbers(defaultFrameLimits),
    delivery: numbers(defaultDeliveryLimits).refine(({ resyncAt }) => resyncAt >= socketBuffer, {
      path: ["resyncAt"],
      error: `expected at least ${socketBuffer}, what a socket buffers`,
    }),
    pacing: numbers(defaultPacing),
    residency: numbers(defaultResidency),
    /** How long it is kept what was taken back. */
    rejections: numbers(defaultRejectionRetention),
    /** How long updates and changes are kept; for ever if it does not say. */
    retention: retentionSchema,
    /** Heads of documents are signed and exported, if it says so. */
    signing: signingSchema.optional(),
  })
  .refine(({ auth, host }) => authOf(auth).anonymous !== "on-loopback" || isLoopback(host), {
    path: ["auth"],
    error: 'a relay that others can reach says who is let in: "tokens" for instance, or "public" for anybody',
  });

/** What a configuration file says; everything has a default. */
export type ConfigInput = z.input<typeof configSchema>;
/** A checked configuration with all defaults in place. */
export type Config = z.output<typeof configSchema>;
/** Names of what flags and the environment can set. */
export type SettingName = keyof typeof settingsSchema.shape;

/** The authentication that a setting stands for. */
export function authOf(setting: z.output<typeof authSchema>): Auth {
  if (typeof setting === "string") return authByName[setting]();
  return typeof setting === "function" ? customAuth(setting) : setting;
}

/** Gives a configuration file its types; it is checked when the relay starts. */
export function defineConfig(config: ConfigInput): ConfigInput {
  return config;
}

/** Checks a configuration. Throws `config-invalid` with the path of the first fault. */
export function checkConfig(input: unknown): Config {
  const checked = configSchema.safeParse(input);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  const path = issue?.path.join(".") ?? "";
  throw new ServerError(
    "config-invalid",
    `The configuration is not valid at ${path || "its top"}: ${issue?.message}`,
    {
      path,
    },
  );
}

export interface ConfigSources {
  /** The configuration file; without it, `verso.config.*` in the working folder, if there is one. */
  readonly file?: string | undefined;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** What flags have set, `data` being the folder of a LevelDB store. */
  readonly flags?: Partial<Readonly<Record<SettingName | "data", unknown>>>;
}

/** Reads the configuration from all its sources. Throws `config-invalid` or `config-unreadable`. */
export async function readConfig({
  file,
  environment = {},
  flags = {},
}: ConfigSources = {}): Promise<Config> {
  const input: Record<string, unknown> = { ...(await readFile(file)) };
  for (const name of Object.keys(settingsSchema.shape)) {
    const value = environment[environmentName(name)] ?? (name === "port" ? environment.PORT : undefined);
    if (value !== undefined && value !== "") input[name] = value;
  }
  const folder = flags.data ?? environment[environmentName("data")];
  if (typeof folder === "string" && folder !== "") input.storage = level(folder);
  for (const [name, value] of Object.entries(flags)) {
    if (name !== "data" && value !== undefined) input[name] = value;
  }
  return checkConfig(input);
}

/** The environment variable of a setting: `logLevel` is `VERSO_LOG_LEVEL`. */
export function environmentName(setting: string): string {
  return `VERSO_${setting.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase()}`;
}

async function readFile(file: string | undefined): Promise<object> {
  try {
    const { config } = await loadConfig<ConfigInput>({
      name: "verso",
      ...(file === undefined ? {} : { configFile: resolve(file), configFileRequired: true }),
      rcFile: false,
      globalRc: false,
      packageJson: false,
      dotenv: false,
    });
    return config ?? {};
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    if (isConfigInvalid(cause)) throw new ServerError("config-invalid", detail, { cause, path: cause.path });
    throw new ServerError("config-unreadable", `The configuration file cannot be read: ${detail}`, { cause });
  }
}

/** A fault that what the file calls has found; the file may have loaded this package a second time. */
function isConfigInvalid(cause: unknown): cause is Error & { readonly path: string } {
  return cause instanceof Error && "path" in cause && "code" in cause && cause.code === "config-invalid";
}
