using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;

namespace MediaRelay.System.Tests.Media;

/// <summary>GStreamer's webrtcbin as the peer, in a namespace: it views H.264, hears sound and speaks a tone. Lines of JSON go in and out.</summary>
internal sealed class WebrtcbinPeer : IAsyncDisposable
{
    private const string Script = """
        import sys, json, math, threading, gi
        gi.require_version('Gst', '1.0'); gi.require_version('GstWebRTC', '1.0'); gi.require_version('GstSdp', '1.0')
        from gi.repository import Gst, GstWebRTC, GstSdp, GLib
        Gst.init(None)
        role, codec = sys.argv[1], sys.argv[2]
        loop = GLib.MainLoop()
        pipe = Gst.Pipeline.new('peer')
        peer = Gst.ElementFactory.make('webrtcbin', 'peer')
        peer.set_property('bundle-policy', 'max-bundle')
        pipe.add(peer)
        kept, frames = [], [0]
        lock = threading.Lock()
        def say(**values):
            with lock: sys.stdout.write(json.dumps(values) + '\n'); sys.stdout.flush()
        if codec == 'opus':
            decode = 'rtpopusdepay ! opusdec'
            encode, caps = 'audioconvert ! audioresample ! opusenc ! rtpopuspay pt=111', 'application/x-rtp,media=audio,encoding-name=OPUS,payload=111,clock-rate=48000,encoding-params=(string)2'
        else:
            decode = 'rtppcmudepay ! mulawdec'
            encode, caps = 'audioconvert ! audioresample ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay pt=0', 'application/x-rtp,media=audio,encoding-name=PCMU,payload=0,clock-rate=8000'
        picture = Gst.Caps.from_string('application/x-rtp,media=video,encoding-name=H264,payload=102,clock-rate=90000,packetization-mode=(string)1,profile-level-id=(string)42e01f,rtcp-fb-nack=(boolean)true,rtcp-fb-nack-pli=(boolean)true,rtcp-fb-transport-cc=(boolean)true,extmap-3=http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01')
        def speak():
            voice = Gst.parse_bin_from_description('audiotestsrc is-live=true freq=500 volume=0.5 ! ' + encode + ' ! capsfilter caps=' + caps, True)
            pipe.add(voice); voice.link(peer); voice.sync_state_with_parent()
        def on_frame(pad, info):
            frames[0] += 1
            if frames[0] % 10 == 0:
                data = info.get_buffer().extract_dup(0, info.get_buffer().get_size())[::97]
                mean = sum(data) / len(data)
                caps = pad.get_current_caps().get_structure(0)
                say(frames=frames[0], width=caps.get_value('width'), mean=mean, spread=math.sqrt(sum((x - mean) ** 2 for x in data) / len(data)))
            return Gst.PadProbeReturn.OK
        def on_pad(element, pad):
            if pad.get_direction() != Gst.PadDirection.SRC: return
            kind = pad.get_current_caps().get_structure(0).get_value('media')
            if kind == 'video':
                sink = Gst.parse_bin_from_description('rtph264depay ! h264parse ! avdec_h264 ! videoconvert ! video/x-raw,format=GRAY8 ! fakesink name=out sync=false', True)
                sink.get_by_name('out').get_static_pad('sink').add_probe(Gst.PadProbeType.BUFFER, on_frame)
            else:
                sink = Gst.parse_bin_from_description(decode + ' ! audioconvert ! level interval=200000000 ! fakesink sync=false', True)
            pipe.add(sink); sink.sync_state_with_parent()
            pad.link(sink.get_static_pad('sink'))
        def on_message(bus, message):
            s = message.get_structure()
            if message.type == Gst.MessageType.ERROR: say(error=str(message.parse_error()))
            elif s is not None and s.get_name() == 'level': say(level=max(s.get_value('rms')))
            return True
        def described(promise, name):
            promise.wait(); reply = promise.get_reply(); kept.append((promise, reply))
            return reply.get_value(name).sdp.as_text()
        def description(kind, text):
            _, message = GstSdp.SDPMessage.new_from_text(text)
            return GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.OFFER if kind == 'offer' else GstWebRTC.WebRTCSDPType.ANSWER, message)
        def set_description(which, kind, text):
            promise = Gst.Promise.new(); value = description(kind, text); kept.append((promise, value))
            peer.emit('set-%s-description' % which, value, promise); promise.wait()
        def made(promise, kind):
            text = described(promise, kind)
            def go(): set_description('local', kind, text); say(kind=kind, sdp=text)
            GLib.idle_add(go)
        def make(kind): peer.emit('create-' + kind, None, Gst.Promise.new_with_change_func(made, kind))
        def heard(line):
            if 'candidate' in line: peer.emit('add-ice-candidate', 0, line['candidate']); return
            if line['kind'] == 'restart': make('offer'); return
            set_description('remote', line['kind'], line['sdp'])
            if line['kind'] == 'offer':
                make('answer')
        def listen():
            for text in sys.stdin: GLib.idle_add(lambda line: heard(line), json.loads(text))
            GLib.idle_add(loop.quit)
        peer.connect('pad-added', on_pad)
        peer.connect('on-ice-candidate', lambda e, line, text: say(candidate=text))
        peer.connect('notify::connection-state', lambda e, p: say(state=e.get_property('connection-state').value_nick))
        if role == 'offer':
            peer.emit('add-transceiver', GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY, picture)
            speak()
            once = []
            peer.connect('on-negotiation-needed', lambda e: once or (once.append(1), make('offer')))
        else:
            speak()
        bus = pipe.get_bus(); bus.add_signal_watch(); bus.connect('message', on_message)
        pipe.set_state(Gst.State.PLAYING)
        threading.Thread(target=listen, daemon=True).start()
        loop.run()
        pipe.set_state(Gst.State.NULL)
        """;

