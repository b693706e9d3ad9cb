// Copy, theme, dialogs, toasts, polling. Without it every page still works: copying, toasts
// and the theme switch are what is lost.

const on = (type, selector, act) =>
  document.addEventListener(type, (event) => {
    const hit = event.target.closest?.(selector);
    if (hit) act(hit, event);
  });
const say = (words) => {
  const said = document.getElementById("said");
  if (said) said.textContent = words;
};

// ---- copy: data-copy is the id of a field or element (or text), data-copy-text only ever text ----
// Text from outside always takes the second way: it may be spelt like an id of the page.

// Plain http has no `navigator.clipboard`: there a copied selection, which every browser still takes.
const copySelected = (text) => {
  const focus = document.activeElement;
  const chosen = getSelection();
  const before = chosen.rangeCount ? chosen.getRangeAt(0) : null;
  const carrier = document.createElement("textarea");
  carrier.className = "visually-hidden";
  carrier.readOnly = true; // no keyboard rises on a phone
  carrier.value = text;
  (focus?.closest("dialog[open]") ?? document.body).append(carrier); // outside of an open dialog nothing takes focus
  carrier.select();
  const done = document.execCommand("copy");
  carrier.remove();
  focus?.focus({ preventScroll: true });
  if (before) {
    chosen.removeAllRanges();
    chosen.addRange(before);
  }
  return done;
};
const write = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text);
  }
};
// What the button says for a moment: a tick and, where it has words, “Copied”.
const COPIED = 1500;
const showCopied = (button) => {
  if ("copied" in button.dataset) return;
  const [own, width] = [[...button.childNodes], button.offsetWidth];
  const done = own.map((node) => node.cloneNode(true));
  for (const node of done) {
    const icon = node.querySelector?.("use");
    icon?.setAttribute("href", icon.getAttribute("href").replace(/#.*/, "#check"));
    if (node.nodeType === Node.TEXT_NODE && node.textContent.trim()) node.textContent = "Copied";
  }
  button.dataset.copied = "";
  button.style.minWidth = `${width}px`; // its neighbours stay where they are
  button.replaceChildren(...done);
  setTimeout(() => {
    delete button.dataset.copied;
    button.style.minWidth = "";
    button.replaceChildren(...own);
  }, COPIED);
};

on("click", "[data-copy], [data-copy-text]", async (button) => {
  const source = document.getElementById(button.dataset.copy);
  const text = button.dataset.copyText ?? source?.value ?? source?.textContent.trim() ?? button.dataset.copy;
  if (!(await write(text))) {
    toast("This browser does not let the page copy", "Select the text and copy it by hand.");
    source?.select?.();
    return;
  }
  showCopied(button);
  say("");
  requestAnimationFrame(() => say("Copied"));
});

// ---- theme: a cookie, so that the server draws the page right at once ----

const darkSystem = matchMedia("(prefers-color-scheme: dark)");
on("click", "[data-theme-switch]", () => {
  const root = document.documentElement;
  const system = darkSystem.matches ? "dark" : "light";
  const next = (root.dataset.bsTheme || system) === "dark" ? "light" : "dark";
  const secure = location.protocol === "https:" ? ";secure" : "";
  // Back at what the system says: follow it again.
  if (next === system) delete root.dataset.bsTheme;
  else root.dataset.bsTheme = next;
  const age = next === system ? 0 : 31536000;
  document.cookie = `theme=${next};path=/;max-age=${age};samesite=lax${secure}`;
  say(next === "dark" ? "Dark" : "Light");
});

// ---- dialogs ----

on("click", "[data-opens]", (button, event) => {
  const dialog = document.getElementById(button.dataset.opens);
  if (!dialog) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a link, for a tab of its own
  event.preventDefault(); // a link to the page that holds the same form
  button.closest("[popover]")?.hidePopover?.();
  button.closest("dialog")?.close(); // two of them over the page are one too many
  dialog.showModal();
});
on("click", "[data-closes]", (button) => {
  button.closest("dialog")?.close();
  button.closest(".toast")?.remove();
});

// ---- toasts: gone after 8 s, not while they are looked at; errors stay ----

const LOOK = 8000;
const fade = (toast) => {
  let timer;
  const start = () => (timer = setTimeout(() => toast.remove(), LOOK));
  const stop = () => clearTimeout(timer);
  toast.addEventListener("pointerenter", stop);
  toast.addEventListener("focusin", stop);
  toast.addEventListener("pointerleave", start);
  toast.addEventListener("focusout", start);
  start();
};
function toast(heading, words = "", kind = "trouble") {
  const place = document.getElementById("toasts");
  if (!place) return;
  for (const old of place.querySelectorAll(`[data-kind="${kind}"]`)) old.remove();
  const box = document.createElement("div");
  box.className = "toast";
  box.dataset.kind = kind;
  const mark = document.createElement("span");
  mark.className = "mark-of";
  mark.dataset.state = "failed";
  mark.setAttribute("aria-hidden", "true");
  const text = document.createElement("div");
  const strong = document.createElement("b");
  strong.className = "strong";
  strong.textContent = heading;
  const rest = document.createElement("p");
  rest.className = "muted";
  rest.textContent = words;
  text.append(strong, rest);
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn plain small";
  close.dataset.closes = "";
  close.textContent = "Dismiss";
  box.append(mark, text, close);
  place.append(box);
}

// ---- htmx: errors in words, and the events that live parts poll by ----

const OUTAGE = "outage";
let pause = 1; // seconds between polls; grows while the server is silent
let waited = 0;
let seconds = 0;

const words = (xhr) => {
  const page = new DOMParser().parseFromString(xhr.responseText || "", "text/html");
  const heading = page.querySelector("h1")?.textContent.trim();
  const reference = xhr.getResponseHeader("X-Reference");
  const sentence = page.querySelector("[data-message]")?.textContent.trim() ?? "";
  return heading && [heading, reference ? `${sentence} Reference ${reference}.` : sentence];
};
const slower = () => (pause = Math.min(pause * 2, 30));
const isPoll = (event) => event.detail.requestConfig?.triggeringEvent?.type?.match(/^poll-\d+s$/);

document.addEventListener("htmx:sendError", () => {
  slower();
  toast("Cyclr Desk does not answer", "Check the network. The page keeps trying; nothing is sent twice.", OUTAGE);
});
document.addEventListener("htmx:timeout", () => {
  slower();
  toast("Cyclr Desk takes too long to answer", "Reload the page before you send it again.", OUTAGE);
});
document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  slower();
  // A part that moves and is gone was deleted or finished elsewhere: no reason to alarm.
  if (isPoll(event) && xhr.status === 404) return;
  const [heading, sentence] = words(xhr) || [
    xhr.status >= 500 ? "Cyclr Desk could not answer" : "This was not accepted",
    "Nothing is lost on this page. Try again, or reload it.",
  ];
  toast(heading, sentence, isPoll(event) ? OUTAGE : "trouble");
});
document.addEventListener("htmx:afterOnLoad", (event) => {
  if (!event.detail.successful) return;
  pause = 1;
  for (const old of document.querySelectorAll(`.toast[data-kind="${OUTAGE}"]`)) old.remove();
});

