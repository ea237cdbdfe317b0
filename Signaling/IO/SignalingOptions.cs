using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Text.RegularExpressions;

namespace MediaRelay.Signaling.IO;

/// <summary>Configuration section <c>Signaling</c>: the Event Server and what it keeps.</summary>
public sealed partial class SignalingOptions : IValidatableObject
{
    [Description("Address and port where gateways connect (HTTPS, sma-sig-1), e.g. :8443 for all addresses; empty means gateways are not served.")]
    [Required(AllowEmptyStrings = true)]
    public string GatewayListen { get; set; } = ":8443";

    [Description("Folder of the operator's certificate authority, made by 'mediarelay ca init'; empty means the folder authority inside Node:DataFolder.")]
    [Required(AllowEmptyStrings = true)]
    public string AuthorityFolder { get; set; } = "";

    [Description("Certificate file (PEM) that the gateway listener shows; empty means server.crt in the authority folder.")]
    [Required(AllowEmptyStrings = true)]
    public string ServerCertificate { get; set; } = "";

    [Description("Private key file (PEM, mode 0600) of the server certificate; empty means server.key in the authority folder.")]
    [Required(AllowEmptyStrings = true)]
    public string ServerKey { get; set; } = "";

    [Description("Realm of digest authentication; changing it makes all stored digest secrets useless.")]
    [Required]
    [StringLength(64, MinimumLength = 1)]
    public string DigestRealm { get; set; } = "mediarelay-sma";

    [Description("Time that a digest nonce is valid; a client gets the next one before its end.")]
    [Range(typeof(TimeSpan), "00:00:30", "01:00:00")]
    public TimeSpan DigestNonceLife { get; set; } = TimeSpan.FromMinutes(5);

    [Description("Longest time that a GET for instructions is held; 25 s passes usual proxies and address translators.")]
    [Range(typeof(TimeSpan), "00:00:01", "00:01:00")]
    public TimeSpan HoldTime { get; set; } = TimeSpan.FromSeconds(25);

    [Description("Instructions that are queued within this time after an answer leave together in the next one.")]
    [Range(typeof(TimeSpan), "00:00:00", "00:00:00.1")]
    public TimeSpan InstructionBatching { get; set; } = TimeSpan.FromMilliseconds(5);

    [Description("Silence after which a gateway is suspect.")]
    [Range(typeof(TimeSpan), "00:00:05", "01:00:00")]
    public TimeSpan SuspectAfter { get; set; } = TimeSpan.FromSeconds(45);

    [Description("Time for a new connection after a gateway's last one was reset, before it is suspect.")]
    [Range(typeof(TimeSpan), "00:00:00.5", "00:01:00")]
    public TimeSpan ResetGrace { get; set; } = TimeSpan.FromSeconds(1);

    [Description("Silence after which a gateway is lost and the event gateway.lost is made; it must be longer than SuspectAfter.")]
    [Range(typeof(TimeSpan), "00:00:10", "1.00:00:00")]
    public TimeSpan LostAfter { get; set; } = TimeSpan.FromSeconds(60);

    [Description("New gateway sessions per second that are admitted; the others are asked to come back within ReconnectSpread. Alarms always pass.")]
    [Range(1.0, 100000.0)]
    public double SessionsPerSecond { get; set; } = 300;

    [Description("Longest time over which returning gateways are spread after an outage.")]
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan ReconnectSpread { get; set; } = TimeSpan.FromMinutes(2);

    [Description("Requests per second of one gateway, in the mean; four times as many in a burst. More are answered 429; as many again are kept for alarms.")]
    [Range(1.0, 100000.0)]
    public double RequestsPerSecond { get; set; } = 50;

    [Description("Events per second of one gateway, in the mean; ten times as many in a burst. More are answered 429; alarms pass.")]
    [Range(1.0, 1000000.0)]
    public double EventsPerSecond { get; set; } = 100;

    [Description("Instructions that may wait for one gateway that is out of reach; more are refused. The last quarter is kept for arming, control and endings.")]
    [Range(16, 4000)]
    public int MaxWaitingInstructions { get; set; } = 1000;

    [Description("Octets of the instructions that may wait for one gateway; more are refused, as with MaxWaitingInstructions.")]
    [Range(65_536L, 67_108_864L)]
    public long MaxWaitingInstructionBytes { get; set; } = 2_097_152;

    [Description("Connections of all gateways together; more are closed at once.")]
    [Range(16, 1000000)]
    public int MaxConnections { get; set; } = 120_000;

    [Description("Connections of one address that have not authenticated, for each of the two listeners; more are closed at once.")]
    [Range(1, 100000)]
    public int MaxUnauthenticatedPerAddress { get; set; } = 64;

    [Description("TLS handshakes worked on at the same time; of the others the newest is next, and none waits longer than 10 s.")]
    [Range(1, 4096)]
    public int ConcurrentHandshakes { get; set; } = 16;

    [Description("Life of a gateway's certificate; it is renewed 30 days (or a third of the life, when that is less) before its end.")]
    [Range(typeof(TimeSpan), "01:00:00", "3650.00:00:00")]
    public TimeSpan GatewayCertificateLife { get; set; } = TimeSpan.FromDays(365);

    [Description("Largest clip or still that a gateway may upload, in octets.")]
    [Range(1L, 10_737_418_240L)]
    public long MaxClipBytes { get; set; } = 134_217_728;

    [Description("Octets of clips that are kept for one gateway. Beyond it the oldest clips without an alarm give way to an alarm's clip; other uploads are answered 507.")]
    [Range(1L, 1_099_511_627_776L)]
    public long ClipQuotaBytes { get; set; } = 2_147_483_648;

