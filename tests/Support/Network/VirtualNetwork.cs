using System.Net;
using MediaRelay.Stun;

namespace MediaRelay.Tests.Support.Network;

/// <summary>
/// Hosts, NATs and the datagrams between them in virtual time. One thread; the same seed gives the same run. Engines are driven by
/// socket handlers and by <see cref="Schedule"/>; time moves only in <see cref="Step"/> and the Run methods.
/// </summary>
/// <remarks>
/// <code>
///   host --(realm: inside)-- NAT --(realm: public)-- NAT --(realm: inside)-- host
/// </code>
/// Address translation on the way out happens when a datagram is sent, on the way in when it arrives.
/// </remarks>
public sealed class VirtualNetwork
{
    private const int Ipv4Overhead = 28;
    private const int Ipv6Overhead = 48;
    private const int MaxNestedNats = 4;
    private const int MaxEventsPerInstant = 100_000;
    private static readonly TimeSpan StreamRetransmission = TimeSpan.FromMilliseconds(200);

    private readonly PriorityQueue<Action, (TimeSpan At, long Order)> events = new();
    private readonly Random random;
    private readonly List<VirtualHost> hosts = [];
    private long order;
    private int atThisTime;

    /// <summary>Starts at time zero with <see cref="LinkConditions.Good"/>.</summary>
    public VirtualNetwork(int seed = 1)
    {
        random = new Random(seed);
        Public = new VirtualRealm(null);
    }

    /// <summary>The realm of public addresses.</summary>
    public VirtualRealm Public { get; }

    /// <summary>Virtual time since the start, as a core's <c>now</c>.</summary>
    public TimeSpan Now { get; private set; }

    /// <summary>Conditions of every path whose sending host has none of its own.</summary>
    public LinkConditions Conditions { get; set; } = LinkConditions.Good;

    /// <summary>A test's own filter; false loses the datagram. Addresses are those after translation by the sender's NAT.</summary>
    public Func<VirtualDatagram, bool>? Passes { get; set; }

    /// <summary>What happened so far.</summary>
    public NetworkCounters Counters { get; } = new();

    /// <summary>All hosts.</summary>
    public IReadOnlyList<VirtualHost> Hosts => hosts;

    /// <summary>Adds a host with addresses in <paramref name="realm"/>, the public one by default.</summary>
    public VirtualHost AddHost(string name, VirtualRealm? realm, params ReadOnlySpan<string> addresses)
    {
        var host = new VirtualHost(this, name);
        foreach (var address in addresses) host.AddAddress(IPAddress.Parse(address), realm ?? Public);
        hosts.Add(host);
        return host;
    }

    /// <summary>Adds a NAT at <paramref name="outerAddress"/> of <paramref name="outside"/>, the public realm by default.</summary>
    public VirtualNat AddNat(NatKind kind, string outerAddress, VirtualRealm? outside = null) =>
        new(this, kind, outside ?? Public, IPAddress.Parse(outerAddress));

    /// <summary>Runs <paramref name="action"/> at the given time, or now when that has passed.</summary>
    public void Schedule(TimeSpan at, Action action) => events.Enqueue(action, (at < Now ? Now : at, order++));

    /// <summary>Runs the next event; false when nothing is pending.</summary>
    public bool Step()
    {
        if (!events.TryDequeue(out var action, out var key)) return false;
        atThisTime = key.At == Now ? atThisTime + 1 : 0;
        if (atThisTime > MaxEventsPerInstant) throw new InvalidOperationException($"Time stands still at {Now}: an engine asks for a deadline that it does not handle.");
        Now = key.At;
        action();
        return true;
    }

    /// <summary>Runs everything due up to and including <paramref name="until"/>, then stands at that time.</summary>
    public void RunUntil(TimeSpan until)
    {
        while (events.TryPeek(out _, out var key) && key.At <= until) Step();
        if (Now < until) Now = until;
    }

    /// <summary>Runs for a while from now.</summary>
    public void RunFor(TimeSpan span) => RunUntil(Now + span);

    /// <summary>Runs until the condition holds; false when the limit (a time, not a span) or the last event came first.</summary>
    public bool RunUntil(Func<bool> condition, TimeSpan limit)
    {
        while (!condition())
        {
            if (!events.TryPeek(out _, out var key) || key.At > limit)
            {
                if (Now < limit) Now = limit;
                return condition();
            }
            Step();
        }
        return true;
    }

