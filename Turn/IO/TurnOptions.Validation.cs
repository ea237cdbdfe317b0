using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text;
using MediaRelay.Stun;
using MediaRelay.Turn.Peers;
using MediaRelay.Turn.Ports;

namespace MediaRelay.Turn.IO;

public sealed partial class TurnOptions
{
    private const int SmallestPortRange = 2;

    /// <summary>Says every contradiction as a sentence; none stops at the first.</summary>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        var faults = new List<ValidationResult>();
        void Fault(string key, string sentence) => faults.Add(new ValidationResult(sentence, [key]));

        if (Listen.Length + TlsListen.Length + DtlsListen.Length == 0)
            Fault(nameof(Listen), "Turn:Listen, Turn:TlsListen and Turn:DtlsListen are all empty. Give at least one address, e.g. 10.0.0.1:3478.");
        foreach (var (key, texts) in ((string, string[])[])[(nameof(Listen), Listen), (nameof(TlsListen), TlsListen), (nameof(DtlsListen), DtlsListen)])
        {
            foreach (var text in texts.Where(text => !ListenAddress.TryRead(text, out _)))
                Fault(key, $"Turn:{key} has '{text}', which is no address with a port. Write 10.0.0.1:3478, [2001:db8::1]:3478 or :3478.");
        }

        foreach (var (key, texts) in ((string, string[])[])[
            (nameof(BackEnds), BackEnds), (nameof(AlternateServers), AlternateServers), (nameof(TlsAlternateServers), TlsAlternateServers), (nameof(Rfc5780Addresses), Rfc5780Addresses)])
        {
            foreach (var text in texts.Where(text => !TransportAddress.TryParse(text, out _)))
                Fault(key, $"Turn:{key} has '{text}', which is no address with a port. Write 198.51.100.7:3478 or [2001:db8::7]:3478.");
        }

        foreach (var text in RelayAddresses.Where(text => !TransportAddress.TryParseAddress(text, 0, out _)))
            Fault(nameof(RelayAddresses), $"Turn:RelayAddresses has '{text}', which is no IP address. Write 10.0.0.1 or 2001:db8::1.");
        foreach (var text in ExternalAddresses.Where(text => !text.Split('/').All(part => TransportAddress.TryParseAddress(part, 0, out _)) || text.Split('/').Length > 2))
            Fault(nameof(ExternalAddresses), $"Turn:ExternalAddresses has '{text}', which is neither an IP address nor public/local. Write 203.0.113.5 or 203.0.113.5/10.0.0.1.");
        foreach (var (key, texts) in ((string, string[])[])[(nameof(AllowedPeers), AllowedPeers), (nameof(DeniedPeers), DeniedPeers), (nameof(ProxyProtocolFrom), ProxyProtocolFrom)])
        {
            foreach (var text in texts.Where(text => !PeerPrefix.TryParse(text, out _)))
                Fault(key, $"Turn:{key} has '{text}', which is no network. Write 10.20.0.0/16 or 2001:db8:1::/48.");
        }

        foreach (var text in Nat64Prefixes.Where(text => !PeerPrefix.TryParse(text, out var prefix) || prefix.Family != IpFamily.V6 || prefix.Length is not (32 or 40 or 48 or 56 or 64 or 96)))
            Fault(nameof(Nat64Prefixes), $"Turn:Nat64Prefixes has '{text}', which is no NAT64 prefix. Write an IPv6 network of 32, 40, 48, 56, 64 or 96 bits, e.g. 64:ff9b::/96.");

        var rules = AllowedPeers.Where(text => PeerPrefix.TryParse(text, out _)).Select(text => new PeerRule(PeerPrefix.Parse(text), true));
        foreach (var sentence in PeerFilter.Faults(new PeerPolicy { Rules = [.. rules] }))
            Fault(nameof(AllowedPeers), $"Turn:{sentence}");

        if (!TryReadPorts(out var ports))
            Fault(nameof(Ports), $"Turn:Ports is '{Ports}'. Write first-last with at least {SmallestPortRange} ports above 1023, e.g. 49152-65535.");
        else if (Workers > 0 && ports.Count < Workers * SmallestPortRange)
            Fault(nameof(Ports), $"Turn:Ports holds {ports.Count} ports for {Workers} workers. Give each worker at least {SmallestPortRange}, e.g. 49152-65535.");

