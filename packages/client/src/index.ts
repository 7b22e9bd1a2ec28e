export { browserPersistence } from "./browser-persistence.js";
export { browserTabs } from "./browser-tabs.js";
export { type Client, type ClientOptions, createClient, type WebSocketLike } from "./client.js";
export type { Replica, ReplicaStatus } from "./document.js";
export { ClientError } from "./errors.js";
export { memoryPersistence } from "./memory-persistence.js";
export type { OutboxRecord, Persistence, ReplicaStore, Tabs } from "./persistence.js";
