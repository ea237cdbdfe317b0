using System.Net;
using System.Text;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Sessions;
using MediaRelay.Stun;
using MediaRelay.Tls;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Signaling.IO.Sessions;

/// <summary>The relays, and credentials for them that expire by themselves and are held to one session.</summary>
public sealed partial class RelayDirectory
{
    /// <summary>128 bit; the relay refuses shorter ones too.</summary>
    private const int LeastSecret = 16;

    private readonly SignalingOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<RelayDirectory> _logger;
    private readonly Lock _lock = new();
    private readonly WatchedFiles _file;
    private byte[] _secret;

    /// <summary>Reads the secret.</summary>
    /// <exception cref="FormatException">Its file cannot be used; the message is a sentence for the operator.</exception>
    public RelayDirectory(SignalingOptions options, TimeProvider time, ILogger<RelayDirectory> logger)
    {
        (_options, _time, _logger) = (options, time, logger);
        _secret = Encoding.UTF8.GetBytes(options.RelaySecret);
        _file = new WatchedFiles(options.RelaySecretFile);
        if (options.RelaySecretFile.Length > 0)
            _file.Take(() => _secret = ReadSecret(options.RelaySecretFile));
    }

    /// <summary>What is wrong with the secret's file as a sentence, or null.</summary>
    public static string? Check(SignalingOptions options)
    {
        try
        {
            if (options.RelaySecretFile.Length > 0)
                _ = ReadSecret(options.RelaySecretFile);
            return null;
        }
        catch (FormatException fault)
        {
            return fault.Message;
        }
    }

    /// <summary>Address and port of the first relay that speaks UDP, for the gates; null when there is none.</summary>
    public string? FirstEndpoint => _options.Relays.Select(Endpoint).FirstOrDefault(e => e is not null);

    /// <summary>Servers with a credential for one side of one session.</summary>
    /// <param name="subject">The gateway or person; no colon.</param>
    /// <param name="session">The session, or the home before there is one.</param>
    /// <param name="peers">Addresses that signaling has seen of the other side; the relays themselves are added.</param>
    public IReadOnlyList<MediaRelayAddress> Issue(string subject, string session, IEnumerable<string> peers)
    {
        if (_options.Relays.Count == 0)
            return [];
        byte[] secret = Secret();
        TimedCredential? credential = null;
        if (secret.Length > 0)
        {
            var scope = new CredentialScope(session.Replace('~', '-'), 0, _options.ScopeRelayPeers ? Peers(peers) : null);
            credential = TimedCredential.Issue(secret, _time.GetUtcNow() + _options.RelayCredentialLife, subject.Replace(':', '-'), scope.ToString());
        }

        return [.. _options.Relays.Select(url => url.StartsWith("stun", StringComparison.Ordinal) ? new MediaRelayAddress(url, null, null) : new MediaRelayAddress(url, credential?.Username, credential?.Password))];
    }

    private List<(TransportAddress, int)>? Peers(IEnumerable<string> seen)
    {
        var peers = new List<(TransportAddress, int)>();
        foreach (string text in seen.Concat(_options.Relays.Select(r => Endpoint(r) is { } e && IPEndPoint.TryParse(e, out IPEndPoint? ip) ? ip.Address.ToString() : "")).Distinct())
        {
            if (peers.Count == CredentialScope.MaxPeers)
                break;
            if (IPAddress.TryParse(text, out IPAddress? address))
            {
                if (address.IsIPv4MappedToIPv6)
                    address = address.MapToIPv4();
                byte[] bytes = address.GetAddressBytes();
                peers.Add((TransportAddress.FromBytes(bytes, 0), bytes.Length * 8));
            }
        }

        return peers.Count > 0 ? peers : null;
    }

    private byte[] Secret()
    {
        if (_options.RelaySecretFile.Length == 0)
            return _secret;
        lock (_lock)
        {
            // A file that cannot be used is told once; the secret read last stays good.
            if (_file.Look(() => _secret = ReadSecret(_options.RelaySecretFile), LogRefused))
                LogReloaded();
            return _secret;
        }
    }

    /// <summary>The first line that is neither empty nor a remark, as the relay reads its file.</summary>
    private static byte[] ReadSecret(string file)
    {
        string text;
        try
        {
            text = File.ReadLines(file).Select(line => line.Trim()).FirstOrDefault(line => line.Length > 0 && !line.StartsWith('#')) ?? "";
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new FormatException($"Signaling:RelaySecretFile {file} cannot be read: {fault.Message.TrimEnd('.')}.", fault);
        }

        byte[] secret = Encoding.UTF8.GetBytes(text);
        return secret.Length >= LeastSecret
            ? secret
            : throw new FormatException($"Signaling:RelaySecretFile {file} has a secret of {secret.Length} bytes. At least {LeastSecret} are needed, the same that the relay has, e.g. the output of: openssl rand -hex 32");
    }

    [LoggerMessage(4720, LogLevel.Information, "The secret for relays was read again; credentials issued from now on are made with it.")]
    private partial void LogReloaded();

    [LoggerMessage(4721, LogLevel.Error, "The changed secret for relays is not taken over and the old one stays in use: {Reason}")]
    private partial void LogRefused(string reason);

    /// <summary>Address and port of a TURN URI over UDP when its host is an address.</summary>
    private static string? Endpoint(string url)
    {
        if (!url.StartsWith("turn:", StringComparison.Ordinal) || url.Contains("transport=tcp", StringComparison.Ordinal))
            return null;
        string host = url["turn:".Length..].Split('?')[0];
        return IPEndPoint.TryParse(host, out IPEndPoint? endpoint) ? new IPEndPoint(endpoint.Address, endpoint.Port == 0 ? 3478 : endpoint.Port).ToString() : null;
    }
}
