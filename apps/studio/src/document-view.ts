/** One side of a difference as one reads it: texts as texts, everything else as a tree of members. */
import { type Json, type JsonObject, toPointer } from "@verso/bridge";
import type { Side, Stretch, View } from "./document-difference.js";
import { element, spoken } from "./element.js";

/**
 * Each member has its JSON Pointer in `data-pointer`, and can be given the focus; texts among the roots have
 * `data-text` also, and consist of nothing but their units.
 */
export function documentView(document: View, side: Side): HTMLElement[] {
  const roots = membersOf(document);
  const texts = roots.filter(([, view]) => isText(view));
  const others = roots.filter(([, view]) => !isText(view));
  const isNamed = roots.length > 1;
  return [
    ...texts.flatMap(([name, view]) => [
      ...(isNamed ? [element("h4", { class: "doc-root" }, String(name))] : []),
      textBlock(String(name), { view, side }),
    ]),
    ...(others.length === 0 ? [] : [tree(others, { path: [], side, isMarked: false })]),
  ];
}

interface Place {
  /** Of what holds it. */
  readonly path: readonly (string | number)[];
  readonly side: Side;
  /** Whether all of it is on this side only. */
  readonly isMarked: boolean;
}

type Member = readonly [name: string | number, view: View];

function textBlock(name: string, { view, side }: { view: View; side: Side }): HTMLElement {
  const stretches = stretchesOf(view);
  if (stretches.every(({ text }) => text === ""))
    return element("p", { class: "doc-empty" }, "Nothing is written.");
  return element(
    "p",
    {
      class: "doc-text",
      "data-pointer": toPointer([name]),
      "data-text": true,
      tabindex: 0,
      role: "group",
      "aria-label": `Text of ${name}; the arrow keys go from author to author`,
    },
    ...stretches.map(stretch => marked(stretch, side)),
  );
}

function tree(members: readonly Member[], place: Place): HTMLElement {
  return element("ul", { class: "doc-tree" }, ...members.map(member => row(member, place)));
}

function row([name, view]: Member, { path, side, isMarked }: Place): HTMLElement {
  const own: Place = {
    path: [...path, name],
    side,
    isMarked: isMarked || (view.kind === "value" && view.isMarked),
  };
  const members = membersOf(view);
  const label = element("span", { class: "doc-key" }, String(name));
  const isHolder = isContainer(view);
  const line = element(
    "span",
    {
      class: own.isMarked ? `doc-member doc-member-${side}` : "doc-member",
      "data-pointer": toPointer(own.path),
      tabindex: -1,
    },
    label,
    ...(own.isMarked ? [spoken(side === "before" ? " deleted since: " : " new since: ")] : []),
    ...(isHolder ? (members.length === 0 ? [remark("empty")] : []) : valueNodes(view, own)),
  );
  return element("li", {}, line, ...(members.length === 0 ? [] : [tree(members, own)]));
}

function valueNodes(view: View, { side, isMarked }: Place): Node[] {
  if (view.kind === "text") return view.stretches.map(stretch => marked(stretch, side));
  const text = view.kind === "value" ? valueText(view.json) : "";
  return [marked({ text, isMarked }, side)];
}

function marked({ text, isMarked }: Stretch, side: Side): HTMLElement {
  if (!isMarked) return element("span", {}, text);
  return element(side === "before" ? "del" : "ins", {}, text);
}

function membersOf(view: View): readonly Member[] {
  if (view.kind === "object") return view.members;
  if (view.kind === "array") return view.elements.map((element, index) => [index, element]);
  if (view.kind === "text" || typeof view.json !== "object" || view.json === null) return [];
  const { json, isMarked } = view;
  const toView = (member: Json): View => ({ kind: "value", json: member, isMarked });
  return Array.isArray(json)
    ? json.map((member: Json, index) => [index, toView(member)])
    : Object.entries(json as JsonObject).map(([key, member]) => [key, toView(member)]);
}

function isContainer(view: View): boolean {
  if (view.kind === "value") return typeof view.json === "object" && view.json !== null;
  return view.kind !== "text";
}

function isText(view: View): boolean {
  return view.kind === "text" || (view.kind === "value" && typeof view.json === "string");
}

function stretchesOf(view: View): readonly Stretch[] {
  if (view.kind === "text") return view.stretches;
  return view.kind === "value" ? [{ text: String(view.json), isMarked: view.isMarked }] : [];
}

function valueText(json: Json): string {
  return typeof json === "string" && json !== "" ? json : JSON.stringify(json);
}

function remark(text: string): HTMLElement {
  return element("span", { class: "remark" }, text);
}
