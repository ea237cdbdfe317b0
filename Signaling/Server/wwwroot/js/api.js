/** An error answer of the API: `name` is the stable end of its problem type, `message` a sentence for people, `step` what failed. */
export class Problem extends Error {
  constructor(status, name, message, step = null) {
    super(message);
    Object.assign(this, { status, name, step });
  }
}

const handlers = { lost: () => {}, secondFactor: async () => false };
let csrf = "";
let skew = 0;
let touched = Date.now();

// What the page asks while nobody touches it does not keep the login alive: a page left open is logged out like any other.
for (const sign of ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"]) addEventListener(sign, () => { touched = Date.now(); }, { passive: true, capture: true });
const attendance = () => Date.now() - touched > 60000 ? { "X-MediaRelay-Unattended": "1" } : {};

/** What happens when the login ended (`lost`) and when an action needs a fresh one-time code (`secondFactor`, true: try again). */
export function onAuth(given) { Object.assign(handlers, given); }

export function setCsrf(token) { csrf = token ?? ""; }

export function csrfHeaders() { return csrf ? { "X-MediaRelay-Csrf": csrf } : {}; }

/** The server's time in milliseconds, so that ages are right on a machine with a wrong clock. */
export function now() { return Date.now() + skew; }

function learnTime(response) {
  const date = Date.parse(response.headers.get("Date") ?? "");
  if (Number.isNaN(date)) return;
  const off = date + 500 - Date.now();
  skew = Math.abs(off) > 2000 ? off : 0;
}

/** Turns an error answer into a Problem. */
export async function problemOf(response) {
  const isProblem = (response.headers.get("Content-Type") ?? "").includes("problem+json");
  const body = isProblem ? await response.json().catch(() => null) : null;
  if (body) return new Problem(response.status, String(body.type ?? "").split(":").pop(), body.detail ?? body.title ?? "The server refused.", body.step ?? null);
  const words = response.status === 404 || response.status === 405 || response.status === 501 ? "This is not available here."
    : response.status === 429 ? "Too many requests. Wait a little."
    : response.status >= 500 ? `The server failed to answer (${response.status}).`
    : `The server refused (${response.status}).`;
  return new Problem(response.status, response.status === 404 || response.status === 405 ? "not-available" : "http", words);
}

/** A request with the login and the anti-forgery token; throws a Problem. */
export async function request(method, path, { body, type, headers, signal, keepalive, again = true } = {}) {
  let response;
  try {
    response = await fetch(path, {
      method, signal, keepalive, credentials: "same-origin", redirect: "error",
      headers: { ...(method === "GET" ? {} : csrfHeaders()), ...attendance(), ...(body === undefined ? {} : { "Content-Type": type ?? "application/json" }), ...headers },
      body: body === undefined ? undefined : type ? body : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError" || error.name === "TimeoutError") throw error;
    throw new Problem(0, "network", "The server cannot be reached. Check the connection.");
  }
  learnTime(response);
  if (response.ok) return response;
  const problem = await problemOf(response);
  if (problem.name === "second-factor" && again && path !== "/api/login" && path !== "/api/second-factor") {
    if (await handlers.secondFactor()) return request(method, path, { body, type, headers, signal, keepalive, again: false });
  } else if (response.status === 401 && path !== "/api/login" && path !== "/api/me" && path !== "/api/second-factor") {
    handlers.lost();
  }
  throw problem;
}

async function json(method, path, body, options) {
  const response = await request(method, path, { body, ...options });
  const text = await response.text();
  return text ? JSON.parse(text) : null;
}

export const get = (path, options) => json("GET", path, undefined, options);
export const post = (path, body = {}, options) => json("POST", path, body, options);
export const put = (path, body, options) => json("PUT", path, body, options);
export const del = (path, options) => json("DELETE", path, undefined, options);

/** Path of something of a home; each part is escaped. */
export const homePath = (home, ...parts) => `/api/homes/${[home, ...parts].map(encodeURIComponent).join("/")}`;