        if ((TlsListen.Length > 0 || DtlsListen.Length > 0) && (Certificate.Length == 0 || CertificateKey.Length == 0))
            Fault(nameof(Certificate), "Turn:TlsListen or Turn:DtlsListen is set without Turn:Certificate and Turn:CertificateKey. Name two PEM files.");
        if (Encoding.UTF8.GetByteCount(Realm) > 24)
            Fault(nameof(Realm), $"Turn:Realm '{Realm}' has {Encoding.UTF8.GetByteCount(Realm)} bytes. 1 to 24 are allowed, e.g. example.org.");
        if (AuthSecrets.Length > 2)
            Fault(nameof(AuthSecrets), $"Turn:AuthSecrets has {AuthSecrets.Length} entries. Two are used: the current secret and the previous one.");
        foreach (var secret in AuthSecrets.Where(secret => Encoding.UTF8.GetByteCount(secret) < TimedSecrets.MinLength))
            Fault(nameof(AuthSecrets), $"Turn:AuthSecrets has a secret of {Encoding.UTF8.GetByteCount(secret)} bytes. At least {TimedSecrets.MinLength} are needed, e.g. the output of: openssl rand -hex 32");
        foreach (var user in Users.Where(user => user.IndexOf(':', StringComparison.Ordinal) is < 1 || user.EndsWith(':')))
            Fault(nameof(Users), $"Turn:Users has an entry without password ('{user.Split(':')[0]}'). Write name:password.");
        foreach (var name in Users.Select(user => user.Split(':')[0]).GroupBy(name => name).Where(same => same.Count() > 1).Select(same => same.Key))
            Fault(nameof(Users), $"Turn:Users has {name} more than once. Keep one password.");
        if (RequireSha256 && !OfferSha256)
            Fault(nameof(RequireSha256), "Turn:RequireSha256 is on and Turn:OfferSha256 is off, so nobody could log in. Switch OfferSha256 on.");

        // What a 401 has room for when it must stay within the permitted ratio to the shortest Allocate request.
        var challenge = OfferSha256 ? 28 : 24;
        if (TokenKeysFile.Length > 0 && (ServerName.Length == 0 || ChallengeBytes(Realm) + ChallengeBytes(ServerName) > challenge))
            Fault(nameof(ServerName), $"Turn:ServerName '{ServerName}' is empty or together with Turn:Realm '{Realm}' too long for the answer to a stranger. Both may have {challenge} bytes, each rounded up to 4.");
        if (MaxLifetime < DefaultLifetime)
            Fault(nameof(MaxLifetime), string.Create(CultureInfo.InvariantCulture, $"Turn:MaxLifetime is {MaxLifetime.TotalSeconds} s, below DefaultLifetime {DefaultLifetime.TotalSeconds} s. Raise it or lower the other."));
        if (Rfc5780Addresses.Length is not (0 or 2))
            Fault(nameof(Rfc5780Addresses), $"Turn:Rfc5780Addresses has {Rfc5780Addresses.Length} entries. Two are needed: primary and alternate, with different addresses and ports.");
        else if (Rfc5780Addresses.Length == 2 && TransportAddress.TryParse(Rfc5780Addresses[0], out var primary) && TransportAddress.TryParse(Rfc5780Addresses[1], out var alternate)
            && (primary.HasSameAddress(alternate) || primary.Port == alternate.Port || primary.Family != alternate.Family))
        {
            Fault(nameof(Rfc5780Addresses), $"Turn:Rfc5780Addresses {primary} and {alternate} must differ in address and in port and be of one family.");
        }

        if (Redirect == RedirectMode.Always && AlternateServers.Length + TlsAlternateServers.Length == 0)
            Fault(nameof(Redirect), "Turn:Redirect is Always without Turn:AlternateServers, so no client could be served. Name at least one sibling.");
        return faults;
    }

    private static int ChallengeBytes(string text) => (Encoding.UTF8.GetByteCount(text) + 3) & ~3;

    internal bool TryReadPorts(out PortRange range)
    {
        range = default;
        var dash = Ports.IndexOf('-', StringComparison.Ordinal);
        if (dash < 1 || !ushort.TryParse(Ports.AsSpan(0, dash), NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            || !ushort.TryParse(Ports.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var last))
        {
            return false;
        }

        range = new PortRange(first, last);
        return first >= 1024 && last - first + 1 >= SmallestPortRange;
    }
}
