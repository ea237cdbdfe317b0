import { isStation } from "./words.js";

const home = [
  { path: "home", words: "Home", icon: "home", page: () => import("./home/overview.js") },
  { path: "cameras", words: "Cameras", icon: "camera", page: () => import("./home/cameras.js") },
  { path: "timeline", words: "Timeline", icon: "list", page: () => import("./home/timeline.js"), right: "viewIncidents" },
  { path: "privacy", words: "Who looked in", short: "Look-ins", icon: "eye", page: () => import("./home/privacy.js"), right: "viewAudit" },
  { path: "clips", words: "Clips", icon: "film", page: () => import("./home/clips.js"), right: "viewClips" },
  { path: "incidents", words: "Incidents", icon: "alert", page: () => import("./home/incidents.js"), right: "viewIncidents" },
  { path: "zones", words: "Zones", icon: "door", page: () => import("./home/zones.js"), group: "Set up" },
  { path: "devices", words: "Devices", icon: "bulb", page: () => import("./home/devices.js") },
  { path: "alerts", words: "Alerts", icon: "bell", page: () => import("./home/alerts.js"), right: "manageUsers" },
  { path: "people", words: "People", icon: "people", page: () => import("./home/people.js"), right: "manageUsers" },
];
const station = [
  { path: "queue", words: "Alarm queue", icon: "alert", page: () => import("./station/queue.js"), count: true },
  { path: "closed", words: "Closed", icon: "book", page: () => import("./station/closed.js") },
];
const operator = [
  { path: "gateways", words: "Gateways", icon: "server", page: () => import("./operator/gateways.js"), group: "Homes" },
  { path: "sessions", words: "Sessions", icon: "pulse", page: () => import("./operator/sessions.js") },
  { path: "relays", words: "Relays", icon: "link", page: () => import("./operator/relays.js"), group: "Network" },
  { path: "gates", words: "Gates", icon: "gate", page: () => import("./operator/gates.js") },
  { path: "bandwidth", words: "Bandwidth", icon: "speed", page: () => import("./operator/bandwidth.js") },
  { path: "journal", words: "Journal", icon: "book", page: () => import("./operator/journal.js"), group: "Records and set-up" },
  { path: "audit", words: "Audit", icon: "eye", page: () => import("./operator/audit.js") },
  { path: "claims", words: "Claim codes", icon: "key", page: () => import("./operator/claims.js") },
];
const account = { path: "account", words: "Your account", short: "Account", icon: "key", page: () => import("./account.js") };
const hidden = [
  { path: "camera/:id", parent: "cameras", page: () => import("./home/camera.js") },
  { path: "incident/:id", parent: "queue", page: () => import("./station/incident.js") },
];
const audit = operator.find((r) => r.path === "audit");

/** Pages of a person in the order of the navigation. */
export function pagesOf(session) {
  const role = session.user.role;
  // Staff without the second factor that they must have can do one thing only.
  if (session.secondFactor.required && role !== "homeOwner" && role !== "guest") return [account];
  const own = isStation(role) ? [...station, ...(role === "centralStationSupervisor" ? [audit] : [])] : role === "msoOperator" ? operator
    : home.filter((p) => !p.right || session.rights.includes(p.right) || role === "homeOwner");
  return [...own, account];
}

/** The page that an address names, and its parameters; the first page when it names none. */
export function find(session, hash) {
  const pages = pagesOf(session);
  const parts = hash.replace(/^#\/?/, "").split("?")[0].split("/").map(decodeURIComponent);
  for (const page of [...pages, ...hidden.filter((p) => p.path.startsWith("incident") ? isStation(session.user.role) || session.user.role === "homeOwner" : session.home)]) {
    const pattern = page.path.split("/");
    if (pattern.length !== parts.length || !pattern.every((p, i) => p.startsWith(":") || p === parts[i])) continue;
    const params = Object.fromEntries(pattern.map((p, i) => [p.slice(1), parts[i]]).filter((_, i) => pattern[i].startsWith(":")));
    return { page, params };
  }
  return { page: pages[0], params: {} };
}
