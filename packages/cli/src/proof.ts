/** `verso prove`, `verso check-proof` and `verso keygen`: that the past is what it was, for who was not there. */
import { generateKeyPairSync } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { proofOf } from "@verso/server";
import {
  type CommitActor,
  checkProof,
  formatProof,
  type InclusionProof,
  type ProofResult,
  readPrivateKey,
  readPublicKey,
} from "@verso/storage";
import { Command } from "commander";
import { toDocumentId, toWholeNumber } from "./arguments.js";
import { CliError } from "./errors.js";
import { ExitCode } from "./exit-code.js";
import { openFolder } from "./folder.js";
import { type Place, type PlaceFlags, placeOf, withPlace } from "./place.js";
import { createRelayApi } from "./relay-api.js";

export function proveCommand(): Command {
  return withPlace(new Command("prove"))
    .description("prove that a commit belongs to a document's history; prints the proof")
    .argument("<document>", "id of the document", toDocumentId)
    .argument("<sequence>", "sequence of the commit", toWholeNumber)
    .option("--signing-key <file>", "private key that signs the head when none is signed; with --data only")
    .action(prove);
}

interface ProveFlags extends PlaceFlags {
  readonly signingKey?: string;
}

async function prove(
  document: string,
  sequence: number,
  { signingKey, ...flags }: ProveFlags,
): Promise<void> {
  const proof = await fetchProof(placeOf(flags, process.env), { document, sequence, signingKey });
  const checked = checkProof(proof);
  if (checked.outcome === "refuted") {
    throw new CliError("relay-failed", `What the relay gives is no proof: ${checked.detail}.`);
  }
  process.stdout.write(proof);
  if (checked.signed === null) {
    console.error("The head is not signed: whoever checks the proof must know its hash from elsewhere.");
  }
}

async function fetchProof(
  place: Place,
  { document, sequence, signingKey }: { document: string; sequence: number; signingKey: string | undefined },
): Promise<string> {
  switch (place.type) {
    case "relay": {
      if (signingKey !== undefined) {
        throw new CliError("bad-request", "--signing-key: a relay signs with the key of its configuration.");
      }
      const path = `/api/documents/${encodeURIComponent(document)}/proof?sequence=${sequence}`;
      // Checked by what it proves; written in the form of JCS it has the bytes again that the relay sent.
      const parse = (json: unknown) => formatProof(json as InclusionProof);
      return createRelayApi(place).request("GET", path, { parse });
    }
    case "folder": {
      const privateKey = signingKey === undefined ? undefined : await readKeyFile(signingKey, readPrivateKey);
      const signer = privateKey === undefined ? undefined : { privateKey, now: Date.now };
      await using ledger = await openFolder(place.folder);
      const proof = await proofOf(ledger, document, { sequence, signer });
      if (proof === undefined) {
        throw new CliError(
          "not-found",
          `There is no commit ${sequence} of "${document}" in ${place.folder}.`,
        );
      }
      return proof;
    }
  }
}

export function checkProofCommand(): Command {
  return new Command("check-proof")
    .description("check a proof, with nothing but the proof, and say what it proves")
    .argument("<file>", "the proof")
    .option("--key <public>", "public key by which the head must be signed: a PEM file, or 64 hex digits")
    .option("--json", "what is proven as one JSON object")
    .action(check);
}

async function check(
  file: string,
  { key, json = false }: { readonly key?: string; readonly json?: boolean },
): Promise<void> {
  const publicKey = key === undefined ? undefined : await readPublic(key);
  const text = await readText(file);
  const result = checkProof(text, publicKey === undefined ? {} : { key: publicKey });
  console.log(json ? JSON.stringify(result) : describe(result));
  if (result.outcome === "refuted") process.exitCode = ExitCode.verificationFailed;
  else if (result.signed === null) {
    console.error("Nobody vouches for the head: compare its hash with one that you know from elsewhere.");
  } else if (publicKey === undefined) {
    console.error("The head is signed by a key that you did not name: compare it, or give --key.");
  }
}

function describe(result: ProofResult): string {
  if (result.outcome === "refuted") return `refuted (${result.code}): ${result.detail}`;
  const { document, commit, digests, head, signed } = result;
  const rows = [
    ["document", document],
    ["commit", commit.revision],
    ["hash", commit.hash],
    ["kind", commit.kind],
    ["actor", describeActor(commit.actor)],
    ["time", new Date(commit.time).toISOString()],
    ...Object.entries(digests).map(([part, digest]) => [
      part,
      digest === null ? "empty" : `sha256 ${digest}`,
    ]),
    ["head", head.revision],
    ["head hash", head.hash],
    ["signed", signed === null ? "no" : `${signed.time} by ${signed.key}`],
  ];
  return ["proven", ...rows.map(([name = "", value = ""]) => `  ${name.padEnd(9)}  ${value}`)].join("\n");
}

function describeActor({ user, session, tenant }: CommitActor): string {
  const of = tenant === undefined ? user : `${user} of ${tenant}`;
  return session === undefined ? of : `${of}, session ${session}`;
}

export function keygenCommand(): Command {
  return new Command("keygen")
    .description("make a key pair that signs heads: Ed25519, in PEM as openssl writes it")
    .argument("<file>", "file of the private key; the public one goes to the same name with .pub")
    .action(keygen);
}

async function keygen(file: string): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
  try {
    // Never over a key that is there: what it has signed could not be checked any more.
    await writeFile(file, privateKey.export({ type: "pkcs8", format: "pem" }), { flag: "wx", mode: 0o600 });
    await writeFile(`${file}.pub`, pem, { flag: "wx" });
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new CliError("bad-request", `The key cannot be written: ${detail}`, { cause });
  }
  console.log(readPublicKey(pem));
}

async function readPublic(key: string): Promise<string> {
  return /^[0-9a-fA-F]{64}$/.test(key) ? readPublicKey(key) : readKeyFile(key, readPublicKey);
}

async function readKeyFile<T>(file: string, read: (pem: string) => T): Promise<T> {
  const pem = await readText(file);
  try {
    return read(pem);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new CliError("bad-request", `${file}: ${cause.message}.`, { cause });
  }
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new CliError("not-found", `It cannot be read: ${detail}`, { cause });
  }
}
