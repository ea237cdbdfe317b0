using System.Net.Security;

namespace MediaRelay.Media.IO.Cameras.Rtsp;

/// <summary>How to talk to an RTSP camera.</summary>
public sealed record RtspSettings
{
    /// <summary>Which transport is asked for first; the other one is tried when the camera answers 461.</summary>
    public RtspTransport Transport { get; init; } = RtspTransport.Tcp;

    /// <summary>Longest time for TCP and TLS together.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A camera that plays but sends nothing for this long is connected anew.</summary>
    public TimeSpan SilenceLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Whether to ask for the ONVIF back-channel (ONVIF Streaming Specification section 5.3); cameras without one answer 551 and are asked again without it.</summary>
    public bool AskForBackChannel { get; init; } = true;

    /// <summary>Judges the certificate of a camera with RTSP over TLS; null uses the system's rules. Cameras usually need a pinned certificate.</summary>
    public RemoteCertificateValidationCallback? CertificateCheck { get; init; }
}
