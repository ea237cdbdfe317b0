using MediaRelay.Stun;

namespace MediaRelay.Media.Ice;

/// <summary>
/// Finds the local candidates: each socket's own address, the address a STUN server sees, and relayed addresses. Transactions start
/// <see cref="IceTimings.GatherPace"/> apart; TURN over TCP and TLS starts only when UDP has brought no relayed address in time.
/// </summary>
internal sealed class Gatherer(IceSession session)
{
    private const int MaxServers = 8;
    private const int MaxPreference = 65535;

    private readonly List<LocalSocket> sockets = [];
    private readonly List<ReflexiveProbe> probes = [];
    private readonly List<RelayPath> relays = [];
    private TimeSpan startedAt;
    private TimeSpan nextStart;

    public GatheringState State { get; private set; }

    public IReadOnlyList<RelayPath> Relays => relays;

    public IReadOnlyList<LocalSocket> Sockets => sockets;

    public TimeSpan? NextDeadline
    {
        get
        {
            TimeSpan? next = State == GatheringState.Gathering ? startedAt + session.Timings.GatherLimit : null;
            foreach (var probe in probes)
                if (probe.NextDeadline(nextStart) is { } due && (next is null || due < next)) next = due;
            foreach (var relay in relays)
            {
                var due = relay.IsStarted ? relay.NextDeadline : IsWaiting(relay) ? Max(relay.StartAt, nextStart) : null;
                if (due is { } at && (next is null || at < next)) next = at;
            }
            return next;
        }
    }

    /// <summary>Takes the shell's sockets and begins. Called again with more sockets it adds those.</summary>
    public void Start(IReadOnlyList<LocalSocket> opened, TimeSpan now, List<IceCommand> commands)
    {
        startedAt = now;
        nextStart = now;
        State = GatheringState.Gathering;
        foreach (var socket in opened)
        {
            if (sockets.Exists(s => s.Id == socket.Id)) continue;
            sockets.Add(socket);
            AddHost(socket, commands);
            if (!session.IsLite) AddProbes(socket);
        }
        if (!session.IsLite) AddRelays(now);
        HandleDeadline(now, commands);
    }

    public void HandleDeadline(TimeSpan now, List<IceCommand> commands)
    {
        foreach (var probe in probes)
        {
            if (probe.NextDeadline(nextStart) is not { } due || due > now) continue;
            if (!probe.IsStarted) nextStart = now + session.Timings.GatherPace;
            probe.HandleDeadline(session, now, commands);
        }
        foreach (var relay in relays)
        {
            if (relay.IsStarted) relay.HandleDeadline(now, commands);
            else if (IsWaiting(relay) && now >= relay.StartAt && now >= nextStart) StartRelay(relay, now, commands);
        }
        TakeRelayed(now, commands);
        CompleteWhenDone(now, commands);
    }

    /// <summary>True when the datagram answered a probe of ours.</summary>
    public bool TryHandleAnswer(int socketId, TransportAddress from, ReadOnlySpan<byte> datagram, TimeSpan now, List<IceCommand> commands)
    {
        if (!StunMessage.TryRead(datagram, out var message, out _) || message.Class is StunClass.Request or StunClass.Indication) return false;
        foreach (var probe in probes)
        {
            if (probe.Socket.Id != socketId || probe.Server != from || !probe.TryAnswer(message, now, session.Timings, out var mapped)) continue;
            if (mapped is { } address) AddReflexive(probe.Socket, address, from, commands);
            CompleteWhenDone(now, commands);
            return true;
        }
        return false;
    }

    public RelayPath? FindRelay(int socketId, TransportAddress from)
    {
        RelayPath? found = null;
        foreach (var relay in relays)
            if (relay.SocketId == socketId && relay.IsStarted && relay.Server == from && (found is null || !relay.IsLost)) found = relay;
        return found;
    }

    public RelayPath? FindStream(int streamId)
    {
        foreach (var relay in relays)
            if (streamId >= 0 && relay.StreamId == streamId && relay.IsStarted) return relay;
        return null;
    }

    /// <summary>A message of a TURN server. A relay that is being given back may await it beside the one that took its place.</summary>
    public bool TryHandleControl(int socketId, TransportAddress from, ReadOnlySpan<byte> message, TimeSpan now, List<IceCommand> commands)
    {
        var isOurs = false;
        foreach (var relay in relays)
        {
            if (relay.SocketId != socketId || !relay.IsStarted || relay.Server != from) continue;
            relay.HandleControl(message, now, commands);
            isOurs = true;
        }
        return isOurs;
    }

