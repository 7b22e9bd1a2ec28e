/** The network of one device, to be made worse. */
import { element } from "./element.js";
import type { Conditions, LabNetwork } from "./lab-network.js";

export function createNetworkControls(network: LabNetwork): HTMLElement {
  const latency = createDial({
    label: "Latency",
    max: 2000,
    step: 50,
    words: value => `${value.toLocaleString("en")} ms`,
    onSet: value => network.set({ latency: value }),
  });
  const loss = createDial({
    label: "Loss",
    max: 40,
    step: 5,
    words: value => `${value} %`,
    onSet: value => network.set({ loss: value / 100 }),
  });
  const ways: Readonly<Record<Conditions["way"], string>> = {
    open: "Everything passes",
    "no-websockets": "WebSockets are blocked",
    silent: "Silent: nothing arrives",
  };
  const way = element(
    "select",
    { "aria-label": "What passes" },
    ...Object.entries(ways).map(([value, label]) => element("option", { value }, label)),
  );
  way.addEventListener("change", () => network.set({ way: way.value as Conditions["way"] }));
  const cut = element("button", { class: "small-button", type: "button" }, "Cut");
  cut.title = "End every connection now, with whatever is under way on it";
  cut.addEventListener("click", () => network.cut());
  return element(
    "fieldset",
    { class: "lab-network" },
    element("legend", { class: "spoken" }, "Network"),
    latency,
    loss,
    element("div", { class: "lab-way" }, way, cut),
  );
}

interface DialOptions {
  readonly label: string;
  readonly max: number;
  readonly step: number;
  readonly words: (value: number) => string;
  readonly onSet: (value: number) => void;
}

function createDial({ label, max, step, words, onSet }: DialOptions): HTMLElement {
  const input = element("input", { type: "range", min: 0, max, step, value: 0 });
  const shown = element("output", {}, words(0));
  const name = element("span", {}, label);
  input.setAttribute("aria-label", label);
  input.setAttribute("aria-valuetext", words(0));
  input.addEventListener("input", () => {
    const value = Number(input.value);
    shown.textContent = words(value);
    input.setAttribute("aria-valuetext", words(value));
    onSet(value);
  });
  return element("label", { class: "lab-dial" }, name, input, shown);
}
