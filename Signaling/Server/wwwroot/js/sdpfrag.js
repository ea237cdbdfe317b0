/** Fragments of RFC 8840, as WHEP carries them in PATCH. */

const line = (sdp, name) => new RegExp(`^a=${name}:(.*)$`, "m").exec(sdp)?.[1].trim();

/** A fragment with the given candidates (RTCIceCandidate), or with the credentials alone. */
export function write(sdp, candidates, isEnd) {
  const mid = line(sdp, "mid") ?? "0";
  const media = /^m=.*$/m.exec(sdp)?.[0].trim() ?? "m=audio 9 UDP/TLS/RTP/SAVPF 0";
  const lines = [`a=ice-ufrag:${line(sdp, "ice-ufrag")}`, `a=ice-pwd:${line(sdp, "ice-pwd")}`, media, `a=mid:${mid}`];
  for (const candidate of candidates) lines.push(`a=${candidate.candidate.replace(/^a=/, "")}`);
  if (isEnd) lines.push("a=end-of-candidates");
  return `${lines.join("\r\n")}\r\n`;
}

/** The remote description after an ICE restart: the old one with the new credentials and candidates of the fragment. */
export function restarted(sdp, fragment) {
  const ufrag = line(fragment, "ice-ufrag"), pwd = line(fragment, "ice-pwd");
  const candidates = fragment.split(/\r?\n/).filter((l) => l.startsWith("a=candidate:"));
  let isFirst = true;
  const lines = [];
  for (const old of sdp.split(/\r?\n/)) {
    if (old.startsWith("a=candidate:") || old === "a=end-of-candidates" || old === "") continue;
    lines.push(old.startsWith("a=ice-ufrag:") ? `a=ice-ufrag:${ufrag}` : old.startsWith("a=ice-pwd:") ? `a=ice-pwd:${pwd}` : old);
    if (isFirst && old.startsWith("a=mid:")) {
      lines.push(...candidates);
      isFirst = false;
    }
  }
  return `${lines.join("\r\n")}\r\n`;
}
