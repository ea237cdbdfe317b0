using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using MediaRelay.Stun;
using MediaRelay.Turn.Access;
using MediaRelay.Turn.IO.Streams;
using MediaRelay.Turn.Peers;
using MediaRelay.Turn.Ports;

namespace MediaRelay.Turn.IO;

/// <summary>What <see cref="TurnOptions"/> mean on this machine: addresses expanded, texts read, limits as the engine wants them.</summary>
internal sealed class TurnPlan
{
    private const int BurstMilliseconds = 250;
    private const int LeastRelayBuffer = 1 << 20;
    private const int MostRelayBuffer = 16 << 20;

    private TurnPlan(TurnOptions options, IReadOnlyList<TransportAddress> interfaces)
    {
        Options = options;
        Interfaces = interfaces;
        Udp = ListenAddress.Expand(options.Listen, interfaces);
        Tls = ListenAddress.Expand(options.TlsListen, interfaces);
        Dtls = ListenAddress.Expand(options.DtlsListen, interfaces);
        Discovery = [.. options.Rfc5780Addresses.Select(TransportAddress.Parse)];
        if (!options.TryReadPorts(out var ports))
            throw new FormatException($"Turn:Ports is '{options.Ports}'. Write first-last, e.g. 49152-65535.");
        Ports = ports;
        RelayAddresses = ReadRelayAddresses();
        Workers = options.Workers > 0 ? options.Workers : Environment.ProcessorCount;
        Limits = ReadLimits();
        Alternates = new AlternateServers(
            [.. options.AlternateServers.Select(TransportAddress.Parse)], [.. options.TlsAlternateServers.Select(TransportAddress.Parse)], options.Redirect);
        ProxyProtocolFrom = [.. options.ProxyProtocolFrom.Select(text => PeerPrefix.Parse(text))];
        NonceKey = ReadNonceKey(options.NonceKeyFile);

        // Kernel accounting counts about twice the bytes of a full-sized datagram.
        var burst = options.MaxBitRate / 8 * BurstMilliseconds / 1000 * 3;
        RelayBuffer = (int)Math.Clamp(burst == 0 ? 4 * LeastRelayBuffer : burst, LeastRelayBuffer, MostRelayBuffer);
    }

    public TurnOptions Options { get; }

    public IReadOnlyList<TransportAddress> Interfaces { get; }

    /// <summary>Addresses for UDP, and for TCP unless that is off.</summary>
    public IReadOnlyList<TransportAddress> Udp { get; }

    public IReadOnlyList<TransportAddress> Tls { get; }

    public IReadOnlyList<TransportAddress> Dtls { get; }

    /// <summary>Primary and alternate address of NAT behaviour discovery, or nothing.</summary>
    public IReadOnlyList<TransportAddress> Discovery { get; }

    public PortRange Ports { get; }

    public IReadOnlyList<(TransportAddress Bind, TransportAddress Advertised)> RelayAddresses { get; }

    public int Workers { get; }

    public RelayLimits Limits { get; }

    public AlternateServers Alternates { get; }

    public IReadOnlyList<PeerPrefix> ProxyProtocolFrom { get; }

    public ReadOnlyMemory<byte> NonceKey { get; }

    /// <summary>Bytes of receive buffer of a relay socket: the configured bit rate for 250 ms, in kernel accounting.</summary>
    public int RelayBuffer { get; }

    public static TurnPlan Read(TurnOptions options) => new(options, ListenAddress.OfInterfaces());

    /// <summary>What a start would find wrong with the files that the options name, a sentence each.</summary>
    public static IEnumerable<string> Check(TurnOptions options)
    {
        var faults = new List<string>();
        void Try(Action read)
        {
            try
            {
                read();
            }
            catch (FormatException fault)
            {
                faults.Add(fault.Message);
            }
        }

        Try(() => _ = Read(options).ReadCredentials());
        if (options.TlsListen.Length + options.DtlsListen.Length > 0)
            Try(() => _ = CertificateSource.Read(options.Certificate, options.CertificateKey));
        return faults;
    }

    /// <summary>The peer policy, given where the listeners really are (ports chosen by the system included).</summary>
    public PeerPolicy PeersFor(IEnumerable<RelayListener> listeners) => PeersFor(listeners, Interfaces);

    /// <summary>The same with the addresses that the machine has by now.</summary>
    public PeerPolicy PeersFor(IEnumerable<RelayListener> listeners, IReadOnlyList<TransportAddress> interfaces) => new()
    {
        Rules = [.. Options.AllowedPeers.Select(text => new PeerRule(PeerPrefix.Parse(text), true)), .. Options.DeniedPeers.Select(text => new PeerRule(PeerPrefix.Parse(text), false))],
        OwnAddresses = [.. Interfaces.Concat(interfaces).Concat(RelayAddresses.SelectMany(a => (TransportAddress[])[a.Bind, a.Advertised])).Distinct()],
        RelayAddresses = [.. RelayAddresses.SelectMany(a => (TransportAddress[])[a.Bind, a.Advertised]).Distinct()],
        Listeners = [.. listeners.Select(listener => listener.Address), .. Discovery, .. CrossedDiscovery()],
        BackEnds = [.. Options.BackEnds.Select(TransportAddress.Parse)],
        Nat64Prefixes = [.. Options.Nat64Prefixes.Select(text => PeerPrefix.Parse(text))],
        RelayPortMin = Ports.First,
        RelayPortMax = Ports.Last,
    };

