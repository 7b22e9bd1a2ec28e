/** A button that copies something, and says so. */
import { element, spoken } from "./element.js";
import { icon } from "./icon.js";

/** `label` says what is copied. */
export function createCopyButton({ label, text }: { label: string; text: string }): HTMLElement {
  const said = element("span", { class: "spoken", role: "status" });
  const button = element(
    "button",
    { class: "icon-button", type: "button", title: label },
    icon("copy"),
    spoken(label),
    said,
  );
  button.addEventListener("click", async () => {
    if (!(await copy(text))) {
      prompt(`${label}:`, text);
      return;
    }
    button.firstElementChild!.replaceWith(icon("check"));
    said.textContent = "Copied";
    setTimeout(() => {
      button.firstElementChild!.replaceWith(icon("copy"));
      said.textContent = "";
    }, 1600);
  });
  return button;
}

/** Browsers have a clipboard on localhost and under https only, and may ask or refuse there too. */
async function copy(text: string): Promise<boolean> {
  if (!("clipboard" in navigator)) return false;
  return navigator.clipboard.writeText(text).then(
    () => true,
    () => false,
  );
}