    private readonly string _script = Path.Combine(Path.GetTempPath(), $"mr-webrtcbin-{Guid.NewGuid():N}.py");
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _errors = new();
    private readonly TaskCompletionSource<string> _described = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentQueue<string> _candidates = new();

    /// <summary>Starts a peer that offers, or one that waits for an offer; <paramref name="codec"/> is pcmu or opus.</summary>
    public WebrtcbinPeer(string space, bool offers, string codec)
    {
        File.WriteAllText(_script, Script);
        _process = Process.Start(new ProcessStartInfo("ip", ["netns", "exec", space, "/usr/bin/python3", _script, offers ? "offer" : "answer", codec])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _process.OutputDataReceived += (_, line) => Hear(line.Data);
        _process.ErrorDataReceived += (_, line) => _errors.Enqueue(line.Data ?? "");
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Decoded pictures so far, and what the newest looked at is like.</summary>
    public int Frames { get; private set; }

    public int Width { get; private set; }

    public double Spread { get; private set; }

    /// <summary>Loudest sound heard, in dB below full scale.</summary>
    public double Level { get; private set; } = double.NegativeInfinity;

    public string State { get; private set; } = "new";

    /// <summary>The peer's candidates, those so far and those to come.</summary>
    public event Action<string>? CandidateFound;

    public Task<string> DescribedAsync() => _described.Task.WaitAsync(TimeSpan.FromSeconds(15));

    public void Tell(string kind, string sdp) => Write(new { kind, sdp });

    public void TellCandidate(string candidate) => Write(new { candidate });

    /// <summary>Hands on all candidates: those that came before anybody listened, then each new one.</summary>
    public void Trickle(Action<string> take)
    {
        CandidateFound += take;
        while (_candidates.TryDequeue(out var early)) take(early);
    }

    public override string ToString() => $"state {State}, frames {Frames}, width {Width}, spread {Spread:0}, level {Level:0.0}, {string.Join(" | ", _errors)}";

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        File.Delete(_script);
    }

    private void Write(object line)
    {
        _process.StandardInput.WriteLine(JsonSerializer.Serialize(line));
        _process.StandardInput.Flush();
    }

    private void Hear(string? text)
    {
        if (text is null || !text.StartsWith('{')) return;
        using var line = JsonDocument.Parse(text.Replace("-Infinity", "-200", StringComparison.Ordinal));
        var root = line.RootElement;
        if (root.TryGetProperty("sdp", out var sdp)) _described.TrySetResult(sdp.GetString()!);
        if (root.TryGetProperty("state", out var state)) State = state.GetString()!;
        if (root.TryGetProperty("error", out var error)) _errors.Enqueue(error.GetString()!);
        if (root.TryGetProperty("level", out var level)) Level = Math.Max(Level, level.GetDouble());
        if (root.TryGetProperty("frames", out var frames))
        {
            Frames = frames.GetInt32();
            Width = root.GetProperty("width").GetInt32();
            Spread = root.GetProperty("spread").GetDouble();
        }
        if (!root.TryGetProperty("candidate", out var candidate)) return;
        if (CandidateFound is { } take) take(candidate.GetString()!);
        else _candidates.Enqueue(candidate.GetString()!);
    }
}