    /// <summary>Users and secrets from the options and their files; throws <see cref="FormatException"/> with a sentence.</summary>
    public RelayCredentials ReadCredentials()
    {
        var named = Options.Users.Concat(ReadLines(nameof(Options.UsersFile), Options.UsersFile)).ToList();
        if (named.GroupBy(user => user.Split(':')[0], StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new FormatException($"Turn:Users and Turn:UsersFile have {twice.Key} more than once. Keep one password.");
        var users = named.Select(ReadUser).ToList();
        var secrets = Options.AuthSecrets.Concat(ReadLines(nameof(Options.AuthSecretFile), Options.AuthSecretFile)).Select(Encoding.UTF8.GetBytes).ToList();
        if (secrets.Find(secret => secret.Length < TimedSecrets.MinLength) is { } weak)
            throw new FormatException($"Turn:AuthSecretFile has a secret of {weak.Length} bytes. At least {TimedSecrets.MinLength} are needed, e.g. the output of: openssl rand -hex 32");
        return new RelayCredentials(Options.Realm, users)
        {
            TimedSecrets = secrets.Count == 0 ? null : new TimedSecrets(secrets[0], secrets.Count > 1 ? secrets[1] : default),
            TokenKeys = [.. ReadLines(nameof(Options.TokenKeysFile), Options.TokenKeysFile).Select(ReadTokenKey)],
            ServerName = Options.ServerName,
            OffersSha256 = Options.OfferSha256,
            RequiresSha256 = Options.RequireSha256,
            PeerScope = Options.PeerScope,
        };
    }

    private IEnumerable<TransportAddress> CrossedDiscovery() => Discovery.Count == 2
        ? [Discovery[0].WithPort(Discovery[1].Port), Discovery[1].WithPort(Discovery[0].Port)]
        : [];

    private StaticUser ReadUser(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 1 || !OpaqueString.TryPrepare(text[..colon], out var name) || !OpaqueString.TryPrepare(text[(colon + 1)..], out var password))
            throw new FormatException("Turn:Users or Turn:UsersFile has an entry that is not name:password in printable characters.");
        return StaticUser.Create(name, Options.Realm, password);
    }

    private static TokenKey ReadTokenKey(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var key = new byte[32];
        return colon > 0 && Convert.TryFromBase64String(text[(colon + 1)..], key, out var length) && length is 16 or 32
            ? new TokenKey(Encoding.UTF8.GetBytes(text[..colon]), key.AsMemory(0, length))
            : throw new FormatException("Turn:TokenKeysFile has a line that is not kid:key with a key of 16 or 32 bytes in base64, e.g. the output of: openssl rand -base64 32");
    }

    private static IEnumerable<string> ReadLines(string key, string file) => file.Length == 0
        ? []
        : ReadFile(key, file).Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0 && !line.StartsWith('#'));

    private static string ReadFile(string key, string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new FormatException($"Turn:{key} {file} cannot be read: {exception.Message.TrimEnd('.')}.", exception);
        }
    }

    private static byte[] ReadNonceKey(string file)
    {
        if (file.Length == 0)
            return RandomNumberGenerator.GetBytes(32);
        var text = ReadFile(nameof(Options.NonceKeyFile), file).Trim();
        try
        {
            var key = Convert.FromHexString(text);
            if (key.Length == 32)
                return key;
        }
        catch (FormatException)
        {
            // Told below with the same sentence as a wrong length.
        }

        throw new FormatException($"Turn:NonceKeyFile {file} does not hold 64 hexadecimal digits. Make one with: openssl rand -hex 32");
    }

    private (TransportAddress Bind, TransportAddress Advertised)[] ReadRelayAddresses()
    {
        var bind = Options.RelayAddresses.Length > 0
            ? [.. Options.RelayAddresses.Select(text => Parse(text))]
            : DefaultRelayAddresses();
        var pairs = Options.ExternalAddresses.Where(text => text.Contains('/', StringComparison.Ordinal))
            .ToDictionary(text => Parse(text.Split('/')[1]), text => Parse(text.Split('/')[0]));
        var listed = Options.ExternalAddresses.Where(text => !text.Contains('/', StringComparison.Ordinal)).Select(text => Parse(text)).ToList();
        var result = new (TransportAddress, TransportAddress)[bind.Length];
        for (var i = 0; i < bind.Length; i++)
        {
            // In order within the family: one public IPv4 address goes to the first local IPv4 address.
            var place = bind.Take(i).Count(other => other.Family == bind[i].Family);
            var advertised = pairs.TryGetValue(bind[i], out var mapped) ? mapped
                : listed.Where(address => address.Family == bind[i].Family).ElementAtOrDefault(place) is { IsNone: false } external ? external
                : bind[i];
            result[i] = (bind[i], advertised);
        }

        return result;
    }

    private TransportAddress[] DefaultRelayAddresses()
    {
        var listening = Udp.Concat(Tls).Concat(Dtls).Select(address => address.WithPort(0)).Distinct().ToArray();
        var reachable = listening.Where(address => !address.IsLoopback).ToArray();
        return reachable.Length > 0 ? reachable : listening;
    }

    private RelayLimits ReadLimits() => new()
    {
        DefaultLifetime = Options.DefaultLifetime,
        MaxLifetime = Options.MaxLifetime,
        MaxSession = Options.MaxSession,
        AllocationsPerUser = Options.UserQuota == 0 ? int.MaxValue : Options.UserQuota,
        AllocationsPerSubscriber = Options.SubscriberQuota == 0 ? int.MaxValue : Options.SubscriberQuota,
        Allocations = Math.Max(1, Options.TotalQuota / (Options.Workers > 0 ? Options.Workers : Environment.ProcessorCount)),
        AllocationBitRate = Options.MaxBitRate,
        SubscriberBitRate = Options.SubscriberBitRate,
    };

    private static TransportAddress Parse(string text) => TransportAddress.TryParseAddress(text, 0, out var address)
        ? address
        : throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"'{text}' is no IP address. Write 10.0.0.1 or 2001:db8::1."));
}
