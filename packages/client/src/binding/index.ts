// A document as bindings of frameworks read and edit it

export { type BindingClient, type Bound, bind } from "./bound.js";
export type { Other, Presence } from "./presence.js";
export type { RecentHistory } from "./recent-history.js";
export type { Register, RegisteredKinds } from "./registered-kinds.js";
export { type Store, select, shallow } from "./store.js";
export { textAt } from "./text-at.js";
export type { Undoing } from "./undoing.js";