    internal void Send(VirtualHost from, TransportAddress source, TransportAddress destination, byte[] payload)
    {
        Counters.Sent++;
        if (!from.IsConnected || from.RealmOf(source) is not { } realm)
        {
            Counters.Lost++;
            return;
        }
        var conditions = from.Link ?? Conditions;
        var overhead = destination.ToIPAddress().AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? Ipv4Overhead : Ipv6Overhead;
        if (payload.Length + overhead > conditions.Mtu)
        {
            Counters.TooBig++;
            return;
        }
        if (!TryLeave(ref realm, ref source, destination))
        {
            Counters.Filtered++;
            return;
        }
        var datagram = new VirtualDatagram(source, destination, payload);
        if (random.NextDouble() < conditions.Loss || Passes?.Invoke(datagram) == false)
        {
            Counters.Lost++;
            return;
        }
        if (!TryQueue(from, payload.Length + overhead, conditions, out var wait))
        {
            Counters.Lost++;
            return;
        }
        Arrive(realm, datagram, conditions, wait);
        if (random.NextDouble() >= conditions.Duplication) return;
        Counters.Duplicated++;
        Arrive(realm, datagram, conditions, wait);
    }

    internal TimeSpan StreamDelay(VirtualHost from)
    {
        var conditions = from.Link ?? Conditions;
        var delay = DrawDelay(conditions);
        for (var round = 1; round < 6 && random.NextDouble() < conditions.Loss; round++) delay += StreamRetransmission * round;
        return delay;
    }

    internal VirtualStream Connect(VirtualHost from, TransportAddress local, TransportAddress to)
    {
        var near = new VirtualStream(this, from, local, to);
        if (!from.IsConnected) return near;
        var (realm, seen) = LeaveAsStream(from, local, to);
        Schedule(Now + StreamDelay(from), () =>
        {
            var host = realm?.HostAt(to.ToIPAddress());
            if (host is not { IsConnected: true }) return;
            var listener = host.ListenerAt(to.Port);
            var far = new VirtualStream(this, host, to, seen) { Other = near, IsOpen = listener is not null };
            near.Other = far;
            listener?.Invoke(far);
            Schedule(Now + StreamDelay(host), () =>
            {
                near.IsOpen = listener is not null;
                if (near.IsOpen) near.Opened?.Invoke();
                else near.Closed?.Invoke();
            });
        });
        return near;
    }

    private void Arrive(VirtualRealm realm, VirtualDatagram datagram, LinkConditions conditions, TimeSpan wait) =>
        Schedule(Now + wait + DrawDelay(conditions), () => Deliver(realm, datagram, 0));

    // A link with a rate is a queue: a datagram leaves when those before it have left.
    private bool TryQueue(VirtualHost from, int bytes, LinkConditions conditions, out TimeSpan wait)
    {
        wait = TimeSpan.Zero;
        if (conditions.BitsPerSecond == 0) return true;
        var start = from.LinkFreeAt > Now ? from.LinkFreeAt : Now;
        if (start - Now > conditions.Queue) return false;
        from.LinkFreeAt = start + TimeSpan.FromSeconds(bytes * 8.0 / conditions.BitsPerSecond);
        wait = from.LinkFreeAt - Now;
        return true;
    }

    private TimeSpan DrawDelay(LinkConditions conditions) => conditions.Delay + (conditions.Jitter * random.NextDouble());

    // Walks outwards through the NATs until the destination is in reach. Hairpin turns round at the NAT itself.
    private static bool TryLeave(ref VirtualRealm realm, ref TransportAddress source, TransportAddress destination)
    {
        while (!realm.IsLocal(destination) && realm.NatAt(destination.ToIPAddress()) is null && realm.Gateway is { } nat)
        {
            if (destination.ToIPAddress().Equals(nat.OuterAddress) && !nat.Hairpin) return false;
            if (!nat.TryMapOutbound(source, destination, out var mapped)) return false;
            source = mapped;
            realm = nat.Outside;
        }
        return true;
    }

    private static (VirtualRealm? Realm, TransportAddress Seen) LeaveAsStream(VirtualHost from, TransportAddress local, TransportAddress to)
    {
        var realm = from.RealmOf(local);
        var seen = local;
        while (realm is not null && !realm.IsLocal(to) && realm.Gateway is { } nat)
        {
            seen = TransportAddress.From(nat.OuterAddress, local.Port);
            realm = nat.Outside;
        }
        return (realm, seen);
    }

    private void Deliver(VirtualRealm realm, VirtualDatagram datagram, int depth)
    {
        if (realm.NatAt(datagram.Destination.ToIPAddress()) is { } nat)
        {
            if (depth < MaxNestedNats && nat.TryMapInbound(datagram.Source, datagram.Destination.Port, out var inner))
                Deliver(nat.Inside, datagram with { Destination = inner }, depth + 1);
            else Counters.Filtered++;
            return;
        }
        var host = realm.HostAt(datagram.Destination.ToIPAddress());
        if (host is { IsConnected: true } && host.SocketAt(datagram.Destination) is { } socket)
        {
            Counters.Delivered++;
            socket.Deliver(datagram);
        }
        else Counters.Unreachable++;
    }
}
