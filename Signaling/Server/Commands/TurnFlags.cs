using System.CommandLine;
using MediaRelay.Server.Configuration;
using MediaRelay.Turn;
using MediaRelay.Turn.Access;
using MediaRelay.Turn.IO;

namespace MediaRelay.Server.Commands;

/// <summary>The flags of <c>mediarelay turn</c>, named as operators of other relays know them, each tied to its option.</summary>
internal static class TurnFlags
{
    public static Option<string> Metrics { get; } = new("--metrics")
    {
        Description = "Address and port of /metrics, /healthz, /readyz and the admin pages; empty for none.",
        HelpName = "ip:port",
        DefaultValueFactory = _ => "",
    };

    public static Option<TimeSpan> DrainTimeout { get; } = new("--drain-timeout")
    {
        Description = "Longest time that allocations go on after SIGTERM, such as 15m.",
        HelpName = "time",
        DefaultValueFactory = _ => TimeSpan.FromMinutes(15),
        CustomParser = ReadTime,
    };

    public static Option<LogLevel> LogLevel { get; } = new("--log-level")
    {
        Description = "Lowest level that is logged.",
        DefaultValueFactory = _ => Microsoft.Extensions.Logging.LogLevel.Information,
    };

    public static IReadOnlyList<TurnFlag> All { get; } =
    [
        Texts("--listen", "Address for UDP and TCP clients; repeat for several. Default :3478, every address.", "ip:port", (o, v) => o.Listen = v),
        Texts("--tls-listen", "Address for TLS clients; needs --cert and --key.", "ip:port", (o, v) => o.TlsListen = v),
        Texts("--dtls-listen", "Address for DTLS clients; needs --cert and --key.", "ip:port", (o, v) => o.DtlsListen = v),
        Switch("--no-tcp", "Do not accept plain TCP on the addresses of --listen.", (o, v) => o.ListenTcp = !v),
        Text("--cert", "PEM file with certificate and chain.", "file", (o, v) => o.Certificate = v),
        Text("--key", "PEM file with the private key.", "file", (o, v) => o.CertificateKey = v),
        Texts("--relay-address", "Local address for relay ports. Default: the addresses of --listen.", "ip", (o, v) => o.RelayAddresses = v),
        Texts("--external-address", "Public address told to clients when this machine is behind 1:1 NAT.", "ip[/local-ip]", (o, v) => o.ExternalAddresses = v),
        Text("--ports", "First and last relay port. Default 49152-65535.", "first-last", (o, v) => o.Ports = v),
        Text("--realm", "Realm of the credentials.", "name", (o, v) => o.Realm = v),
        Texts("--auth-secret", "Secret of timed credentials; twice for current and previous. Visible in the process list.", "secret", (o, v) => o.AuthSecrets = v),
        Text("--auth-secret-file", "File with one secret per line, current first.", "file", (o, v) => o.AuthSecretFile = v),
        Texts("--user", "User with a fixed password; repeat for several. Visible in the process list.", "name:password", (o, v) => o.Users = v),
        Text("--users-file", "File with one name:password per line.", "file", (o, v) => o.UsersFile = v),
        Text("--token-keys-file", "File with one kid:base64-key per line, shared with an OAuth authorization server (RFC 7635).", "file", (o, v) => o.TokenKeysFile = v),
        Text("--server-name", "Name of this relay towards the authorization server; needed with --token-keys-file.", "name", (o, v) => o.ServerName = v),
        Texts("--allow-peer", "Network that clients may reach although the built-in policy refuses it.", "cidr", (o, v) => o.AllowedPeers = v),
        Texts("--deny-peer", "Network that clients may not reach.", "cidr", (o, v) => o.DeniedPeers = v),
        Number("--user-quota", "Allocations per credential and per subscriber, 0 for no limit. Default 10 and 32.", 0, 1_000_000, (o, v) => (o.UserQuota, o.SubscriberQuota) = ((int)v, v == 0 ? 0 : Math.Max((int)v, o.SubscriberQuota))),
        Number("--total-quota", "Allocations of the node. Default 100000.", 1, 1_000_000, (o, v) => o.TotalQuota = (int)v),
        Number("--max-bps", "Bits per second of an allocation in each direction, 0 for no limit. Default 8000000.", 0, 100_000_000_000, (o, v) => (o.MaxBitRate, o.SubscriberBitRate) = (v, v == 0 ? 0 : Math.Max(v, o.SubscriberBitRate))),
        Time("--max-lifetime", "Longest lifetime of an allocation between refreshes. Default 1h.", (o, v) => o.MaxLifetime = v),
        Time("--max-session", "Longest life of an allocation made with a timed credential or token, refreshes included; 0s for no limit. Default 12h.", (o, v) => o.MaxSession = v),
        Texts("--nat64-prefix", "NAT64 prefix of the network; peers inside are judged by their IPv4 address too.", "cidr", (o, v) => o.Nat64Prefixes = v),
        Texts("--alternate-server", "Sibling relay that clients are sent to while this one drains.", "ip:port", (o, v) => o.AlternateServers = v),
        Texts("--tls-alternate-server", "Sibling relay for clients over TLS and DTLS.", "ip:port", (o, v) => o.TlsAlternateServers = v),
        Choice("--redirect", "When clients are sent to a sibling: WhenDraining (default), WhenFull or Always.", (RedirectMode v, TurnOptions o) => o.Redirect = v),
        Texts("--back-end", "Endpoint that clients must never reach, such as a database; port 0 for all ports.", "ip:port", (o, v) => o.BackEnds = v),
        Choice("--peer-scope", "Peers outside the session scope of a credential: Enforce (default) refuses, Observe counts.", (PeerScopeMode v, TurnOptions o) => o.PeerScope = v),
        Text("--nonce-key-file", "File with 64 hex digits that the relays of a cluster share.", "file", (o, v) => o.NonceKeyFile = v),
        Texts("--rfc5780-address", "Twice: primary and alternate address of NAT behaviour discovery.", "ip:port", (o, v) => o.Rfc5780Addresses = v),
        Switch("--tcp-relay", "Serve TCP allocations (RFC 6062).", (o, v) => o.TcpRelay = v),
        Switch("--mobility", "Let clients move an allocation to a new address (RFC 8016); their datagrams may then cross threads.", (o, v) => o.Mobility = v),
        Switch("--old-channel-numbers", "Accept channel numbers 0x5000 to 0x7FFF (RFC 5766), which clients of coturn use.", (o, v) => o.OldChannelNumbers = v),
        Texts("--proxy-protocol-from", "Network of balancers that send PROXY protocol v2 over TCP and TLS.", "cidr", (o, v) => o.ProxyProtocolFrom = v),
        Switch("--require-sha256", "Refuse clients that can only use MD5 for passwords.", (o, v) => o.RequireSha256 = v),
        Number("--workers", "Relay threads, 0 for one per core.", 0, 64, (o, v) => o.Workers = (int)v),
        Switch("--no-io-uring", "Use epoll even where io_uring is available.", (o, v) => o.Mechanism = v ? DatagramMechanism.Epoll : DatagramMechanism.Auto),
    ];

