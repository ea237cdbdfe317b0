using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using MediaRelay.Stun;
using MediaRelay.Turn.IO;

namespace MediaRelay.Server.CoturnImport;

/// <summary>Turns a turnserver.conf into our <c>Turn</c> section and names every option that it cannot carry.</summary>
internal sealed class CoturnImporter
{
    private const int LongestRealm = 24;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly CoturnFile _file;
    private readonly JsonObject _turn = [];
    private readonly List<CoturnRemark> _remarks = [];

    private CoturnImporter(CoturnFile file) => _file = file;

    public static (string Json, IReadOnlyList<CoturnRemark> Remarks) Import(IEnumerable<string> lines)
    {
        var import = new CoturnImporter(new CoturnFile(lines));
        import.Listeners();
        import.Relay();
        import.Access();
        import.Limits();
        import.Peers();
        import.Cluster();
        import.Leftovers();
        return (new JsonObject { ["Turn"] = import._turn }.ToJsonString(Indented), [.. import._remarks.OrderBy(r => r.Line)]);
    }

    private void Listeners()
    {
        var addresses = _file.All("listening-ip").Select(a => a.Value).ToList();
        var port = Port("listening-port", StunUri.DefaultPort);
        var tlsPort = Port("tls-listening-port", StunUri.DefaultSecurePort);
        Set("Listen", List(addresses, port));
        if (_file.IsOn("no-tcp"))
            Set("ListenTcp", false);
        if (_file.Last("no-udp") is { } noUdp && _file.IsOn("no-udp"))
            Remark(noUdp.Line, "no-udp", "UDP cannot be switched off; keep it closed in the firewall.");

        var certificate = _file.Last("cert");
        var key = _file.Last("pkey");
        if (certificate is { } c && key is { } k)
        {
            Set("Certificate", c.Value);
            Set("CertificateKey", k.Value);
            if (!_file.IsOn("no-tls"))
                Set("TlsListen", List(addresses, tlsPort));
            if (!_file.IsOn("no-dtls"))
                Set("DtlsListen", List(addresses, tlsPort));
        }
        else if (!(_file.IsOn("no-tls") && _file.IsOn("no-dtls")))
            Remark(0, "cert, pkey", "there is no certificate with key, so TLS and DTLS stay off.");
    }

    private void Relay()
    {
        if (_file.All("relay-ip") is { Count: > 0 } relays)
            Set("RelayAddresses", relays.Select(r => r.Value));
        if (_file.All("external-ip") is { Count: > 0 } externals)
            Set("ExternalAddresses", externals.Select(e => e.Value));
        int first = Port("min-port", 49152), last = Port("max-port", 65535);
        if (first != 49152 || last != 65535)
            Set("Ports", string.Create(CultureInfo.InvariantCulture, $"{first}-{last}"));
        if (_file.Last("relay-threads") is { } threads && TryNumber(threads, "relay-threads", out var workers))
            Set("Workers", workers);
        if (_file.IsOn("mobility"))
            Set("Mobility", true);
        if (!_file.IsOn("no-tcp-relay"))
            Remark(0, "no-tcp-relay", "coturn relays TCP (RFC 6062) unless this is set; here it is off. Set \"TcpRelay\": true if clients need it.");
    }

    private void Access()
    {
        if (_file.Last("realm") is { } realm)
        {
            if (Encoding.UTF8.GetByteCount(realm.Value) > LongestRealm)
                Remark(realm.Line, "realm", $"'{realm.Value}' is longer than {LongestRealm} bytes (it would amplify floods). Choose a shorter one; stored MD5 keys depend on it.");
            else
                Set("Realm", realm.Value);
        }

        var users = new List<string>();
        foreach (var (line, user) in _file.All("user"))
        {
            var colon = user.IndexOf(':', StringComparison.Ordinal);
            if (colon < 1)
                Remark(line, "user", "it has no password.");
            else if (user[(colon + 1)..].StartsWith("0x", StringComparison.Ordinal))
                Remark(line, "user", $"{user[..colon]} has a hashed key; give the password, because SHA-256 needs it too.");
            else
            {
                // The last line of a name counts, as there.
                if (users.RemoveAll(other => other.StartsWith(user[..(colon + 1)], StringComparison.Ordinal)) > 0)
                    Remark(line, "user", $"{user[..colon]} is there twice; this password counts.");
                users.Add(user);
            }
        }

        if (users.Count > 0)
            Set("Users", users);
        Secrets();
        if (_file.IsOn("no-auth"))
            Remark(_file.Last("no-auth")!.Value.Line, "no-auth", "an open relay is not offered. Use Users or AuthSecrets.");
    }

    private void Secrets()
    {
        var secrets = _file.All("static-auth-secret");
        var usable = secrets.Where(s => Encoding.UTF8.GetByteCount(s.Value) >= TimedSecrets.MinLength).ToList();
        foreach (var (line, _) in secrets.Except(usable))
            Remark(line, "static-auth-secret", $"it is shorter than {TimedSecrets.MinLength} bytes and is refused; make a new one, e.g. with openssl rand -hex 32.");
        foreach (var (line, _) in usable.Skip(2))
            Remark(line, "static-auth-secret", "only two secrets live at the same time, the current and the previous one.");
        if (usable.Count > 0)
            Set("AuthSecrets", usable.Take(2).Select(s => s.Value));
        if (_file.IsOn("use-auth-secret") && secrets.Count == 0)
            Remark(_file.Last("use-auth-secret")!.Value.Line, "use-auth-secret", "its secrets are in a database; put them into AuthSecretFile.");
        if (_file.Last("rest-api-separator") is { } separator && separator.Value is not (":" or ""))
            Remark(separator.Line, "rest-api-separator", "timed names are separated by a colon.");
    }

