import { h } from "./dom.js";
import { now } from "./api.js";

const day = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" });

export const dayOf = (at) => day.format(new Date(at));
export const clockOf = (at) => clock.format(new Date(at));
export const fullOf = (at) => full.format(new Date(at));

/** "12 s", "4 min", "3 h", "2 d". */
export function span(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  return s < 60 ? `${s} s` : s < 3600 ? `${Math.floor(s / 60)} min` : s < 86400 ? `${Math.floor(s / 3600)} h` : `${Math.floor(s / 86400)} d`;
}

/** "4:05" for what counts down. */
export function countdown(ms) {
  const s = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
}

/** The age of a value, kept up to date while it is on the page; looks stale after `stale` seconds. */
export function age(at, { stale = 86400, prefix = "", suffix = " ago", none = "never reported" } = {}) {
  if (!at || Date.parse(at) <= 0) return h("span.age.is-stale", none);
  const element = h("time.age", { dateTime: at, title: fullOf(at), data: { at: Date.parse(at), stale, prefix, suffix } });
  tick(element);
  return element;
}

/** Time that is left until a moment, kept up to date. */
export function left(until, ended = "over") {
  const element = h("time.left", { dateTime: until, title: fullOf(until), data: { until: Date.parse(until), ended } });
  tick(element);
  return element;
}

function tick(element) {
  const d = element.dataset;
  if (d.until) {
    const rest = Number(d.until) - now();
    element.textContent = rest > 0 ? countdown(rest) : d.ended;
    element.classList.toggle("is-over", rest <= 0);
    return;
  }
  const ms = now() - Number(d.at);
  const text = ms < 1500 && d.suffix ? `${d.prefix}just now` : `${d.prefix}${span(ms)}${d.suffix}`;
  if (element.textContent !== text) element.textContent = text;
  element.classList.toggle("is-stale", ms > Number(d.stale) * 1000);
}

setInterval(() => { if (!document.hidden) document.querySelectorAll("time.age, time.left").forEach(tick); }, 1000);

const roles = {
  homeOwner: "Home owner", guest: "Guest", centralStationOperator: "Central-station operator", centralStationSupervisor: "Central-station supervisor",
  installer: "Installer", msoOperator: "Network operator",
};
export const roleName = (role) => roles[role] ?? role;
export const isStation = (role) => role === "centralStationOperator" || role === "centralStationSupervisor";

const rules = { never: "Never", onAlarm: "While an alarm is open", onAlarmWhenAway: "While an alarm is open that was raised with the home armed away" };
export const ruleName = (rule) => rules[rule] ?? rule;
export const ruleChoices = Object.entries(rules);

const actions = {
  viewState: "See the state", arm: "Arm", bypass: "Leave zones out", disarm: "Disarm", controlDevice: "Steer devices", unlock: "Open locks", lookIn: "Look in",
  talk: "Talk", viewClips: "Watch clips", configureHome: "Set up the home", viewIncidents: "See incidents", workAlarm: "Work alarms",
  superviseAlarm: "Supervise alarms", manageUsers: "Manage people", viewAudit: "See the audit", operateSystem: "Operate the system", requestBandwidth: "Ask for bandwidth", provision: "Provision",
  login: "Log in", logout: "Log out", secondFactor: "Give a code", enrolSecondFactor: "Enrol second factor", makeToken: "Make a token", endToken: "End a token",
};
export const actionName = (action) => actions[action] ?? action;
export const grantable = ["viewState", "arm", "bypass", "disarm", "controlDevice", "unlock", "lookIn", "talk", "viewClips", "configureHome"];

const dispositions = {
  falseAlarm: "False alarm: nothing was there", userError: "User error: a person of the home caused it", cancelled: "Cancelled with the right code",
  verified: "Verified: seen or heard to be real, handled without dispatch", dispatched: "Dispatched: handed to police, fire or medical services", test: "Test",
};
export const dispositionChoices = Object.entries(dispositions);
export const dispositionName = (d) => (dispositions[d] ?? d ?? "").split(":")[0];

export const levels = [
  "No call for service", "Call for service, little further information", "Human presence confirmed or highly probable", "Confirmed threat to property", "Confirmed threat to life",
];

const priorities = { 1: "Alarm", 2: "Supervisory", 3: "Trouble", 4: "Status", 5: "Test" };
export const priorityName = (p) => priorities[p] ?? `Priority ${p}`;

const modes = { away: "away", stay: "stay", night: "night" };
const states = { disarmed: "Disarmed", exit: "Leaving", entry: "Entry delay", armed: "Armed", alarm: "Alarm" };
/** State of a partition in words. */
export const partitionWords = (p) => (p.state === "armed" || p.state === "exit") && modes[p.mode] ? `${p.state === "exit" ? "Arming" : "Armed"} ${modes[p.mode]}` : states[p.state] ?? p.state;
const zoneStates = { motion: ["Motion", "Quiet"], smoke: ["Smoke", "Clear"], leak: ["Wet", "Dry"] };
const kinds = { delayed: "gives time to come and go", instant: "alarms at once", "24-hour": "watched day and night" };
/** What a zone is, in words: "gives 20 s to disarm, watched in every mode". */
export const kindWords = (zone) => [zone.kind === "delayed" && zone.entryDelay ? `gives ${zone.entryDelay} s to disarm` : kinds[zone.kind] ?? zone.type ?? "sensor", zone.kind && zone.kind !== "24-hour" && !zone.armedInStay && "not watched in stay or night"].filter(Boolean).join(", ");
/** The picture of a zone's sensor. */
export const zoneIcon = (zone) => ({ motion: "walk", smoke: "flame" })[zone.type] ?? (/window/i.test(zone.name) ? "window" : "door");
/** How a zone is left out, in words; empty when it is watched. */
export const bypassWords = (zone) => zone.bypass === "always" ? "left out until taken back" : zone.bypassed || zone.bypass === "once" ? "left out until the next disarm" : "";
/** State of a zone in words; a sensor that never reported is not called closed. */
export const zoneWords = (zone) => !zone.at ? "Not reported yet" : (zoneStates[zone.type] ?? ["Open", "Closed"])[zone.open ? 0 : 1];
export const zoneLook = (zone) => !zone.at ? "" : zone.open ? "is-warn" : "is-good";
const yes = { true: "yes", false: "no" };
/** A value of a device in words: "On: yes", "Temperature: 21.5". */
export const propertyWords = (p) => `${capital(p.name.replaceAll("-", " "))}: ${yes[p.value] ?? p.value ?? "unknown"}`;
export const capital = (text) => text ? text[0].toUpperCase() + text.slice(1) : "";
