using MediaRelay.Stun;

namespace MediaRelay.Turn.Tests.Simulation;

/// <summary>What RFC 8656 says must be true of one client path, in the plainest form.</summary>
internal sealed class Model
{
    public bool IsAlive { get; private set; }

    public string Owner { get; private set; } = "";

    public bool HasV6 { get; private set; }

    public Dictionary<UInt128, TimeSpan> Permissions { get; } = [];

    public Dictionary<ushort, (TransportAddress Peer, TimeSpan Expires)> Channels { get; } = [];

    public TimeSpan Expires { get; private set; }

    public void Allocate(string owner, bool dual, TimeSpan expires)
    {
        (IsAlive, Owner, HasV6, Expires) = (true, owner, dual, expires);
        Permissions.Clear();
        Channels.Clear();
    }

    public void Refresh(TimeSpan expires) => Expires = expires;

    public void End() => IsAlive = false;

    /// <summary>Ends what is over; true when something was.</summary>
    public bool Forget(TimeSpan now)
    {
        var before = (IsAlive ? 1 : 0) + Permissions.Count + Channels.Count;
        if (IsAlive && Expires <= now)
        {
            End();
        }

        foreach (var ip in Permissions.Where(p => p.Value <= now).Select(p => p.Key).ToList())
        {
            Permissions.Remove(ip);
        }

        foreach (var number in Channels.Where(c => c.Value.Expires <= now).Select(c => c.Key).ToList())
        {
            Channels.Remove(number);
        }

        return (IsAlive ? 1 : 0) + Permissions.Count + Channels.Count < before;
    }

    public bool Permits(TransportAddress peer) => IsAlive && Permissions.ContainsKey(Key(peer));

    public bool Passes(ushort number) => IsAlive && Channels.TryGetValue(number, out var channel) && Permits(channel.Peer);

    public bool MayBind(ushort number, TransportAddress peer) =>
        (!Channels.TryGetValue(number, out var bound) || bound.Peer == peer)
        && Channels.All(c => c.Key == number || c.Value.Peer != peer);

    public static UInt128 Key(TransportAddress peer) => peer.Bits ^ ((UInt128)(byte)peer.Family << 120);
}
