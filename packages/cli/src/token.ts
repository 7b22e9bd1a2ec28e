/** `verso token`: gives out API tokens, lists them, and takes them back. */
import { type TokenDescription, type TokenRequest, tokenRequest } from "@verso/protocol";
import { Command, InvalidArgumentError } from "commander";
import { toNames } from "./arguments.js";
import { CliError } from "./errors.js";
import { type PlaceFlags, placeOf, withPlace } from "./place.js";
import { openTokens } from "./tokens.js";

export function tokenCommand(): Command {
  const create = withPlace(new Command("create"))
    .description("give out a token; its secret is printed now and never again")
    .requiredOption("--user <id>", "whose it is")
    .option("--roles <names>", "with commas", toNames, [])
    .option("--tenant <id>", "the tenant of the user")
    .option("--clearance <level>", "how secret a thing may be that he sees", toLevel, 0)
    .option("--compartments <names>", "with commas", toNames, [])
    .option("--expires <when>", "a time, or how long: 30d, 12h, 2030-01-01 (default: never)", toTime)
    .option("--json", "all that is known of it, as one JSON object")
    .action(createToken);
  const list = withPlace(new Command("list"))
    .description("list all tokens, those that do not hold any more too")
    .option("--json", "one JSON object a line")
    .action(listTokens);
  const revoke = withPlace(new Command("revoke"))
    .description("take a token back, and end what it has opened")
    .argument("<id>", "the token's id: what stands before the dot")
    .action(revokeToken);
  return new Command("token")
    .description("give out API tokens, list them, and take them back")
    .addCommand(create)
    .addCommand(list)
    .addCommand(revoke);
}

interface CreateFlags extends PlaceFlags {
  readonly user: string;
  readonly roles: string[];
  readonly tenant?: string;
  readonly clearance: number;
  readonly compartments: string[];
  readonly expires?: string;
  readonly json?: boolean;
}

async function createToken({ json = false, expires, ...flags }: CreateFlags): Promise<void> {
  const { user, roles, tenant, clearance, compartments } = flags;
  const request: TokenRequest = {
    ...{ user, roles, clearance, compartments },
    ...(tenant === undefined ? {} : { tenant }),
    ...(expires === undefined ? {} : { expires_at: expires }),
  };
  const fault = tokenRequest.safeParse(request).error?.issues[0];
  if (fault !== undefined)
    throw new CliError("bad-request", `--${fault.path[0]?.toString()}: ${fault.message}`);
  await using tokens = await openTokens(placeOf(flags, process.env), { creating: true });
  const created = await tokens.create(request);
  console.log(json ? JSON.stringify(created) : created.token);
  if (!json) console.error(`${describe(created)}\nKeep the token: it cannot be shown again.`);
}

async function listTokens({ json = false, ...flags }: PlaceFlags & { json?: boolean }): Promise<void> {
  await using tokens = await openTokens(placeOf(flags, process.env), { creating: false });
  for await (const token of tokens.list()) console.log(json ? JSON.stringify(token) : describe(token));
}

async function revokeToken(id: string, flags: PlaceFlags): Promise<void> {
  await using tokens = await openTokens(placeOf(flags, process.env), { creating: false });
  console.log(describe(await tokens.revoke(id)));
}

function describe(token: TokenDescription): string {
  const { id, user, tenant, roles, clearance, compartments } = token;
  const of = tenant === null ? user : `${user} of ${tenant}`;
  const rights = [
    ...(roles.length === 0 ? [] : [`roles ${roles.join(",")}`]),
    ...(clearance === 0 ? [] : [`clearance ${clearance}`]),
    ...(compartments.length === 0 ? [] : [`compartments ${compartments.join(",")}`]),
  ];
  return [id, of, ...rights, stateOf(token)].join("  ");
}

function stateOf({ created_at, expires_at, revoked_at }: TokenDescription): string {
  if (revoked_at !== null) return `revoked ${revoked_at}`;
  if (expires_at === null) return `valid since ${created_at}`;
  return Date.parse(expires_at) <= Date.now() ? `expired ${expires_at}` : `valid until ${expires_at}`;
}

function toLevel(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("It is a whole number, 0 or more.");
  return Number(text);
}

const units = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 } as const;

function toTime(text: string): string {
  const [, count, unit] = /^(\d{1,6})([mhdw])$/.exec(text) ?? [];
  const isDate = /^\d{4}-\d\d-\d\d/.test(text);
  const time =
    unit === undefined ? Date.parse(isDate ? text : "") : Date.now() + Number(count) * toMilliseconds(unit);
  if (Number.isNaN(time)) throw new InvalidArgumentError("Write 30d, 12h, 45m, 2w or an ISO date.");
  if (time <= Date.now()) throw new InvalidArgumentError("That is over already.");
  return new Date(time).toISOString();
}

function toMilliseconds(unit: string): number {
  return units[unit as keyof typeof units];
}