// What is pressed must still be there when it is let go.
let isPressed = false;
document.addEventListener("pointerdown", () => (isPressed = true), true);
for (const type of ["pointerup", "pointercancel"]) document.addEventListener(type, () => (isPressed = false), true);

const mayPoll = () => !isPressed && document.visibilityState === "visible" && window.htmx;

// What somebody has just asked for is often there before the first second is over: look sooner, then as always.
const EARLY = [120, 280, 480, 720]; // milliseconds after the page was drawn
const lookEarly = () => {
  if (!document.querySelector("[data-early]")) return;
  for (const delay of EARLY) {
    setTimeout(() => {
      const isWaiting = document.querySelector('[data-early][hx-trigger*="poll-1s"]');
      if (isWaiting && mayPoll() && pause === 1) window.htmx.trigger(document.body, "poll-1s");
    }, delay);
  }
};
window.addEventListener("DOMContentLoaded", lookEarly);

// What was typed into a search before htmx was there is no change to it: search for it now.
const searchTyped = () => {
  for (const field of document.querySelectorAll("input[type=search][hx-get]")) {
    if (field.value !== field.defaultValue) window.htmx.trigger(field, "search");
  }
};
document.addEventListener("htmx:load", searchTyped, { once: true });

setInterval(() => {
  waited += 1;
  if (waited < pause || !mayPoll()) return;
  waited = 0;
  if (document.querySelector('[hx-trigger*="poll-1s"]')) window.htmx.trigger(document.body, "poll-1s");
  // What may move, but has not lately, asks every fifth time.
  seconds += 1;
  if (seconds % 5 === 0 && document.querySelector('[hx-trigger*="poll-5s"]')) {
    window.htmx.trigger(document.body, "poll-5s");
  }
  // The bell of every page, idle ones too: every tenth time, and only the one that is drawn.
  if (seconds % 10 !== 0) return;
  for (const bell of document.querySelectorAll('[hx-trigger="poll-10s"]')) {
    if (bell.checkVisibility()) window.htmx.trigger(bell, "poll-10s");
  }
}, 1000);
document.addEventListener("visibilitychange", () => (waited = pause));

