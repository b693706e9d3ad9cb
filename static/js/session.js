// The end of a session: a warning before it, and nothing typed is lost after it. The server tells both ends by a
// cookie, which all tabs read. Without this script forms are held by the server when their session has ended.

const notice = document.getElementById("session-notice");
const shell = document.querySelector("[data-now]");
const skew = shell ? shell.dataset.now * 1000 - Date.now() : 0;
const WARNED = 120; // seconds before the end
const now = () => (Date.now() + skew) / 1000;
const ends = () => {
  const found = document.cookie.match(/(?:^|; )(?:__Host-)?session-ends=(\d+)\.(\d+)\.(\d+)/);
  return found ? { idle: Number(found[1]), whole: Number(found[2]), length: Number(found[3]) } : null;
};
const first = ends();
// With short limits the warning must not stand there from the beginning.
const warned = Math.min(WARNED, (first?.length ?? Infinity) / 4);
let whole = first?.whole; // another one: signed in anew
let stranger = false;

// ---- what was typed ----

const isChanged = (field) => {
  if (/^(hidden|submit|button|reset)$/.test(field.type) || !field.name) return false;
  if (field.type === "file") return field.files.length > 0;
  if (/^(checkbox|radio)$/.test(field.type)) return field.checked !== field.defaultChecked;
  if (!field.options) return "defaultValue" in field && field.value !== field.defaultValue;
  const drawn = [...field.options].filter((one) => one.defaultSelected);
  if (!drawn.length && !field.multiple) drawn.push(field.options[0]);
  return [...field.options].some((one) => one.selected !== drawn.includes(one));
};
const isPosted = (form) => form.getAttribute("method") === "post" || form.hasAttribute("hx-post");
const isTyped = () =>
  [...document.forms].some((form) => isPosted(form) && !form.closest("#palette") && [...form.elements].some(isChanged));

// ---- the notice ----

const part = (name) => notice.querySelector(`[data-session-${name}]`);
const show = (heading, words, act) => {
  if (part("heading").textContent !== heading) part("heading").textContent = heading;
  if (part("words").textContent !== words) part("words").textContent = words;
  for (const name of ["stay", "sign-in", "reload"]) part(name).hidden = name !== act;
  notice.hidden = false;
};
const hide = () => (notice.hidden = true);
const clock = (seconds) =>
  new Date(seconds * 1000 - skew).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
const signIn = () => {
  const address = new URL(part("sign-in").href, location.href);
  address.searchParams.set("next", location.pathname + location.search);
  return address;
};

// ---- asking the server ----

const renew = async () => {
  const answer = await fetch(notice.dataset.stateUrl, { headers: { "X-Automatic": "1" } });
  const { person, token } = await answer.json();
  if (!person) return;
  stranger = String(person) !== notice.dataset.person;
  if (stranger) return;
  document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
  for (const field of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) field.value = token;
};
let askedAt = 0;
const stay = async () => {
  askedAt = now();
  const { "X-CSRFToken": token } = JSON.parse(document.body.getAttribute("hx-headers"));
  await fetch(notice.dataset.stayUrl, { method: "POST", headers: { "X-CSRFToken": token, "HX-Request": "true" } });
};

// ---- looking ----

let isLeaving = false;
const isOver = (end) => !end || Math.min(end.idle, end.whole) <= now();
const look = () => {
  const end = ends();
  if (isOver(end)) {
    if (isTyped()) {
      show("Your session has ended", "What you typed is still here. Sign in again in a new tab, then go on here.", "sign-in");
    } else if (!isLeaving) {
      isLeaving = true;
      location.assign(signIn());
    }
    return;
  }
  if (end.whole !== whole) {
    whole = end.whole;
    renew().catch(() => (whole = 0)); // the network is away: at the next look
  }
  if (stranger) {
    show("Somebody else is signed in now", "In this browser, in another tab. Nothing on this page can be sent.", "reload");
  } else if (end.whole - now() <= warned && end.whole <= end.idle) {
    const words = "Then you sign in again. What you have typed by then is kept.";
    show(`You will be signed out at ${clock(end.whole)}`, words, "");
  } else if (end.idle - now() <= warned) {
    show(`You will be signed out at ${clock(end.idle)}`, "Nothing was done here for a while.", "stay");
  } else hide();
};

if (notice && first) {
  setInterval(look, 1000);
  document.addEventListener("visibilitychange", look);
  addEventListener("pageshow", look);
  part("stay").addEventListener("click", () => stay().then(look, () => {}));
  // Who types is here.
  document.addEventListener("input", () => {
    const end = ends();
    if (!end || isOver(end) || now() - askedAt < warned / 2) return;
    if (end.idle - now() < end.length / 2) stay().then(look, () => {});
  });
  // A form that is sent after the end would come back without its secrets and files: keep it here.
  const keep = (event) => {
    if (!isOver(ends()) && !stranger) return;
    if (!isPosted(event.target) || (!stranger && !isTyped())) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    look();
    notice.querySelector("a:not([hidden])")?.focus();
  };
  addEventListener("submit", keep, true);
}

// ---- htmx: what a page asks by itself is marked, and an ended session does not take typed text along ----

document.addEventListener("htmx:configRequest", (event) => {
  if (!event.detail.triggeringEvent?.isTrusted) event.detail.headers["X-Automatic"] = "1";
});
document.addEventListener("htmx:beforeOnLoad", (event) => {
  const state = event.detail.xhr.getResponseHeader("X-Session");
  if (!state || !notice || !isTyped()) return;
  event.preventDefault();
  if (state === "ended") look();
  else renew().then(look, () => {});
});
