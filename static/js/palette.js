// The command palette, and the keys: Ctrl-K opens it; "/" and "?" unless the person switched single keys off.

const palette = document.getElementById("palette");
const input = document.getElementById("palette-input");
const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
const hits = () => document.getElementById("palette-hits");
const options = () => [...hits().querySelectorAll("[role=option]")];
const chosen = () => hits().querySelector("[aria-selected=true]");

if (isMac) for (const key of document.querySelectorAll("[data-modifier]")) key.textContent = "⌘";

const open = () => {
  if (document.querySelector("dialog[open]")) return;
  document.getElementById("main-nav")?.hidePopover?.();
  palette.showModal();
  input.select();
};

// ---- choosing: focus stays in the field, `aria-activedescendant` says which option is meant ----

const choose = (option) => {
  chosen()?.setAttribute("aria-selected", "false");
  if (!option) return input.removeAttribute("aria-activedescendant");
  option.setAttribute("aria-selected", "true");
  option.scrollIntoView({ block: "nearest" });
  input.setAttribute("aria-activedescendant", option.id);
};
const step = (by) => {
  const all = options();
  if (all.length) choose(all[(all.indexOf(chosen()) + by + all.length) % all.length]);
};

// Who types and presses Enter at once means the answer that is still on its way.
let isEager = false;
let inNewTab = false;
const go = (option) => {
  isEager = false;
  if (!option) return;
  if (inNewTab) window.open(option.href, "_blank", "noopener");
  else location.assign(option.href);
};
const isAnswered = () => hits().dataset.for?.trim() === input.value.trim();

input?.addEventListener("keydown", (event) => {
  if (event.isComposing) return; // Enter ends a word of an input method
  const act = { ArrowDown: () => step(1), ArrowUp: () => step(-1), Escape: () => palette.close() }[event.key];
  if (act) {
    event.preventDefault();
    act();
  } else if (event.key === "Enter") {
    event.preventDefault();
    inNewTab = event.metaKey || event.ctrlKey;
    if (isAnswered()) go(chosen());
    else isEager = true;
  }
});
input?.addEventListener("input", () => (isEager = false));
palette?.addEventListener("pointermove", (event) => {
  const option = event.target.closest("[role=option]");
  if (option && option !== chosen()) choose(option);
});
palette?.addEventListener("click", (event) => event.target === palette && palette.close());

const say = (words) => (document.getElementById("palette-said").textContent = words);
palette?.addEventListener("htmx:afterSwap", () => {
  const count = Number(hits().dataset.count);
  choose(options()[0]);
  say(count ? `${count} result${count === 1 ? "" : "s"}` : "Nothing found");
  if (isEager && isAnswered()) go(chosen());
});
for (const type of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
  palette?.addEventListener(type, () => {
    isEager = false;
    say("The search did not answer. Try again.");
    document.getElementById("palette-said").classList.remove("visually-hidden");
  });
}
palette?.addEventListener("htmx:beforeSwap", () => {
  document.getElementById("palette-said").classList.add("visually-hidden");
});

// ---- keys ----

const isTyping = (place) => Boolean(place.closest?.("input, textarea, select, [contenteditable]"));
const searchHere = () => {
  const search = document.querySelector("main [type=search]");
  if (!search) return palette && open();
  search.focus();
  search.select();
};
const singles = { "/": searchHere, "?": () => document.getElementById("shortcuts")?.showModal() };

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.isComposing) return;
  if (event.metaKey || event.ctrlKey) {
    if (!palette || event.key.toLowerCase() !== "k" || event.shiftKey) return;
    event.preventDefault();
    if (palette.open) palette.close();
    else open();
    return;
  }
  const act = palette?.dataset.singleKeys === "off" ? null : singles[event.key];
  if (!act || isTyping(event.target) || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  act();
});
