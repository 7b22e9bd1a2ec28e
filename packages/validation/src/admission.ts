/**
 * Decides whether a new struct may be where Yjs would put it.
 */
import { kindOf, rootOf } from "./document.js";
import { FormatCount } from "./format-keys.js";
import type { Inspection, Progress } from "./inspection.js";
import { canHold, depthIn, type Kind, NewType, type Parent, type Place } from "./place.js";
import { DELETED, FORMAT, type Struct, SUBDOCUMENT, TYPE } from "./update.js";

export class Admission {
  readonly #inspection: Inspection;
  #formats: FormatCount | null = null;

  constructor(inspection: Inspection) {
    this.#inspection = inspection;
  }

  judge(progress: Progress, struct: Struct, place: Place): void {
    const inspection = this.#inspection;
    const { content, at } = struct;
    const kind = this.#kindOf(place.parent);
    if (kind === "undeclared") {
      inspection.offend("undeclared-root", "in a root that is not declared", at);
    } else if (kind !== "any" && !canHold(kind, place.key !== null, content)) {
      const what = place.key === null ? "an element" : "an entry";
      inspection.offend("wrong-shape", `${what} of content ${content} in a type of kind ${kind}`, at);
    }
    if (place.key !== null && content !== DELETED) {
      // Yjs takes all values of a key but the last to be deleted, and throws over one that is not when it collects
      // their parent. A client that keeps garbage joins values, but only deleted ones.
      const length = struct.clock + struct.length - Math.max(struct.clock, progress.known);
      if (length > 1) {
        progress.longEntries ??= [];
        progress.longEntries.push(struct);
      }
    }
    if (struct.forbiddenAt >= 0) inspection.offend("forbidden-key", "a forbidden name", struct.forbiddenAt);
    if (content === SUBDOCUMENT) inspection.offend("subdocument", "a subdocument", at);
    else if (content === TYPE) this.#judgeDepth(struct, place.parent);
    else if (content === FORMAT) this.#judgeFormat(struct, place.parent);
  }

  kindOfRoot(name: string): Kind {
    const { roots } = this.#inspection.context;
    return roots === null ? "any" : (roots.get(name) ?? "undeclared");
  }

  #kindOf(parent: Parent): Kind {
    if (parent instanceof NewType) return parent.kind;
    const kind = kindOf(parent);
    if (kind !== "root") return kind;
    const { roots, rootKinds, doc } = this.#inspection.context;
    if (roots === null) return "any";
    let declared = rootKinds.get(parent);
    if (declared === undefined) {
      declared = "undeclared";
      for (const [name, of] of roots) if (rootOf(doc, name) === parent) declared = of;
      rootKinds.set(parent, declared);
    }
    return declared;
  }

  #judgeDepth(struct: Struct, parent: Parent): void {
    const { typeDepth } = this.#inspection.bounds;
    if (depthIn(parent, typeDepth) <= typeDepth) return;
    const detail = `more than ${typeDepth} shared types inside each other`;
    this.#inspection.reader.exceed("type-too-deep", detail, struct.at);
  }

  #judgeFormat(struct: Struct, parent: Parent): void {
    const { bounds, context, reader } = this.#inspection;
    this.#formats ??= new FormatCount(context.formatKeys, bounds.formatKeys);
    const key = reader.decode(struct.formatFrom, struct.formatTo);
    const admitted =
      parent instanceof NewType ? this.#formats.admitsNew(parent, key) : this.#formats.admits(parent, key);
    if (admitted) {
      if (!(parent instanceof NewType)) this.#inspection.work.reformat(parent);
      return;
    }
    const detail = `more than ${bounds.formatKeys} different format keys in one text`;
    reader.exceed("too-many-format-keys", detail, struct.at);
  }
}
