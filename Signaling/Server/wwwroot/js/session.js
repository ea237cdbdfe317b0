import { get, post, setCsrf } from "./api.js";

/** Who is logged in; null before login. */
export const session = { user: null, rights: [], secondFactor: { enrolled: false, required: false, fresh: false }, home: null, homes: [] };

/** Asks the server who is logged in; false when nobody is. */
export async function load() {
  try {
    const me = await get("/api/me");
    setCsrf(me.csrf);
    Object.assign(session, { user: me.user, rights: me.rights ?? [], secondFactor: me.secondFactor ?? { enrolled: false } });
  } catch (problem) {
    if (problem.status !== 401) throw problem;
    session.user = null;
    return false;
  }
  session.home = session.user.home ?? null;
  if (!session.home && (session.user.role === "guest" || session.user.role === "installer")) {
    session.homes = await get("/api/homes").catch(() => []);
    session.home = session.homes[0]?.id ?? null;
  }
  return true;
}

export async function login(user, password, code) {
  const answer = await post("/api/login", { user, password, code: code || undefined });
  setCsrf(answer.csrf);
  return load();
}

export async function logout() {
  await post("/api/logout").catch(() => {});
  session.user = null;
  setCsrf("");
}