// ---- forms: sent once ----

const buttonsOf = (form) => form.querySelectorAll("button:not([type=button]), input[type=submit]");
const release = (form) => {
  delete form.dataset.sent;
  for (const button of buttonsOf(form)) {
    if ("wasSent" in button.dataset) button.disabled = false;
    delete button.dataset.wasSent;
  }
};
document.addEventListener(
  "submit",
  (event) => {
    const form = event.target;
    if (!form.matches("form[data-once]")) return;
    if ("sent" in form.dataset) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    form.dataset.sent = "";
    clearTimeout(form.querySelector("[data-checks]")?.wait); // it would be a draft of what is sent
    // After the form is read: a disabled button's own name and value would not be sent.
    setTimeout(() => {
      if (!("sent" in form.dataset)) return;
      for (const button of buttonsOf(form)) {
        if (button.disabled) continue;
        button.disabled = true;
        button.dataset.wasSent = "";
      }
    });
  },
  true,
);
document.addEventListener("htmx:afterRequest", (event) => {
  // The form itself: a part of it that asks something meanwhile must not free its buttons.
  if (event.target.matches?.("form[data-once]")) release(event.target);
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-once]")) release(form);
});

// ---- ticks: [data-ticks="pick"] ticks all boxes of that name at once; [data-ticked] counts them ----
// Without script the server reads the one box as all of the page.

const boxes = (form, name) => [...form.elements].filter((box) => box.type === "checkbox" && box.name === name);
const count = (form) => {
  for (const place of form.querySelectorAll("[data-ticked]")) {
    const ticked = boxes(form, place.dataset.ticked).filter((box) => box.checked).length;
    place.textContent = ticked ? `${ticked} selected` : "";
  }
};
document.addEventListener("change", (event) => {
  const box = event.target;
  if (box.type !== "checkbox" || !box.form?.querySelector("[data-ticked]")) return;
  if (box.dataset.ticks) {
    for (const one of boxes(box.form, box.dataset.ticks)) one.checked = box.checked;
  } else {
    const whole = box.form.querySelector(`[data-ticks="${CSS.escape(box.name)}"]`);
    if (whole) whole.checked = boxes(box.form, box.name).every((one) => one.checked);
  }
  count(box.form);
});

// ---- colours: a picker without a name and the field that it fills show the same ----

