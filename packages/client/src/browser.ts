// `@verso/client/browser`: what a browser keeps of documents, and the tabs that share it

export { type BrowserPersistenceOptions, browserPersistence } from "./browser-persistence.js";
export { type BrowserTabs, type BrowserTabsOptions, browserTabs } from "./browser-tabs.js";
