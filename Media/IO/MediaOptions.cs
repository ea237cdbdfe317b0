using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace MediaRelay.Media.IO;

/// <summary>The configuration section <c>Media</c>.</summary>
public sealed class MediaOptions : IValidatableObject
{
    [Description("IP addresses that media sockets are opened on; empty means every address of every interface that is up, without loopback and link-local ones.")]
    public IList<string> Addresses { get; set; } = [];

    [Description("Whether loopback addresses are offered as candidates too; for tests and for viewers on the same machine.")]
    public bool UseLoopback { get; set; }

    [Description("Lowest UDP port of media sockets; 0 together with PortMax 0 lets the system choose.")]
    [Range(0, 65535)]
    public int PortMin { get; set; }

    [Description("Highest UDP port of media sockets; 0 together with PortMin 0 lets the system choose.")]
    [Range(0, 65535)]
    public int PortMax { get; set; }

    [Description("Whether only relayed addresses are told to viewers, so that they never learn an address of this host.")]
    public bool RelayOnly { get; set; }

    [Description("STUN and TURN servers as URLs, e.g. turn:relay.example:3478?transport=udp; credentials come with each session.")]
    public IList<string> IceServers { get; set; } = [];

    [Description("PEM file with the authorities that the certificates of TURN servers over TLS (turns:) have to come from; empty means those that the system trusts.")]
    public string RelayAuthorityFile { get; set; } = "";

    [Description("DSCP value of packets that carry video (RFC 8837); 36 is AF42, 0 leaves them unmarked.")]
    [Range(0, 63)]
    public int VideoDscp { get; set; } = 36;

    [Description("DSCP value of packets that carry audio when an endpoint has no video (RFC 8837); 46 is EF, 0 leaves them unmarked.")]
    [Range(0, 63)]
    public int AudioDscp { get; set; } = 46;

    [Description("Longest time from the first ICE pair to usable SRTP keys; then the endpoint fails.")]
    [Range(typeof(TimeSpan), "00:00:01", "00:01:00")]
    public TimeSpan DtlsTimeout { get; set; } = TimeSpan.FromSeconds(15);

    [Description("Most endpoints at one time in this process; further ones are refused.")]
    [Range(1, 10000)]
    public int MaxEndpoints { get; set; } = 500;

    [Description("The ffmpeg program, by name or absolute path; used for transcoding, still pictures, the test picture and files.")]
    [Required]
    public string FfmpegPath { get; set; } = "ffmpeg";

    [Description("Most ffmpeg children for transcoding at one time; a viewer that would need one more gets the media it can take as it is.")]
    [Range(0, 256)]
    public int MaxTranscoders { get; set; } = 8;

    [Description("How long a camera connection or transcoder without viewers is kept, so that the next viewer starts at once.")]
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromSeconds(10);

    [Description("Longest time to connect to a camera.")]
    [Range(typeof(TimeSpan), "00:00:01", "00:01:00")]
    public TimeSpan CameraConnectTimeout { get; set; } = TimeSpan.FromSeconds(5);

    [Description("A camera that sends nothing for this long is connected anew.")]
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan CameraSilenceLimit { get; set; } = TimeSpan.FromSeconds(10);

    [Description("Longest pause between two attempts to reach a camera; the pause doubles from half a second up to this.")]
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan CameraRetryMax { get; set; } = TimeSpan.FromSeconds(30);

    [Description("Whether RTSP cameras are asked for UDP first instead of interleaved TCP.")]
    public bool PreferUdpCameras { get; set; }

    [Description("Whether any certificate of a camera with RTSP over TLS is accepted; cameras mostly have self-signed ones.")]
    public bool TrustCameraCertificates { get; set; }

    [Description("Seconds of picture and sound kept in memory before a clip starts.")]
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan ClipPreRoll { get; set; } = TimeSpan.FromSeconds(10);

    [Description("Most bytes of pre-roll kept per camera; the oldest seconds are given up first.")]
    [Range(1 << 20, 256 << 20)]
    public int ClipPreRollBytes { get; set; } = 16 << 20;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (PortMin == 0 != (PortMax == 0))
            yield return new ValidationResult($"PortMin is {PortMin} and PortMax is {PortMax}. Set both or none, e.g. 50000 and 50999.", [nameof(PortMin), nameof(PortMax)]);
        else if (PortMax < PortMin)
            yield return new ValidationResult($"PortMax is {PortMax}, below PortMin {PortMin}. Choose a range of at least 100 ports, e.g. 50000-50999.", [nameof(PortMax)]);
        else if (PortMin is > 0 and < 1024)
            yield return new ValidationResult($"PortMin is {PortMin}, a privileged port. Choose 1024 or more.", [nameof(PortMin)]);
        if (RelayAuthorityFile.Length > 0 && !File.Exists(RelayAuthorityFile))
            yield return new ValidationResult($"RelayAuthorityFile is {RelayAuthorityFile}, which does not exist. Name a PEM file, or leave it empty to trust what the system trusts.", [nameof(RelayAuthorityFile)]);
        foreach (var address in Addresses)
        {
            if (!System.Net.IPAddress.TryParse(address, out _))
                yield return new ValidationResult($"Addresses holds '{address}', which is not an IP address, e.g. 192.0.2.10.", [nameof(Addresses)]);
        }
        foreach (var server in IceServers)
        {
            if (!MediaRelay.Stun.StunUri.TryParse(server, out _))
                yield return new ValidationResult($"IceServers holds '{server}', which is not a server, e.g. stun:host, turn:host:3478?transport=udp or turns:host:5349.", [nameof(IceServers)]);
        }
    }
}
