using System.Globalization;
using MediaRelay.Media.Sdp;

namespace MediaRelay.Media.IO.Cameras.Ffmpeg;

/// <summary>The formats that a child produces for browsers, each with ffmpeg's arguments and the RTP codec that results.</summary>
internal static class FfmpegOutputs
{
    /// <summary>Frames between key frames; at 15 frames a second a viewer never waits longer than about two seconds.</summary>
    private const int KeyFrameInterval = 30;

    /// <summary>The encoder takes even sizes only.</summary>
    public const string EvenScale = "scale=trunc(iw/2)*2:trunc(ih/2)*2";

    /// <summary>The smaller picture: at most 320 wide, 8 frames a second; with <see cref="Arguments"/> about 150 kbit/s.</summary>
    public const string ReducedScale = "fps=8,scale=trunc(min(320\\,iw)/2)*2:-2";

    public static RtpCodec H264 { get; } =
        new(96, "H264", 90000, 1, new FormatParameters("packetization-mode=1;profile-level-id=42e01f;level-asymmetry-allowed=1"));

    public static RtpCodec Pcmu { get; } = new(0, "PCMU", 8000);

    public static RtpCodec Pcma { get; } = new(8, "PCMA", 8000);

    public static RtpCodec Opus { get; } = new(111, "opus", 48000, 2, new FormatParameters("minptime=10;useinbandfec=1"));

    private static readonly string[] Large = ["-maxrate", "2M", "-bufsize", "1M"];

    private static readonly string[] Small = ["-b:v", "150k", "-maxrate", "200k", "-bufsize", "200k"];

    /// <summary>Encoder arguments for one of the codecs above, up to and without the output URL.</summary>
    public static IEnumerable<string> Arguments(RtpCodec codec, bool reduced = false)
    {
        var payloadType = codec.PayloadType.ToString(CultureInfo.InvariantCulture);
        if (codec.Is("H264"))
        {
            return ["-an", "-c:v", "libx264", "-profile:v", "baseline", "-level", "3.1", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p",
                "-threads", "1", "-bf", "0", "-g", (reduced ? KeyFrameInterval / 2 : KeyFrameInterval).ToString(CultureInfo.InvariantCulture), .. reduced ? Small : Large,
                "-f", "rtp", "-payload_type", payloadType];
        }
        if (codec.Is("opus"))
            return ["-vn", "-c:a", "libopus", "-application", "lowdelay", "-frame_duration", "20", "-b:a", "32k", "-ar", "48000", "-ac", "2", "-f", "rtp", "-payload_type", payloadType];
        // The RTP writer sends what the encoder gives; 160 samples make the usual 20 ms packet.
        return ["-vn", "-af", "aresample=8000,asetnsamples=n=160", "-c:a", codec.Is("PCMA") ? "pcm_alaw" : "pcm_mulaw", "-ar", "8000", "-ac", "1", "-f", "rtp", "-payload_type", payloadType];
    }
}
