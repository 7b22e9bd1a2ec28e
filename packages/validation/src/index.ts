export { createFirewall } from "./firewall.js";
export { updateRanges } from "./update.js";
