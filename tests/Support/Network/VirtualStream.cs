using MediaRelay.Stun;

namespace MediaRelay.Tests.Support.Network;

/// <summary>
/// One end of a reliable byte stream (TCP, or TLS as far as its user sees). Bytes arrive in order; loss shows as delay. Segment
/// borders are not kept: set <see cref="SegmentSize"/> to cut or the peer's reads to be glued differently.
/// </summary>
public sealed class VirtualStream
{
    private readonly VirtualNetwork network;
    private TimeSpan lastArrival;

    internal VirtualStream(VirtualNetwork network, VirtualHost host, TransportAddress local, TransportAddress remote)
    {
        this.network = network;
        Host = host;
        LocalAddress = local;
        RemoteAddress = remote;
    }

    /// <summary>Own address as seen by this end.</summary>
    public TransportAddress LocalAddress { get; }

    /// <summary>The other end's address as seen by this end.</summary>
    public TransportAddress RemoteAddress { get; }

    /// <summary>True between the end of the handshake and the close by either end.</summary>
    public bool IsOpen { get; internal set; }

    /// <summary>Largest number of bytes per <see cref="Received"/> call; default 1440.</summary>
    public int SegmentSize { get; set; } = 1440;

    /// <summary>Called on the dialling end when the stream is open.</summary>
    public Action? Opened { get; set; }

    /// <summary>Called with each piece of bytes that arrives.</summary>
    public Action<ReadOnlyMemory<byte>>? Received { get; set; }

    /// <summary>Called once when the stream was refused or the other end closed it.</summary>
    public Action? Closed { get; set; }

    internal VirtualHost Host { get; }

    internal VirtualStream? Other { get; set; }

    /// <summary>Sends a copy of <paramref name="bytes"/>; ignored when the stream is not open.</summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        if (!IsOpen || Other is not { } other) return;
        while (!bytes.IsEmpty)
        {
            var piece = bytes[..Math.Min(SegmentSize, bytes.Length)].ToArray();
            bytes = bytes[piece.Length..];
            network.Schedule(NextArrival(), () =>
            {
                if (other.IsOpen && other.Host.IsConnected) other.Received?.Invoke(piece);
            });
        }
    }

    /// <summary>Closes both ends; the other one hears of it after the delay of the path.</summary>
    public void Close()
    {
        if (!IsOpen) return;
        IsOpen = false;
        if (Other is not { } other) return;
        network.Schedule(NextArrival(), () =>
        {
            if (!other.IsOpen) return;
            other.IsOpen = false;
            other.Closed?.Invoke();
        });
    }

    private TimeSpan NextArrival()
    {
        var at = network.Now + network.StreamDelay(Host);
        lastArrival = at > lastArrival ? at : lastArrival;
        return lastArrival;
    }
}
