import { csrfHeaders, get, Problem, request } from "./api.js";
import * as fragment from "./sdpfrag.js";

/** Steps of a look-in in their order, with the limit after which a step that does not end is the one that failed. */
export const steps = [
  { name: "prepare", words: "Relay credentials", limit: 8000 },
  { name: "offer", words: "Offer made", limit: 5000 },
  { name: "answer", words: "Answer of the home", limit: 30000 },
  { name: "ice", words: "Path found (ICE)", limit: 15000 },
  { name: "dtls", words: "Keys agreed (DTLS)", limit: 8000 },
  { name: "first-packet", words: "First packet", limit: 8000 },
  { name: "first-frame", words: "First picture", limit: 10000 },
];

const failures = {
  prepare: "The server did not hand out relay credentials.",
  offer: "This browser could not make an offer for video.",
  answer: "The home did not answer.",
  ice: "No network path between this browser and the home was found, not even through the relay.",
  dtls: "A path was found, but the keys for the video could not be agreed on it.",
  "first-packet": "The connection stands, but the camera sends nothing.",
  "first-frame": "Video arrives, but no picture could be decoded from it.",
};

/** Plays one camera over WHEP. Fires `change`; what to show is in its fields. It never falls back to anything else. */
export class WhepPlayer extends EventTarget {
  phase = "idle";
  done = [];
  serverSteps = [];
  gatewaySteps = [];
  grant = { state: "none", words: "" };
  failure = null;
  endWords = "";
  stalledSince = 0;
  stats = {};
  canTalk = false;
  peer = null;
  sender = null;

  #url; #wantsTalk; #video; #location = null; #etag = null; #events = null; #abort = new AbortController();
  #pending = []; #isEnd = false; #flushing = false; #limit = 0; #watch = 0; #start = 0; #lastFrame = 0; #bytes = null; #isRestarting = false; #hasRemote = false; #remote = [];

