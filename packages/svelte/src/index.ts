// The client that components share

export type { ClientOption, DocumentId } from "./bound-state.js";
export { getVerso, setVerso } from "./context.js";

// Documents and what is known of them: what is read in an effect or a template is followed

export { DocumentState } from "./document-state.js";
export { HistoryState, type HistoryStateOptions, UndoState } from "./history-state.js";
export { OthersState, PresenceState, SelfState } from "./presence-state.js";
export { RejectionsState } from "./rejections-state.js";
export { ReplicaState } from "./replica-state.js";
export type { Selection } from "./selection.js";
export { StatusState, UnsyncedChangesState } from "./status-state.js";
export { TextState } from "./text-state.js";

// For selections

export { shallow } from "@verso/client/binding";