document.addEventListener("input", ({ target }) => {
  const source = document.getElementById(target.dataset?.mirrors);
  if (source) source.value = target.value;
  const picker = target.id && document.querySelector(`[data-mirrors="${CSS.escape(target.id)}"]`);
  if (picker && /^#[0-9a-f]{6}$/i.test(target.value.trim())) picker.value = target.value.trim();
});

// ---- checks: a form with a [data-checks] part says what is wrong with a field as it is left ----

const isSecret = (field) => field.type === "password" || field.classList.contains("secret");
const entry = (field) => (/checkbox|radio/.test(field.type) ? String(field.checked) : field.value);
const drawn = (field) => {
  if (/checkbox|radio/.test(field.type)) return String(field.defaultChecked);
  const chosen = [...(field.options ?? [])];
  return field.options ? (chosen.find((one) => one.defaultSelected) ?? chosen[0])?.value : field.defaultValue;
};
const checksOf = (field) =>
  field.name && !isSecret(field) && window.htmx ? field.form?.querySelector("[data-checks]") : null;
const check = (checks, after) => {
  clearTimeout(checks.wait);
  checks.wait = setTimeout(() => checks.isConnected && window.htmx.trigger(checks, "left"), after);
};
document.addEventListener("focusout", (event) => {
  const field = event.target;
  const checks = checksOf(field);
  // Who only passes through has done nothing wrong yet.
  if (!checks || entry(field) === (field.dataset.left ?? drawn(field))) return;
  field.dataset.left = entry(field);
  check(checks, 150);
});
// A field that is never left is kept as well; nothing is said of it.
document.addEventListener("input", (event) => {
  const checks = checksOf(event.target);
  if (checks) check(checks, 2000);
});
document.addEventListener("htmx:afterSwap", (event) => {
  const checks = event.target;
  if (!checks.matches?.("[data-checks]")) return;
  const left = [...checks.closest("form").elements].filter((field) => "left" in field.dataset);
  for (const place of new Set(left.map((field) => field.closest(".field")))) {
    if (place) judge(place, checks);
  }
  checks.replaceChildren(); // what is wrong elsewhere was not asked for
});
const judge = (place, checks) => {
  const fields = [...place.querySelectorAll("[name]")];
  const said = fields.map((field) => checks.querySelector(`[data-for="${CSS.escape(field.name)}"]`)).find(Boolean);
  const before = place.querySelector(".field-errors");
  const label = place.querySelector("label, legend");
  if (said && said.textContent !== before?.textContent) say(`${label.textContent.trim()}: ${said.textContent.trim()}`);
  before?.remove();
  place.classList.toggle("wrong", Boolean(said));
  for (const field of fields) {
    const described = (field.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id && id !== (said ?? before)?.id);
    if (said) described.push(said.id);
    if (said) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
    if (described.length) field.setAttribute("aria-describedby", described.join(" "));
    else field.removeAttribute("aria-describedby");
  }
  const help = place.querySelector(":scope > .help, :scope > div > .help") ?? place.querySelector(".opt");
  if (said) (help ?? label).after(said);
};

// ---- tabs that are moved sideways: where one is can be seen ----

for (const here of document.querySelectorAll("nav.places [aria-current], nav.tabs [aria-current]")) {
  const strip = here.closest("nav");
  const left = here.getBoundingClientRect().left - strip.getBoundingClientRect().left;
  strip.scrollLeft += left - (strip.clientWidth - here.offsetWidth) / 2;
}

// ---- what is new on the page ----

const attended = new WeakSet(); // a part that was morphed has the alert it had
const attend = (part) => {
  const alert = part.querySelector('[role="alert"][tabindex="-1"]');
  if (alert && !attended.has(alert)) alert.focus();
  if (alert) attended.add(alert);
  for (const toast of part.querySelectorAll("[data-toast]")) {
    delete toast.dataset.toast;
    fade(toast);
  }
  for (const place of part.querySelectorAll("form:has([data-ticked])")) count(place);
  for (const dialog of part.querySelectorAll("dialog[data-shown]:not([open])")) dialog.showModal();
};
attend(document);
document.addEventListener("htmx:afterSettle", (event) => attend(event.target.parentElement ?? document));
