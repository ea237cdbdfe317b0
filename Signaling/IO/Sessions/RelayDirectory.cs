using System.Net;
using System.Text;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Sessions;
using MediaRelay.Stun;

namespace MediaRelay.Signaling.IO.Sessions;

/// <summary>The relays, and credentials for them that expire by themselves and are held to one session.</summary>
public sealed class RelayDirectory(SignalingOptions options, TimeProvider time)
{
    private readonly Lock _lock = new();
    private byte[] _secret = Encoding.UTF8.GetBytes(options.RelaySecret);
    private DateTime _stamp;

    /// <summary>Address and port of the first relay that speaks UDP, for the gates; null when there is none.</summary>
    public string? FirstEndpoint => options.Relays.Select(Endpoint).FirstOrDefault(e => e is not null);

    /// <summary>Servers with a credential for one side of one session.</summary>
    /// <param name="subject">The gateway or person; no colon.</param>
    /// <param name="session">The session, or the home before there is one.</param>
    /// <param name="peers">Addresses that signaling has seen of the other side; the relays themselves are added.</param>
    public IReadOnlyList<MediaRelayAddress> Issue(string subject, string session, IEnumerable<string> peers)
    {
        if (options.Relays.Count == 0)
            return [];
        byte[] secret = Secret();
        TimedCredential? credential = null;
        if (secret.Length > 0)
        {
            var scope = new CredentialScope(session.Replace('~', '-'), 0, options.ScopeRelayPeers ? Peers(peers) : null);
            credential = TimedCredential.Issue(secret, time.GetUtcNow() + options.RelayCredentialLife, subject.Replace(':', '-'), scope.ToString());
        }

        return [.. options.Relays.Select(url => url.StartsWith("stun", StringComparison.Ordinal) ? new MediaRelayAddress(url, null, null) : new MediaRelayAddress(url, credential?.Username, credential?.Password))];
    }

    private List<(TransportAddress, int)>? Peers(IEnumerable<string> seen)
    {
        var peers = new List<(TransportAddress, int)>();
        foreach (string text in seen.Concat(options.Relays.Select(r => Endpoint(r) is { } e && IPEndPoint.TryParse(e, out IPEndPoint? ip) ? ip.Address.ToString() : "")).Distinct())
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
        if (options.RelaySecretFile.Length == 0)
            return _secret;
        lock (_lock)
        {
            try
            {
                DateTime stamp = File.GetLastWriteTimeUtc(options.RelaySecretFile);
                if (stamp != _stamp)
                {
                    _secret = Encoding.UTF8.GetBytes((File.ReadLines(options.RelaySecretFile).FirstOrDefault() ?? "").Trim());
                    _stamp = stamp;
                }
            }
            catch (IOException)
            {
                // While the file is being replaced the secret read last stays good.
            }

            return _secret;
        }
    }

    /// <summary>Address and port of a TURN URI over UDP when its host is an address.</summary>
    private static string? Endpoint(string url)
    {
        if (!url.StartsWith("turn:", StringComparison.Ordinal) || url.Contains("transport=tcp", StringComparison.Ordinal))
            return null;
        string host = url["turn:".Length..].Split('?')[0];
        return IPEndPoint.TryParse(host, out IPEndPoint? endpoint) ? new IPEndPoint(endpoint.Address, endpoint.Port == 0 ? 3478 : endpoint.Port).ToString() : null;
    }
}
