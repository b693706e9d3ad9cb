// Times. "4 min ago" grows older, in the words of `dashboard.common.timing.format_ago`; what staff's pages tell
// in UTC is told in the reader's zone, with UTC in the title; a clock elsewhere goes on by the server's offsets.

const AGE = /^(just now|(in )?\d+ (s|min|h|d)( ago)?)$/;
const SPANS = [
  [86400, "d"],
  [3600, "h"],
  [60, "min"],
  [1, "s"],
];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

// How far the server's clock is ahead of this one's; its times are told by its own.
const began = document.querySelector("[data-now]")?.dataset.now;
const ahead = began ? began * 1000 - Date.now() : 0;
const now = () => new Date(Date.now() + ahead);

const ageWords = (moment, isBare) => {
  const seconds = (now() - moment) / 1000;
  const size = Math.abs(seconds);
  if (size < 2) return "just now";
  if (!(size < 31 * 86400)) return ""; // a date from here on
  const [unit, letters] = SPANS.find(([least]) => size >= least);
  const span = `${Math.floor(size / unit)} ${letters}`;
  if (seconds < 0) return `in ${span}`;
  return isBare ? span : `${span} ago`;
};

// ---- a moment in the forms of `timing.FORMS`, by the reader's clock ----

const two = (number) => String(number).padStart(2, "0");
const hours = (moment) => `${two(moment.getHours())}:${two(moment.getMinutes())}`;
const seconds = (moment) => `${hours(moment)}:${two(moment.getSeconds())}`;
const day = (moment) => `${moment.getDate()} ${MONTHS[moment.getMonth()]}`;
const date = (moment) => `${day(moment)} ${moment.getFullYear()}`;
const isToday = (moment) => moment.toDateString() === now().toDateString();
const FORMS = {
  exact: (moment) => `${date(moment)}, ${seconds(moment)}`,
  clock: (moment) => (isToday(moment) ? hours(moment) : `${date(moment)}, ${hours(moment)}`),
  row: (moment) => `${date(moment)}, ${hours(moment)}`,
  short: (moment) => `${day(moment)}, ${hours(moment)}`,
  step: (moment) => `${day(moment)}, ${seconds(moment)}`,
};
const write = (place, words) => {
  if (place.textContent !== words) place.textContent = words; // an equal text would drop a selection
};
const isStaffs = (root) => root.querySelector(".shell") ?? root.closest?.(".shell") ?? root instanceof DocumentFragment;

const tellMoment = (time, isShifted) => {
  const moment = new Date(time.dateTime);
  if (time.dataset.form) {
    write(time, FORMS[time.dataset.form](moment));
    return;
  }
  if (!AGE.test(time.textContent)) {
    if (isShifted && time.title.endsWith("UTC")) write(time, date(moment)); // older than a month
    return;
  }
  const words = ageWords(moment, time.closest(".age-of"));
  if (words) write(time, words);
  const [, utc] = time.title.match(/([^·]* UTC)$/) ?? [];
  if (isShifted && utc) time.title = `${FORMS.exact(moment)} · ${utc.trim()}`;
};
const tellClock = (time) => {
  const offsets = time.dataset.offsets.split(" ").map((one) => one.split(":").map(Number));
  const moment = now();
  const [, offset] = offsets.findLast(([since]) => since * 1000 <= moment) ?? offsets[0];
  const there = new Date(moment.getTime() + offset * 1000);
  write(time, `${two(there.getUTCHours())}:${two(there.getUTCMinutes())}`);
};
const reword = (root) => {
  const isShifted = isStaffs(root);
  for (const time of root.querySelectorAll("time[datetime]")) tellMoment(time, isShifted);
  for (const time of root.querySelectorAll("time[data-offsets]")) tellClock(time);
  for (const note of root.querySelectorAll("[data-zone-note]")) write(note, "Times in your zone");
};

// ---- days of a filter: by the reader's calendar, whose zone goes with them ----

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
const iso = (moment) => `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
const daysAgo = (count) => {
  const moment = now();
  moment.setDate(moment.getDate() - count);
  return iso(moment);
};
const nameDays = (root) => {
  for (const field of root.querySelectorAll("[data-reader-zone]")) field.value ||= zone;
  for (const chip of root.querySelectorAll("a[data-days]")) {
    const [from, until] = chip.dataset.days.split(" ");
    const address = new URL(chip.href);
    address.searchParams.set("from", daysAgo(Number(from)));
    address.searchParams.set("until", daysAgo(Number(until)));
    address.searchParams.set("zone", zone);
    chip.href = address;
  }
};

const tell = (root) => {
  reword(root);
  nameDays(root);
};
tell(document);
setInterval(() => document.visibilityState === "visible" && reword(document), 15000);
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && reword(document));
// Before a part is morphed, so that nothing changes twice; after it was replaced, before it is painted.
document.addEventListener("desk:drawn", (event) => tell(event.detail));
document.addEventListener("htmx:afterSwap", (event) => tell(event.target.parentElement ?? document));