    [Description("How long clips are kept that came while an alarm of the home was not closed.")]
    [Range(typeof(TimeSpan), "1.00:00:00", "36500.00:00:00")]
    public TimeSpan KeepAlarmClips { get; set; } = TimeSpan.FromDays(366);

    [Description("How long other clips are kept. Stills are only passed on.")]
    [Range(typeof(TimeSpan), "01:00:00", "36500.00:00:00")]
    public TimeSpan KeepClips { get; set; } = TimeSpan.FromDays(30);

    [Description("Folder with firmware images; the file name is the version. Empty means firmware inside Node:DataFolder.")]
    [Required(AllowEmptyStrings = true)]
    public string FirmwareFolder { get; set; } = "";

    [Description("File to which the ends of the journal's and the audit's chain are written at each start and stop and every hour when they changed; 'mediarelay journal verify' compares it. Empty means chain-ends.log in Node:DataFolder; another disk or machine guards better.")]
    [Required(AllowEmptyStrings = true)]
    public string ChainEndsFile { get; set; } = "";

    [Description("How long events with the priority alarm are kept.")]
    [Range(typeof(TimeSpan), "1.00:00:00", "36500.00:00:00")]
    public TimeSpan KeepAlarms { get; set; } = TimeSpan.FromDays(1096);

    [Description("How long events with the priority trouble are kept.")]
    [Range(typeof(TimeSpan), "1.00:00:00", "36500.00:00:00")]
    public TimeSpan KeepTroubles { get; set; } = TimeSpan.FromDays(366);

    [Description("How long events with the priority status are kept.")]
    [Range(typeof(TimeSpan), "1.00:00:00", "36500.00:00:00")]
    public TimeSpan KeepStatus { get; set; } = TimeSpan.FromDays(90);

    [Description("How long events with the priority bulk are kept.")]
    [Range(typeof(TimeSpan), "1.00:00:00", "36500.00:00:00")]
    public TimeSpan KeepBulk { get; set; } = TimeSpan.FromDays(7);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (LostAfter <= SuspectAfter)
            yield return new ValidationResult($"LostAfter is {LostAfter.TotalSeconds:0} s, not longer than SuspectAfter {SuspectAfter.TotalSeconds:0} s. Choose e.g. SuspectAfter 45s and LostAfter 60s.", [nameof(LostAfter)]);
        if (SuspectAfter <= HoldTime + TimeSpan.FromSeconds(5))
            yield return new ValidationResult($"SuspectAfter is {SuspectAfter.TotalSeconds:0} s, not 5 s longer than HoldTime {HoldTime.TotalSeconds:0} s, so gateways would look lost while they wait. Choose e.g. HoldTime 25s and SuspectAfter 45s.", [nameof(SuspectAfter)]);
        if (RelaySecretFile.Length == 0 && RelaySecret.Length < 16 && Relays.Any(relay => relay.StartsWith("turn", StringComparison.Ordinal)))
            yield return new ValidationResult("Signaling:RelaySecret is missing or shorter than 16 characters, but Signaling:Relays names a TURN server. Give the secret that the relay has as Turn:AuthSecrets, or name its file with RelaySecretFile.", [nameof(RelaySecret)]);
        foreach (string origin in WhepOrigins)
        {
            if (!Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("https" or "http") || uri.GetLeftPart(UriPartial.Authority) != origin)
                yield return new ValidationResult($"WhepOrigins has '{origin}', which is no origin: scheme, host and port of one page, without path, slash or star, e.g. https://player.example.org.", [nameof(WhepOrigins)]);
        }

        foreach ((string key, string text) in new[] { (nameof(GatewayListen), GatewayListen), (nameof(PortalListen), PortalListen) })
        {
            if (text.Length > 0 && !TryReadEndpoint(text, out _))
                yield return new ValidationResult($"Signaling:{key} is \"{text}\", which is not an address and port. Write 127.0.0.1:8443, [::1]:8443 or :8443.", [key]);
        }

        foreach (string relay in Relays.Where(relay => !RelayUri().IsMatch(relay)))
            yield return new ValidationResult($"Signaling:Relays has '{relay}', which is no STUN or TURN URI. Write turn:198.51.100.7:3478?transport=udp, turns:relay.example.org or stun:relay.example.org.", [nameof(Relays)]);

        if ((ServerCertificate.Length == 0) != (ServerKey.Length == 0))
            yield return new ValidationResult("ServerCertificate and ServerKey belong together. Give both, or none to use the authority folder.", [nameof(ServerCertificate)]);
    }

    /// <summary>Reads where a listener listens; <c>:8443</c> stands for all addresses.</summary>
    internal static bool TryReadEndpoint(string text, [NotNullWhen(true)] out IPEndPoint? endpoint)
    {
        endpoint = null;
        return text.Contains(':', StringComparison.Ordinal) && IPEndPoint.TryParse(text.StartsWith(':') ? "[::]" + text : text, out endpoint);
    }

    /// <summary>RFC 7064 and RFC 7065: scheme, host, perhaps a port, for TURN perhaps a transport.</summary>
    [GeneratedRegex(@"^(stuns?:[^\s?/:@]+(:\d{1,5})?|stuns?:\[[0-9a-fA-F:.]+\](:\d{1,5})?|turns?:([^\s?/:@]+|\[[0-9a-fA-F:.]+\])(:\d{1,5})?(\?transport=(udp|tcp))?)$", RegexOptions.CultureInvariant)]
    private static partial Regex RelayUri();
}