    private void Limits()
    {
        if (_file.Last("user-quota") is { } perUser && TryNumber(perUser, "user-quota", out var allocations))
        {
            Set("UserQuota", allocations);
            SetShared("SubscriberQuota", allocations, new TurnOptions().SubscriberQuota);
        }

        if (_file.Last("total-quota") is { } total && TryNumber(total, "total-quota", out var quota) && quota > 0)
            Set("TotalQuota", quota);
        if (_file.Last("max-bps") is { } bytes && TryNumber(bytes, "max-bps", out var rate))
        {
            Set("MaxBitRate", rate * 8);
            SetShared("SubscriberBitRate", rate * 8, new TurnOptions().SubscriberBitRate);
        }

        Duration("max-allocate-lifetime", "MaxLifetime");
        Fixed("channel-lifetime", "600", "a channel binding always lives for 10 minutes.");
        Fixed("permission-lifetime", "300", "a permission always lives for 5 minutes.");
        Fixed("stale-nonce", "600", "a nonce always lives for 10 minutes.");
    }

    /// <summary>What has one value here; the same value there loses nothing.</summary>
    private void Fixed(string theirs, string value, string words)
    {
        if (_file.Last(theirs) is { } entry && entry.Value.Length > 0 && entry.Value != value)
            Remark(entry.Line, theirs, words);
    }

    private void Peers()
    {
        foreach (var (theirs, ours) in new[] { ("allowed-peer-ip", "AllowedPeers"), ("denied-peer-ip", "DeniedPeers") })
        {
            var all = new List<string>();
            foreach (var (line, value) in _file.All(theirs))
            {
                if (PeerRange.TryRead(value, out var prefixes))
                    all.AddRange(prefixes);
                else
                    Remark(line, theirs, $"'{value}' is no address or range.");
            }

            if (all.Count > 0)
                Set(ours, all);
        }

        if (_file.IsOn("allow-loopback-peers"))
            Remark(_file.Last("allow-loopback-peers")!.Value.Line, "allow-loopback-peers", "loopback peers are never allowed.");
        Remark(0, "denied-peer-ip", "private, loopback, link-local and other special peers are refused without being listed; open what you need with AllowedPeers.");
    }

    private void Cluster()
    {
        var plain = _file.All("alternate-server").Select(a => WithPort(a.Value, StunUri.DefaultPort)).ToList();
        var tls = _file.All("tls-alternate-server").Select(a => WithPort(a.Value, StunUri.DefaultSecurePort)).ToList();
        if (plain.Count > 0)
            Set("AlternateServers", plain);
        if (tls.Count > 0)
            Set("TlsAlternateServers", tls);
        if (plain.Count + tls.Count > 0)
            Set("Redirect", "Always");
    }

    private void Leftovers()
    {
        foreach (var key in CoturnWords.AlwaysSo)
            _ = _file.All(key);
        foreach (var (line, key, _) in _file.Untaken)
            Remark(line, key, CoturnWords.WhyNot.GetValueOrDefault(key, "there is nothing like it here."));
    }

    /// <summary>A subscriber's limit, which coturn does not know, must not undercut the one of a credential; none there is none here.</summary>
    private void SetShared(string ours, long imported, long otherwise)
    {
        if (imported == 0 || imported > otherwise)
            Set(ours, imported);
    }

    private void Duration(string theirs, string ours)
    {
        if (_file.Last(theirs) is { } entry && TryNumber(entry, theirs, out var seconds))
            Set(ours, string.Create(CultureInfo.InvariantCulture, $"{seconds}s"));
    }

    private int Port(string key, int fallback) =>
        _file.Last(key) is not { } entry || !TryNumber(entry, key, out var port) ? fallback
        : port is > 0 and <= ushort.MaxValue ? (int)port : fallback;

    private bool TryNumber((int Line, string Value) entry, string key, out long number)
    {
        if (long.TryParse(entry.Value, NumberStyles.None, CultureInfo.InvariantCulture, out number))
            return true;
        Remark(entry.Line, key, $"'{entry.Value}' is no number.");
        return false;
    }

    private void Remark(int line, string option, string words) => _remarks.Add(new CoturnRemark(line, option, words));

    private void Set(string key, JsonNode value) => _turn[key] = value;

    private void Set(string key, IEnumerable<string> values) => _turn[key] = new JsonArray([.. values.Select(v => JsonValue.Create(v))]);

    private static IEnumerable<string> List(List<string> addresses, int port) =>
        addresses.Count == 0 ? [string.Create(CultureInfo.InvariantCulture, $":{port}")] : addresses.Select(a => WithPort(a, port));

    private static string WithPort(string address, int port)
    {
        if (TransportAddress.TryParse(address, out _))
            return address;
        return TransportAddress.TryParseAddress(address.Trim('[', ']'), port, out var bare) ? bare.ToString() : string.Create(CultureInfo.InvariantCulture, $"{address}:{port}");
    }
}