    /// <summary>Takes what the relays have achieved since: relayed and reflexive candidates.</summary>
    public void TakeRelayed(TimeSpan now, List<IceCommand> commands)
    {
        foreach (var relay in relays)
        {
            for (var i = relay.Bases.Count; i < relay.Relayed.Count && !relay.IsLost; i++) AddRelayed(relay, relay.Relayed[i], commands);
            if (!relay.IsLost) continue;
            foreach (var lost in relay.Bases) lost.IsGone = true;
        }
        LeaveSpareStreams();
        CompleteWhenDone(now, commands);
    }

    /// <summary>
    /// For a new generation: tells every local candidate again and asks the STUN servers anew, because a restart often follows a change of
    /// the mapping. Relays that were given back or lost are allocated again.
    /// </summary>
    public void Renew(TimeSpan now, List<IceCommand> commands)
    {
        session.LocalCandidates.RemoveAll(c => c.Base?.IsGone == true);
        foreach (var (candidate, _) in session.LocalCandidates) commands.Add(new IceCommand.CandidateFound(candidate));
        if (State == GatheringState.New) return;
        relays.RemoveAll(r => r.IsLost && r.NextDeadline is null);
        probes.Clear();
        startedAt = nextStart = now;
        State = GatheringState.Gathering;
        if (!session.IsLite)
        {
            foreach (var socket in sockets) AddProbes(socket);
            AddRelays(now);
        }
        HandleDeadline(now, commands);
    }

    /// <summary>Gives back the allocations that the pair in use does not need.</summary>
    public void Release(RelayPath? keep, TimeSpan now, List<IceCommand> commands)
    {
        foreach (var relay in relays)
            if (relay != keep && !relay.IsLost) relay.Close(now, commands);
        foreach (var probe in probes) probe.StopKeepAlive();
        TakeRelayed(now, commands);
    }

    public void RemoveSocket(int socketId, TimeSpan now, List<IceCommand> commands)
    {
        sockets.RemoveAll(s => s.Id == socketId);
        probes.RemoveAll(p => p.Socket.Id == socketId);
        foreach (var at in session.Bases)
            if (at.CarrierSocketId == socketId) at.IsGone = true;
        foreach (var relay in relays)
            if (relay.SocketId == socketId) relay.Abandon();
        CompleteWhenDone(now, commands);
    }

    private void AddHost(LocalSocket socket, List<IceCommand> commands)
    {
        var preference = PreferenceOf(socket);
        var candidate = Make(CandidateType.Host, socket.Address, preference, socket.Address, default, default, null);
        var at = new LocalBase(session.Bases.Count, socket.Id, null, candidate, preference);
        session.Bases.Add(at);
        if (!session.Configuration.RelayOnly) Tell(candidate, at, commands);
    }

    private void AddProbes(LocalSocket socket)
    {
        if (session.Configuration.RelayOnly) return;
        foreach (var server in session.Configuration.Servers.Take(MaxServers))
        {
            if (server.Transport != RelayTransport.Udp || server.Address.Family != socket.Address.Family) continue;
            if (!probes.Exists(p => p.Socket.Id == socket.Id && p.Server == server.Address)) probes.Add(new ReflexiveProbe(socket, server.Address));
        }
    }

    private void AddRelays(TimeSpan now)
    {
        var order = 0;
        foreach (var server in session.Configuration.Servers.Take(MaxServers))
        {
            order++;
            if (!server.IsRelay || relays.Exists(r => r.Configured == server && !r.IsLost)) continue;
            var isUdp = server.Transport == RelayTransport.Udp;
            var socket = isUdp ? BestSocket(server.Address.Family) : null;
            if (isUdp && socket is null) continue;
            var delay = isUdp || !HasUdpRelay() ? TimeSpan.Zero : session.Timings.StreamRelayDelay;
            relays.Add(new RelayPath(session, server, socket?.Id ?? -1, order, now + delay));
        }
    }

    private bool IsWaiting(RelayPath relay) => State == GatheringState.Gathering && !relay.IsStarted && !relay.IsLost;

