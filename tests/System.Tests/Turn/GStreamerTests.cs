namespace MediaRelay.System.Tests.Turn;

/// <summary>Two GStreamer webrtcbin elements (libnice) behind the router, relay only: video arrives and is decoded.</summary>
public sealed class GStreamerTests(RelayFixture relay) : IClassFixture<RelayFixture>
{
    private const string Script = """
        import sys, gi
        gi.require_version('Gst', '1.0'); gi.require_version('GstWebRTC', '1.0'); gi.require_version('GstSdp', '1.0')
        from gi.repository import Gst, GstWebRTC, GstSdp, GLib
        Gst.init(None)
        server = sys.argv[1]
        loop = GLib.MainLoop()
        pipe = Gst.Pipeline.new('pair')
        def webrtc(name):
            element = Gst.ElementFactory.make('webrtcbin', name)
            element.set_property('bundle-policy', 'max-bundle')
            element.set_property('ice-transport-policy', GstWebRTC.WebRTCICETransportPolicy.RELAY)
            element.emit('add-turn-server', server)
            pipe.add(element)
            return element
        caller, callee = webrtc('caller'), webrtc('callee')
        source = Gst.parse_bin_from_description('videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=15/1 ! vp8enc deadline=1 ! rtpvp8pay pt=96 ! capsfilter caps=application/x-rtp,media=video,encoding-name=VP8,payload=96', True)
        pipe.add(source)
        source.link(caller)
        frames = [0]
        def on_frame(pad, info):
            frames[0] += 1
            if frames[0] == 10:
                print('decoded', frames[0], flush=True)
                loop.quit()
            return Gst.PadProbeReturn.OK
        def on_pad(element, pad):
            if pad.get_direction() != Gst.PadDirection.SRC: return
            sink = Gst.parse_bin_from_description('rtpvp8depay ! vp8dec ! fakesink name=out sync=false', True)
            pipe.add(sink); sink.sync_state_with_parent()
            sink.get_by_name('out').get_static_pad('sink').add_probe(Gst.PadProbeType.BUFFER, on_frame)
            pad.link(sink.get_static_pad('sink'))
        callee.connect('pad-added', on_pad)
        kinds = set()
        def candidate(to):
            def added(element, line, text):
                kinds.add(text.split(' typ ')[1].split(' ')[0])
                GLib.idle_add(lambda: to.emit('add-ice-candidate', line, text) and False)
            return added
        caller.connect('on-ice-candidate', candidate(callee))
        callee.connect('on-ice-candidate', candidate(caller))
        kept = []
        def described(promise, name):
            # Promise and reply own the description; the text outlives both.
            promise.wait()
            reply = promise.get_reply()
            kept.append((promise, reply))
            text = reply.get_value(name).sdp.as_text()
            kind = GstWebRTC.WebRTCSDPType.OFFER if name == 'offer' else GstWebRTC.WebRTCSDPType.ANSWER
            def fresh():
                _, message = GstSdp.SDPMessage.new_from_text(text)
                return GstWebRTC.WebRTCSessionDescription.new(kind, message)
            return fresh
        def set_description(element, which, description):
            promise = Gst.Promise.new()
            kept.append((promise, description))
            element.emit('set-%s-description' % which, description, promise)
            promise.wait()
        def on_answer(promise, *_):
            answer = described(promise, 'answer')
            GLib.idle_add(lambda: (set_description(callee, 'local', answer()), set_description(caller, 'remote', answer())) and False)
        def on_offer(promise, *_):
            offer = described(promise, 'offer')
            def go():
                set_description(caller, 'local', offer())
                set_description(callee, 'remote', offer())
                callee.emit('create-answer', None, Gst.Promise.new_with_change_func(on_answer, None))
                return False
            GLib.idle_add(go)
        caller.connect('on-negotiation-needed', lambda e: e.emit('create-offer', None, Gst.Promise.new_with_change_func(on_offer, None)))
        GLib.timeout_add_seconds(18, loop.quit)
        pipe.set_state(Gst.State.PLAYING)
        loop.run()
        print('kinds', sorted(kinds), 'frames', frames[0], flush=True)
        pipe.set_state(Gst.State.NULL)
        """;

    [Theory]
    [InlineData("turn://alice:wonderland@11.10.0.1:3478?transport=udp")]
    [InlineData("turn://alice:wonderland@11.10.0.1:3478?transport=tcp")]
    public void Two_webrtcbins_exchange_video_through_the_relay_alone(string server)
    {
        var file = Path.Combine(Path.GetTempPath(), $"mr-webrtc-{Guid.NewGuid():N}.py");
        File.WriteAllText(file, Script);
        var (_, output) = HomeNetwork.Run(relay.Network.Client, TimeSpan.FromSeconds(25), $"/usr/bin/python3 {file} '{server}'");
        File.Delete(file);
        Assert.Contains("decoded 10", output, StringComparison.Ordinal);
        Assert.Contains("kinds ['relay']", output, StringComparison.Ordinal);
    }
}