  constructor({ url, talk, video }) {
    super();
    [this.#url, this.#wantsTalk, this.#video] = [url, talk, video];
  }

  /** Session path, null before the answer. */
  get location() { return this.#location; }

  /** The session's id as the logs know it. */
  get session() { return this.#location?.split("/").pop() ?? ""; }

  elapsed() { return this.#start ? performance.now() - this.#start : 0; }

  async start() {
    this.#start = performance.now();
    this.phase = "starting";
    this.#arm("prepare");
    addEventListener("pagehide", this.#leave);
    try {
      if (!("RTCPeerConnection" in window)) throw new Problem(0, "no-webrtc", "This browser has no WebRTC, so it cannot play live video.", "offer");
      // The offer is made while the credentials travel; only gathering needs them.
      const credentials = get("/whep/ice-servers", { signal: this.#abort.signal });
      const peer = this.peer = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
      this.#listen(peer);
      peer.addTransceiver("video", { direction: "recvonly" });
      this.sender = peer.addTransceiver("audio", { direction: this.#wantsTalk ? "sendrecv" : "recvonly" }).sender;
      const [{ iceServers = [], session }, offer] = await Promise.all([credentials, peer.createOffer()]);
      this.#mark("prepare", "offer");
      peer.setConfiguration({ iceServers, bundlePolicy: "max-bundle" });
      await peer.setLocalDescription(offer);
      this.#mark("offer", "answer");
      await this.#post(peer, session);
      this.#mark("answer", "ice");
      this.#watch = setInterval(() => this.#look(), 1000);
    } catch (error) {
      if (error.name !== "AbortError" && this.phase === "starting") this.#fail(error.step ?? this.#nextStep(), error.message, error.name);
    }
  }

  /** Ends the session; safe to call again. */
  stop(words = "") {
    if (this.phase === "ended") return;
    if (this.phase !== "failed") this.phase = "ended";
    this.endWords = words;
    this.#close();
    this.#changed();
  }

  /** Tells the server that the person speaks or stopped, for the home owner's log. */
  noteTalk(isOn) {
    if (this.#location) request("POST", `${this.#location}/talk`, { body: { state: isOn ? "on" : "off" }, keepalive: true }).catch(() => {});
  }

  /** The credentials name the session already; giving the name back makes all logs speak of the same one. */
  async #post(peer, session) {
    const url = session ? `${this.#url}${this.#url.includes("?") ? "&" : "?"}session=${session}` : this.#url;
    const response = await request("POST", url, { body: peer.localDescription.sdp, type: "application/sdp", signal: this.#abort.signal });
    const answer = await response.text();
    const location = response.headers.get("Location");
    if (!location) throw new Problem(0, "answer", "The server's answer names no session.", "answer");
    this.#location = new URL(location, window.location.href).pathname;
    this.#etag = response.headers.get("ETag");
    if (this.phase !== "starting") { this.#delete(); return; }
    this.#openEvents(response.headers.get("Link"));
    await peer.setRemoteDescription({ type: "answer", sdp: answer });
    this.#hasRemote = true;
    this.#remote.splice(0).forEach((c) => this.#addRemote(c));
    const audio = peer.getTransceivers().find((t) => t.sender === this.sender);
    this.canTalk = /send/.test(audio?.currentDirection ?? "");
    this.#flush();
  }

  #openEvents(link) {
    const named = /<([^>]+)>\s*;\s*rel="urn:ietf:params:whep:ext:core:server-sent-events"/.exec(link ?? "");
    const events = this.#events = new EventSource(named ? new URL(named[1], window.location.href).pathname : `${this.#location}/events`);
    const take = (name, handler) => events.addEventListener(name, (e) => { try { handler(JSON.parse(e.data)); } catch { /* a broken message is skipped */ } });
    take("state", (d) => {
      this.grant = { state: String(d.grant ?? this.grant.state).toLowerCase(), words: d.words ?? "" };
      if (d.steps) this.serverSteps = d.steps;
      this.#changed();
    });
    take("candidates", (d) => {
      for (const c of d.candidates ?? []) this.#addRemote({ candidate: c.candidate.replace(/^a=/, ""), sdpMid: c.sdpMid ?? "0" });
      if (d.end) this.#addRemote(null);
    });
    take("gatewaySteps", (d) => { this.gatewaySteps = d.steps ?? []; this.#changed(); });
    take("steps", (d) => { this.serverSteps = d.steps ?? []; this.#changed(); });
    events.addEventListener("error", () => {
      // A stream that is refused, not only broken, means that the server has ended the session.
      if (events.readyState === EventSource.CLOSED && this.phase === "playing") this.stop("The server ended the session.");
    });
    take("end", (d) => {
      const words = d.words || "The session was ended by the server.";
      if (this.phase === "starting") this.#fail(d.step ?? this.#nextStep(), words, String(d.type ?? "").split(":").pop());
      else this.stop(words);
    });
  }

  #addRemote(candidate) {
    if (!this.#hasRemote) { this.#remote.push(candidate); return; }
    this.peer?.addIceCandidate(candidate ?? undefined).catch(() => { /* an unknown transport or address family is no reason to stop */ });
  }

  #listen(peer) {
    const stream = new MediaStream();
    this.#video.srcObject = stream;
    peer.addEventListener("track", ({ track }) => {
      stream.addTrack(track);
      if (track.kind !== "video") return;
      track.addEventListener("unmute", () => this.#mark("first-packet", "first-frame"));
      this.#watchFrames();
      this.#video.play().catch(() => {
        // Browsers refuse sound before the first click; the picture comes first and the sound button says so.
        this.#video.muted = true;
        this.#video.play().catch(() => {});
        this.#changed();
      });
    });
    peer.addEventListener("icecandidate", ({ candidate }) => {
      if (candidate?.candidate) this.#pending.push(candidate);
      else this.#isEnd = true;
      this.#flush();
    });
    peer.addEventListener("iceconnectionstatechange", () => {
      const state = peer.iceConnectionState;
      if (state === "connected" || state === "completed") this.#mark("ice", "dtls");
      if (state === "failed" && this.phase === "starting") this.#fail("ice", failures.ice, "media-failed");
      if (state === "failed" && this.phase === "playing") this.#restart();
    });
    peer.addEventListener("connectionstatechange", () => {
      if (peer.connectionState === "connected") this.#mark("dtls", "first-packet");
      if (peer.connectionState === "failed" && this.phase === "starting" && this.#has("ice")) this.#fail("dtls", failures.dtls, "media-failed");
    });
  }

  #watchFrames() {
    const video = this.#video;
    const frame = () => {
      if (this.phase === "ended" || this.phase === "failed") return;
      this.#lastFrame = performance.now();
      if (!this.#has("first-frame")) {
        this.#mark("first-packet");
        this.#mark("first-frame");
        clearTimeout(this.#limit);
        this.phase = "playing";
        this.#note("first-frame");
        if (!video.paused) this.#note("playing");
        this.#changed();
      } else if (this.stalledSince) {
        this.stalledSince = 0;
        this.#changed();
      }
      video.requestVideoFrameCallback(frame);
    };
    if ("requestVideoFrameCallback" in video) video.requestVideoFrameCallback(frame);
    else video.addEventListener("timeupdate", () => { if (video.videoWidth) frame(); });
  }

  /** Once a second: does the picture still move, and over which path does it come? */
  async #look() {
    if (this.phase === "playing" && !document.hidden && performance.now() - this.#lastFrame > 2500 && !this.stalledSince) {
      this.stalledSince = this.#lastFrame;
      this.#changed();
    }
    const report = await this.peer?.getStats().catch(() => null);
    if (!report) return;
    const all = [...report.values()];
    const video = all.find((s) => s.type === "inbound-rtp" && s.kind === "video");
    const transport = all.find((s) => s.type === "transport");
    const pair = report.get(transport?.selectedCandidatePairId) ?? all.find((s) => s.type === "candidate-pair" && s.nominated && s.state === "succeeded");
    const local = report.get(pair?.localCandidateId), far = report.get(pair?.remoteCandidateId);
    const audioOut = all.find((s) => s.type === "outbound-rtp" && s.kind === "audio");
    const heard = all.find((s) => s.type === "remote-inbound-rtp" && s.kind === "audio");
    const bytes = video ? { at: video.timestamp, count: video.bytesReceived } : null;
    this.stats = {
      path: !local ? "" : local.candidateType === "relay" || far?.candidateType === "relay" ? `relay (${local.relayProtocol ?? local.protocol})` : `direct (${local.protocol})`,
      rtt: pair?.currentRoundTripTime,
      rate: bytes && this.#bytes ? (bytes.count - this.#bytes.count) * 8 / Math.max(1, bytes.at - this.#bytes.at) : undefined,
      size: video?.frameWidth ? `${video.frameWidth} x ${video.frameHeight}` : "", frames: video?.framesPerSecond, lost: video?.packetsLost, freezes: video?.freezeCount,
      codec: report.get(video?.codecId)?.mimeType?.split("/")[1], audioPacketsSent: audioOut?.packetsSent ?? 0, audioHeard: heard,
    };
    this.#bytes = bytes;
    this.dispatchEvent(new Event("stats"));
  }

  async #flush() {
    if (this.#flushing || this.#isRestarting || !this.#location || !this.#hasRemote || (!this.#pending.length && !this.#isEnd)) return;
    this.#flushing = true;
    // Candidates come in bursts; a short wait makes one request of them.
    await new Promise((resolve) => setTimeout(resolve, 15));
    const batch = this.#pending.splice(0), isEnd = this.#isEnd;
    this.#isEnd = false;
    try {
      await this.#patch(fragment.write(this.peer.localDescription.sdp, batch, isEnd), this.#etag);
    } catch { /* the server's candidates may still make a path; if not, the ICE step says so */ }
    this.#flushing = false;
    this.#flush();
  }

  #patch(body, etag) {
    return request("PATCH", this.#location, { body, type: "application/trickle-ice-sdpfrag", headers: etag ? { "If-Match": etag } : {}, signal: this.#abort.signal });
  }

  /** The path broke while playing: new credentials and candidates on the same session, announced to the viewer. */
  async #restart() {
    if (this.#isRestarting || !this.#location) return;
    this.#isRestarting = true;
    this.stalledSince ||= performance.now();
    this.#changed();
    try {
      const peer = this.peer;
      await peer.setLocalDescription(await peer.createOffer({ iceRestart: true }));
      const response = await this.#patch(fragment.write(peer.localDescription.sdp, [], false), "*");
      this.#etag = response.headers.get("ETag") ?? this.#etag;
      await peer.setRemoteDescription({ type: "answer", sdp: fragment.restarted(peer.currentRemoteDescription.sdp, await response.text()) });
    } catch (error) {
      if (this.phase === "playing") this.#fail("ice", `The path to the home broke and could not be restored. ${error.message ?? ""}`.trim(), "media-failed");
    } finally {
      this.#isRestarting = false;
      // Candidates that were found meanwhile belong to the new entity tag.
      this.#flush();
    }
  }

  #has(name) { return this.done.some((s) => s.name === name); }

  #nextStep() { return steps.find((s) => !this.#has(s.name))?.name ?? "first-frame"; }

  #mark(name, next) {
    if (this.#has(name) || this.phase === "failed" || this.phase === "ended") return;
    this.done.push({ name, at: this.elapsed() });
    if (next && this.phase === "starting") this.#arm(this.#nextStep());
    this.#changed();
  }

  #arm(name) {
    clearTimeout(this.#limit);
    const step = steps.find((s) => s.name === name);
    if (step) this.#limit = setTimeout(() => this.#fail(name, failures[name], "timeout"), step.limit);
  }

  #note(name) {
    if (this.#location) request("POST", `${this.#location}/steps`, { body: { name, afterMs: Math.round(this.elapsed()) }, keepalive: true }).catch(() => {});
  }

  #fail(step, words, type) {
    if (this.phase === "failed" || this.phase === "ended") return;
    this.phase = "failed";
    this.failure = { step, stepWords: steps.find((s) => s.name === step)?.words ?? step, words, type };
    this.#close();
    this.#changed();
  }

  #leave = () => this.stop("The page was closed.");

  #delete() {
    if (!this.#location) return;
    // keepalive lets the request outlive the page; a failure is covered by the session's event stream ending.
    fetch(this.#location, { method: "DELETE", keepalive: true, credentials: "same-origin", headers: csrfHeaders() }).catch(() => {});
    this.#location = null;
  }

  #close() {
    removeEventListener("pagehide", this.#leave);
    clearTimeout(this.#limit);
    clearInterval(this.#watch);
    this.#delete();
    this.#abort.abort();
    this.#events?.close();
    this.peer?.close();
    this.peer = null;
    this.#video.srcObject = null;
  }

  #changed() { this.dispatchEvent(new Event("change")); }
}