    private static TurnFlag Texts(string name, string description, string value, Action<TurnOptions, string[]> apply)
    {
        var option = new Option<string[]>(name) { Description = description, HelpName = value };
        return new TurnFlag(option, (parse, options) => { if (parse.GetValue(option) is { Length: > 0 } texts) apply(options, texts); });
    }

    private static TurnFlag Text(string name, string description, string value, Action<TurnOptions, string> apply)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = value };
        return new TurnFlag(option, (parse, options) => { if (parse.GetValue(option) is { } text) apply(options, text); });
    }

    private static TurnFlag Number(string name, string description, long least, long most, Action<TurnOptions, long> apply)
    {
        // With the range of its option, since a cast would make 1 of 4294967297.
        var option = new Option<long>(name) { Description = description, HelpName = "number" }.Within(least, most);
        return new TurnFlag(option, (parse, options) => { if (parse.GetResult(option) is not null) apply(options, parse.GetValue(option)); });
    }

    private static TurnFlag Time(string name, string description, Action<TurnOptions, TimeSpan> apply)
    {
        var option = new Option<TimeSpan?>(name) { Description = description, HelpName = "time", CustomParser = result => ReadTime(result) };
        return new TurnFlag(option, (parse, options) => { if (parse.GetValue(option) is { } time) apply(options, time); });
    }

    private static TurnFlag Choice<T>(string name, string description, Action<T, TurnOptions> apply) where T : struct, Enum
    {
        var option = new Option<T?>(name) { Description = description, HelpName = string.Join('|', Enum.GetNames<T>()) };
        return new TurnFlag(option, (parse, options) => { if (parse.GetValue(option) is { } choice) apply(choice, options); });
    }

    private static TurnFlag Switch(string name, string description, Action<TurnOptions, bool> apply)
    {
        var option = new Option<bool>(name) { Description = description };
        return new TurnFlag(option, (parse, options) => { if (parse.GetValue(option)) apply(options, true); });
    }

    private static TimeSpan ReadTime(System.CommandLine.Parsing.ArgumentResult result)
    {
        var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (OptionValue.TryParseDuration(text, out var time, out _))
            return time;
        result.AddError($"\"{text}\" is no time. Write 30s, 15m or 2h.");
        return default;
    }
}

/// <summary>A flag and what it does to the options.</summary>
internal sealed record TurnFlag(Option Option, Action<ParseResult, TurnOptions> Apply);
