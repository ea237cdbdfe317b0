import { post } from "../api.js";
import { askDialog } from "../parts/dialog.js";

/** Claims an incident; taking it from somebody else asks for the reason. The record afterwards, null when given up. */
export async function claim(incident, session) {
  let reason;
  if (incident.claimedBy && incident.claimedBy !== session.user.id) {
    reason = await askDialog("Take the alarm over", `Why do you take it from ${incident.claimedBy}?`, "Take over", { hint: "The reason stands in the record." });
    if (!reason) return null;
  }
  return post(`/api/incidents/${encodeURIComponent(incident.id)}/claim`, { reason });
}
