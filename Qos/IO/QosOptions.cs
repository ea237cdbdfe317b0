using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Net;
using MediaRelay.Qos.IO.Links;

namespace MediaRelay.Qos.IO;

/// <summary>
/// The integrated application manager. To add an option: a property with a default, its sentence and its range here; its use in
/// <see cref="QosServices"/>. The sample file and its check follow from the attributes.
/// </summary>
public sealed class QosOptions : IValidatableObject
{
    [Description("Policy servers as address:port, tried in order; the second takes over when the first is lost.")]
    public string[] PolicyServers { get; set; } = ["127.0.0.1:3918"];

    [Description("Names (PEPIDs) that the policy servers have to give themselves, in the order of PolicyServers; an empty name or none accepts any.")]
    public string[] PolicyServerNames { get; set; } = [];

    [Description("Certificate file (PEM) of the link to the policy servers; it names the address this node connects from. Key and authority belong to it; empty leaves the link plain.")]
    public string TlsCertificateFile { get; set; } = "";

    [Description("Private key file (PEM) of TlsCertificateFile.")]
    public string TlsKeyFile { get; set; } = "";

    [Description("File (PEM) of the authorities that may have signed a policy server's certificate, which also has to name its address.")]
    public string TlsAuthorityFile { get; set; } = "";

    [Description("Says that IPsec protects the links to policy servers on other machines; without it and without TLS only loopback addresses are used.")]
    public bool HasIpsec { get; set; }

    [Description("Application manager tag, unique among the operator's application managers; second half of every AMID.")]
    [Range(1, 65535)]
    public int ApplicationManagerTag { get; set; } = 1;

    [Description("Application types that this application manager uses; each makes one AMID with the tag. Type 0 means none.")]
    public int[] ApplicationTypes { get; set; } = [];

    [Description("Time by which every gate request has an outcome; a session then goes on without QoS and the gate is still tried for.")]
    [Range(typeof(TimeSpan), "00:00:00.050", "00:01:00")]
    public TimeSpan RequestDeadline { get; set; } = TimeSpan.FromSeconds(1);

    [Description("Hold the picture of a look-in back until its gates are committed, for at most RequireGateWithin. Off: media never waits.")]
    public bool RequireGate { get; set; }

    [Description("How long an answer is held for the gates when RequireGate is on.")]
    [Range(typeof(TimeSpan), "00:00:00.1", "00:00:30")]
    public TimeSpan RequireGateWithin { get; set; } = TimeSpan.FromSeconds(3);

    [Description("Time by which the policy server has to answer a command; beyond it the gate's fate is asked by synchronisation.")]
    [Range(typeof(TimeSpan), "00:00:00.500", "00:01:00")]
    public TimeSpan AnswerTimeout { get; set; } = TimeSpan.FromSeconds(5);

    [Description("Commands that may wait for an answer; more wait here.")]
    [Range(1, 10000)]
    public int MaxOutstanding { get; set; } = 1000;

    [Description("Time that a gate of an earlier run waits for its session before it is deleted.")]
    [Range(typeof(TimeSpan), "00:00:01", "00:00:55")]
    public TimeSpan OrphanGrace { get; set; } = TimeSpan.FromSeconds(30);

    [Description("Time between full synchronisations with the policy server.")]
    [Range(typeof(TimeSpan), "00:00:10", "1.00:00:00")]
    public TimeSpan SynchInterval { get; set; } = TimeSpan.FromMinutes(5);

    [Description("Longest silence on the connection to the policy server before it counts as lost; 0s switches keep-alives off.")]
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan KeepAlive { get; set; } = TimeSpan.FromSeconds(30);

    [Description("Event element id that is kept with every gate for billing, 0 for none.")]
    [Range(0, 99999)]
    public int ElementId { get; set; }

    [Description("File of the gate journal; gates are written and synced here before they are asked for.")]
    public string JournalFile { get; set; } = "data/gates.journal";

    [Description("Flags of the COPS decision object; 0 as specified, 1 for peers that act only on 1.")]
    [Range(0, 1)]
    public int DecisionFlags { get; set; }

    [Description("Address and port of the HTTP/JSON endpoint for a foreign application server; empty switches it off.")]
    public string ApplicationServerListen { get; set; } = "";

    [Description("File with the bearer key of the foreign application server; needed when the endpoint is not on a loopback address.")]
    public string ApplicationServerKeyFile { get; set; } = "";

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (PolicyServers.Length == 0) yield return Fault("Qos:PolicyServers is empty. Name at least one policy server, e.g. \"192.0.2.10:3918\".", nameof(PolicyServers));
        bool areFilesSound = LinkFiles.TryMake(TlsCertificateFile, TlsKeyFile, TlsAuthorityFile, "Qos:Tls...File", out LinkFiles? files, out string fault);
        foreach (string server in PolicyServers)
        {
            if (!IPEndPoint.TryParse(server, out IPEndPoint? address) || address.Port == 0)
            {
                yield return Fault($"Qos:PolicyServers has \"{server}\", which is no address and port. Write e.g. \"192.0.2.10:3918\".", nameof(PolicyServers));
            }
            else if (areFilesSound && LinkFiles.Refusal(address, files, HasIpsec, "Qos:HasIpsec") is { } refusal)
            {
                yield return Fault(refusal, nameof(PolicyServers));
            }
        }
        if (!areFilesSound) yield return Fault(fault, nameof(TlsCertificateFile));
        foreach (int type in ApplicationTypes)
        {
            if (type is < 0 or > 65535) yield return Fault($"Qos:ApplicationTypes has {type}. Choose 0 to 65535.", nameof(ApplicationTypes));
        }
        if (ApplicationServerListen.Length == 0) yield break;
        if (!IPEndPoint.TryParse(ApplicationServerListen, out IPEndPoint? listen) || listen.Port == 0)
        {
            yield return Fault($"Qos:ApplicationServerListen is \"{ApplicationServerListen}\", which is no address and port. Write e.g. \"127.0.0.1:8092\".", nameof(ApplicationServerListen));
        }
        else if (!IPAddress.IsLoopback(listen.Address) && ApplicationServerKeyFile.Length == 0)
        {
            yield return Fault($"Qos:ApplicationServerListen {listen} is reachable from other machines but Qos:ApplicationServerKeyFile is empty. Name a file with a key, or listen on 127.0.0.1.", nameof(ApplicationServerKeyFile));
        }
    }

    private static ValidationResult Fault(string sentence, string member) => new(sentence, [member]);
}
