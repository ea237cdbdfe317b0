using System.ComponentModel;
using System.ComponentModel.DataAnnotations;

namespace MediaRelay.Signaling.IO;

public sealed partial class SignalingOptions
{
    [Description("STUN and TURN servers for viewers and gateways as URIs, best first, e.g. turn:198.51.100.7:3478?transport=udp.")]
    public List<string> Relays { get; set; } = [];

    [Description("Secret shared with the relays for timed credentials; at least 16 characters. Prefer RelaySecretFile.")]
    [Required(AllowEmptyStrings = true)]
    public string RelaySecret { get; set; } = "";

    [Description("File with the secret shared with the relays, first line counts; read again when it changes.")]
    [Required(AllowEmptyStrings = true)]
    public string RelaySecretFile { get; set; } = "";

    [Description("How long a relay credential may be used to make an allocation; running ones go on.")]
    [Range(typeof(TimeSpan), "00:01:00", "01:00:00")]
    public TimeSpan RelayCredentialLife { get; set; } = TimeSpan.FromMinutes(5);

    [Description("Hold relay credentials to the addresses that signaling has seen of the session; switch it off where carrier address pools change them.")]
    public bool ScopeRelayPeers { get; set; } = true;

    [Description("Longest look-in.")]
    [Range(typeof(TimeSpan), "00:01:00", "08:00:00")]
    public TimeSpan MaxSession { get; set; } = TimeSpan.FromMinutes(30);

    [Description("How long a gateway may take to answer a look-in.")]
    [Range(typeof(TimeSpan), "00:00:01", "00:01:00")]
    public TimeSpan AnswerWithin { get; set; } = TimeSpan.FromSeconds(8);

    [Description("Look-ins that may run at the same time on this node; more are refused.")]
    [Range(1, 100000)]
    public int MaxSessions { get; set; } = 2000;

    [Description("Look-ins that may run at the same time into one home.")]
    [Range(1, 100)]
    public int MaxSessionsPerHome { get; set; } = 16;

    [Description("Origins of web pages elsewhere that may look in over WHEP with a bearer token ('mediarelay user token'), each exactly, e.g. https://player.example.org. Empty: none.")]
    public List<string> WhepOrigins { get; set; } = [];
}
