export { arbitraryUpdate } from "./arbitrary.js";
export { type Answer, type AwarenessBomb, awarenessBombs, type Bomb, bombs } from "./bombs.js";
export {
  type CraftedContent,
  type CraftedStruct,
  type CraftedUpdate,
  craftUpdate,
  type Id,
} from "./craft.js";
export { between, createRandom, editOnce, type HonestHistory, honestHistory, type Random } from "./honest.js";
export { mutate } from "./mutate.js";