    private bool HasUdpRelay() => relays.Exists(r => r.SocketId >= 0 && !r.IsLost);

    private void StartRelay(RelayPath relay, TimeSpan now, List<IceCommand> commands)
    {
        nextStart = now + session.Timings.GatherPace;
        relay.Start(sockets.Exists(s => s.Address.IsV6), now, commands);
    }

    // A relayed address over UDP makes the streams that wait for their turn needless, and gathering need not wait for that turn.
    private void LeaveSpareStreams()
    {
        if (!relays.Exists(r => !r.IsStream && r.Relayed.Count > 0 && !r.IsLost)) return;
        foreach (var relay in relays)
            if (relay.IsStream && !relay.IsStarted && !relay.IsLost) relay.Abandon();
    }

    private LocalSocket? BestSocket(IpFamily family)
    {
        LocalSocket? best = null;
        foreach (var socket in sockets)
            if (socket.Address.Family == family && (best is null || socket.Preference > best.Value.Preference)) best = socket;
        return best;
    }

    private void AddReflexive(LocalSocket socket, TransportAddress mapped, TransportAddress server, List<IceCommand> commands)
    {
        if (session.Configuration.RelayOnly || IsKnown(mapped)) return;
        var at = session.Bases.Find(b => b.SocketId == socket.Id && !b.IsRelayed);
        var candidate = Make(CandidateType.ServerReflexive, mapped, PreferenceOf(socket), socket.Address, server, default, socket.Address);
        session.LocalCandidates.RemoveAll(c => c.Candidate.Foundation == candidate.Foundation);
        Tell(candidate, at, commands);
    }

    private void AddRelayed(RelayPath relay, TransportAddress relayed, List<IceCommand> commands)
    {
        var preference = MaxPreference - (relay.Order * 16) - ((int)relay.Configured.Transport * 1024);
        var related = session.Configuration.RelayOnly ? relayed.IsV4 ? TransportAddress.V4(0, 0) : TransportAddress.V6(0, 0) : relay.Mapped;
        var candidate = Make(CandidateType.Relayed, relayed, preference, relayed, relay.Server, relay.Configured.Transport, related);
        var at = new LocalBase(session.Bases.Count, -1, relay, candidate, preference);
        relay.Bases.Add(at);
        session.Bases.Add(at);
        Tell(candidate, at, commands);
        if (relay.SocketId >= 0 && sockets.Find(s => s.Id == relay.SocketId) is { Address.IsNone: false } socket && !relay.Mapped.IsNone)
            AddReflexive(socket, relay.Mapped, relay.Server, commands);
    }

    private bool IsKnown(TransportAddress address)
    {
        foreach (var (candidate, _) in session.LocalCandidates)
            if (candidate.Address == address) return true;
        return false;
    }

    private Candidate Make(
        CandidateType type, TransportAddress address, int preference, TransportAddress baseAddress, TransportAddress server,
        RelayTransport transport, TransportAddress? related) => new()
        {
            Foundation = session.FoundationOf(type, baseAddress, server, transport),
            Priority = IcePriority.OfCandidate(type, preference, 1),
            Address = address,
            Type = type,
            TypeToken = Candidate.TokenOf(type),
            RelatedAddress = related?.AddressText(),
            RelatedPort = related?.Port,
        };

    private void Tell(Candidate candidate, LocalBase? owner, List<IceCommand> commands)
    {
        session.LocalCandidates.Add((candidate, owner));
        commands.Add(new IceCommand.CandidateFound(candidate));
    }

    // IPv6 comes first (RFC 8421 section 4), then the shell's preference, then the order of opening.
    private int PreferenceOf(LocalSocket socket)
    {
        var order = sockets.FindIndex(s => s.Id == socket.Id);
        return (socket.Address.IsV6 ? 0x8000 : 0) + (Math.Clamp(socket.Preference, 0, 127) * 256) + Math.Max(0, 255 - order);
    }

    private void CompleteWhenDone(TimeSpan now, List<IceCommand> commands)
    {
        if (State != GatheringState.Gathering) return;
        var isLate = now >= startedAt + session.Timings.GatherLimit;
        if (!isLate && (probes.Exists(p => p.IsRunning) || relays.Exists(r => r.IsGathering))) return;
        State = GatheringState.Complete;
        commands.Add(new IceCommand.GatheringCompleted());
    }

    private static TimeSpan? Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
