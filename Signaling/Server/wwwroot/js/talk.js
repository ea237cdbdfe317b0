/** The microphone of this page and its way into a session. */
export class TalkChannel {
  isOn = false;
  #player; #track = null; #meter = null; #context = null;

  constructor(player) { this.#player = player; }

  get hasMicrophone() { return this.#track?.readyState === "live"; }

  /** Asks for the microphone once; throws a sentence for people. */
  async prepare() {
    if (this.hasMicrophone) return;
    if (!window.isSecureContext || !navigator.mediaDevices) throw new Error("Browsers give the microphone only to pages opened over HTTPS.");
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true } });
    } catch (error) {
      throw new Error(error.name === "NotAllowedError" ? "The microphone is blocked for this page. Allow it beside the address bar and try again."
        : error.name === "NotFoundError" ? "This device has no microphone that the browser can use."
        : `The microphone could not be opened (${error.name}).`);
    }
    this.#track = stream.getAudioTracks()[0];
    this.#track.enabled = false;
    await this.#player.sender?.replaceTrack(this.#track);
  }

  /** Opens or closes the line. */
  async set(isOn) {
    if (isOn) await this.prepare();
    if (this.isOn === isOn) return;
    this.isOn = isOn;
    if (this.#track) this.#track.enabled = isOn;
    this.#player.noteTalk(isOn);
  }

  /** Loudness of the microphone now, 0 to 1. */
  level() {
    if (!this.#track) return 0;
    if (!this.#meter) {
      this.#context = new AudioContext();
      this.#context.resume();
      this.#meter = this.#context.createAnalyser();
      this.#meter.fftSize = 512;
      this.#context.createMediaStreamSource(new MediaStream([this.#track])).connect(this.#meter);
    }
    const samples = new Float32Array(this.#meter.fftSize);
    this.#meter.getFloatTimeDomainData(samples);
    return Math.min(1, Math.sqrt(samples.reduce((sum, s) => sum + s * s, 0) / samples.length) * 6);
  }

  close() {
    if (this.isOn) this.#player.noteTalk(false);
    this.isOn = false;
    this.#track?.stop();
    this.#track = null;
    this.#context?.close();
    this.#context = this.#meter = null;
  }
}

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Goes through everything that two-way talk needs, one step after the other, and stops at the first that fails.
 * `show(index, result, words)` is called as steps run; result is run, ok or failed.
 */
export const talkSteps = ["The page is secure", "The microphone is allowed", "The microphone hears you", "The camera takes sound", "Your sound leaves this browser", "The home receives your sound"];

export async function checkTalk(player, talk, show, onLevel, signal) {
  const stats = () => player.stats;
  const tests = [
    async () => window.isSecureContext ? location.protocol === "https:" ? "HTTPS" : "Served by this computer itself" : fail("This page was not opened over HTTPS; browsers give the microphone only to secure pages. Open the https:// address."),
    async () => { await talk.prepare(); return "Allowed"; },
    async () => {
      await talk.set(true);
      let loudest = 0;
      for (let i = 0; i < 60 && !signal.aborted; i++) {
        const level = talk.level();
        loudest = Math.max(loudest, level);
        onLevel(level);
        if (loudest > 0.04 && i > 8) return "Heard";
        await wait(80);
      }
      return fail("The microphone is open but silent. Say something; if the bar does not move, another input may be chosen in the system's sound settings.");
    },
    async () => player.phase !== "playing" ? fail("The live view is not running.") : player.canTalk ? "Agreed" : fail("The camera did not agree to receive sound in this session."),
    async () => {
      const before = stats().audioPacketsSent ?? 0;
      for (let i = 0; i < 16 && !signal.aborted; i++) {
        await wait(250);
        if ((stats().audioPacketsSent ?? 0) > before + 5) return `${stats().audioPacketsSent} packets sent`;
      }
      return fail("The microphone works, but no sound packet leaves the browser.");
    },
    async () => {
      for (let i = 0; i < 32 && !signal.aborted; i++) {
        const heard = stats().audioHeard;
        if (heard) {
          const lost = Math.round((heard.fractionLost ?? 0) * 100);
          return lost < 30 ? `Confirmed by the home${heard.roundTripTime ? `, ${Math.round(heard.roundTripTime * 1000)} ms there and back` : ""}${lost ? `, ${lost} % lost` : ""}` : fail(`The home reports that ${lost} % of your sound is lost on the way.`);
        }
        await wait(250);
      }
      return fail("Your sound leaves the browser, but the home has not confirmed that it arrives.");
    },
  ];
  try {
    for (let i = 0; i < tests.length; i++) {
      if (signal.aborted) return false;
      show(i, "run", "");
      try {
        show(i, "ok", await tests[i]());
      } catch (error) {
        show(i, "failed", error.message);
        return false;
      }
    }
    return true;
  } finally {
    await talk.set(false).catch(() => {});
  }
}

function fail(words) { throw new Error(words); }
