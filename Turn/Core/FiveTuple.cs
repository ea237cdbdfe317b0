using MediaRelay.Stun;

namespace MediaRelay.Turn;

/// <summary>
/// The path between a client and the server (RFC 8656 section 2): the client's address, and the listener, which stands for server
/// address, port and transport.
/// </summary>
/// <param name="Client">The client's server-reflexive transport address.</param>
/// <param name="Listener">Index into <see cref="RelaySettings.Listeners"/>.</param>
/// <param name="Connection">
/// The shell's number of a TCP, TLS or DTLS connection, 0 for UDP. A number may be used again after
/// <see cref="RelayEngine.HandleClientClosed"/>.
/// </param>
public readonly record struct FiveTuple(TransportAddress Client, ushort Listener, int Connection = 0)
{
    /// <summary>True when nothing is known (the default value).</summary>
    public bool IsNone => Client.IsNone;

    public override string ToString() => Connection == 0 ? $"{Client}@{Listener}" : $"{Client}@{Listener}#{Connection}";
}
