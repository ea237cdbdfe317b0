using System.Security.Cryptography;
using MediaRelay.Stun;

namespace MediaRelay.Media.Ice;

/// <summary>
/// An ICE agent for one component (RTP and RTCP multiplexed, everything bundled) as a pure engine: RFC 8445 full and lite, trickle
/// (RFC 8838), consent (RFC 7675), patience (RFC 8863), relays by TURN over UDP, TCP and TLS. One owner, no thread, no clock, no socket.
/// </summary>
/// <remarks>
/// <para>Calling contract. <b>After every call that takes a command list, carry out the commands in order, then arm one timer for
/// <see cref="NextDeadline"/> and call <see cref="HandleDeadline"/> when it is reached.</b> Extra calls are harmless.</para>
/// <code><![CDATA[
/// 1. open one UDP socket per interface address              -> Start(sockets)           -> CandidateFound..., GatheringCompleted
/// 2. offer/answer: send LocalCredentials, read the peer's   -> HandleRemoteDescription(credentials, isLite)
/// 3. each a=candidate of the peer                            -> HandleRemoteCandidate; then HandleRemoteEndOfCandidates
/// 4. each datagram: TryReceive; Control -> HandleDatagram, Data -> DTLS or SRTP, Dropped -> forget
/// 5. each outgoing packet: leave Headroom bytes before and Tailroom after it -> TrySend -> send the route's bytes
/// 6. OpenStream command: dial, then HandleStreamOpened or HandleStreamClosed; its bytes -> HandleStreamBytes, then TryReadStream
///    until it returns false
/// 7. no network any more: HandleRestart, send the new LocalCredentials in a new offer, go on at 2
/// ]]></code>
/// <para>Data flows as soon as the first pair is valid (state Connected); nomination follows (state Completed) and never interrupts it.
/// A changed remote user name fragment in step 2 is the peer's restart: this agent restarts too, so read <see cref="LocalCredentials"/>
/// after it and before answering.</para>
/// </remarks>
public sealed class IceAgent
{
    /// <summary>Bytes that must be free in front of outgoing data: the header of a TURN Send indication to an IPv6 peer.</summary>
    public const int Headroom = RelayPath.Headroom;

    /// <summary>Bytes that must be free behind outgoing data: padding on a stream.</summary>
    public const int Tailroom = RelayPath.Tailroom;

    private readonly IceSession session;
    private readonly ConnectivityChecks checks;
    private readonly Nomination nomination;
    private readonly Consent consent;
    private readonly Gatherer gatherer;
    private int pairedBases;
    private bool isReleased;

    /// <summary>Makes an agent that has done nothing yet.</summary>
    /// <param name="configuration">Mode, role, servers, limits and times.</param>
    /// <param name="random">A cryptographic generator; tests pass a counting one.</param>
    public IceAgent(IceConfiguration configuration, RandomNumberGenerator random)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(random);
        session = new IceSession(configuration, random);
        checks = new ConnectivityChecks(session);
        nomination = new Nomination(session, checks);
        consent = new Consent(session, checks);
        gatherer = new Gatherer(session);
    }

    /// <summary>User name fragment and password for the SDP; new after a restart.</summary>
    public IceCredentials LocalCredentials => session.Current.Local;

    /// <summary>The state.</summary>
    public IceState State => session.State;

    /// <summary>Progress of gathering.</summary>
    public GatheringState Gathering => gatherer.State;

    /// <summary>The role; it may change when both sides started with the same one.</summary>
    public IceRole Role => session.Role;

    /// <summary>Full or lite.</summary>
    public IceMode Mode => session.Configuration.Mode;

    /// <summary>Candidates found so far, in the order they were told.</summary>
    public IEnumerable<Candidate> LocalCandidates => session.LocalCandidates.Select(c => c.Candidate);

    /// <summary>The pair that carries data, null when there is none.</summary>
    public CandidatePairSnapshot? ActivePair => session.Active?.ToSnapshot();

    /// <summary>Numbers for statistics.</summary>
    public IceCounters Counters => session.Counters;

    /// <summary>When <see cref="HandleDeadline"/> wants to be called; null when nothing is pending.</summary>
    public TimeSpan? NextDeadline { get; private set; }

    /// <summary>Starts gathering on the shell's sockets. May be called again when an interface came up.</summary>
    public void Start(IReadOnlyList<LocalSocket> sockets, TimeSpan now, List<IceCommand> commands)
    {
        if (State == IceState.Closed) return;
        gatherer.Start(sockets, now, commands);
        PairNewBases(now, commands);
        Settle(now, commands);
    }

    /// <summary>A socket is gone, for example because its interface went down. Its pairs are not used any more.</summary>
    public void HandleSocketClosed(int socketId, TimeSpan now, List<IceCommand> commands)
    {
        gatherer.RemoveSocket(socketId, now, commands);
        if (session.Active is { } pair && pair.Base.IsGone) LoseBase(pair, now, commands);
        Settle(now, commands);
    }

    /// <summary>
    /// The peer's credentials from its description. Another user name fragment than before is a restart by the peer, which restarts this
    /// agent too. Invalid credentials are ignored and return false.
    /// </summary>
    public bool HandleRemoteDescription(IceCredentials remote, bool isLite, TimeSpan now, List<IceCommand> commands)
    {
        if (State == IceState.Closed || !remote.IsValid) return false;
        if (session.Current.Remote is { } known)
        {
            if (known == remote) return true;
            Restart(now, commands);
        }
        var generation = session.Current;
        generation.SetRemote(remote);
        generation.RemoteIsLite = isLite;
        generation.StartedAt = now;
        if (isLite && !session.IsLite && session.Role == IceRole.Controlled) session.SwitchRole(IceRole.Controlling);
        if (isLite && session.IsLite)
        {
            session.SetState(IceState.Failed, commands);
            return true;
        }
        if (session.State is IceState.New or IceState.Failed || session.Active is null) session.SetState(IceState.Checking, commands);
        foreach (var candidate in generation.EarlyCandidates) AddRemote(generation, candidate, now, commands);
        generation.EarlyCandidates.Clear();
        foreach (var check in generation.EarlyChecks) checks.HandleEarly(check, now, commands);
        generation.EarlyChecks.Clear();
        Settle(now, commands);
        return true;
    }

    /// <summary>One candidate of the peer. Unusable and refused ones are counted and ignored; names are never resolved.</summary>
    public void HandleRemoteCandidate(Candidate candidate, TimeSpan now, List<IceCommand> commands)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        if (State == IceState.Closed) return;
        var generation = session.Current;
        if (!candidate.IsUsable || !session.MayCheck(candidate.Address) || IsOtherGeneration(candidate, generation))
            session.Counters.CandidatesIgnored++;
        else if (generation.HasRemote) AddRemote(generation, candidate, now, commands);
        else if (generation.EarlyCandidates.Count < session.Configuration.Limits.RemoteCandidates) generation.EarlyCandidates.Add(candidate);
        else session.Counters.CandidatesIgnored++;
        Settle(now, commands);
    }

    /// <summary>The peer has no more candidates (<c>a=end-of-candidates</c>, or the null candidate of a browser).</summary>
    public void HandleRemoteEndOfCandidates(TimeSpan now, List<IceCommand> commands)
    {
        session.Current.RemoteEnded = true;
        Settle(now, commands);
    }

    /// <summary>
    /// Restarts: new credentials, new checks, same sockets (RFC 8445 section 9). Data goes on over the old pair until a new one is valid.
    /// All local candidates are told again.
    /// </summary>
    public void HandleRestart(TimeSpan now, List<IceCommand> commands)
    {
        if (State == IceState.Closed) return;
        Restart(now, commands);
        Settle(now, commands);
    }

    /// <summary>Stops sending at once and gives relayed addresses back.</summary>
    public void HandleClose(TimeSpan now, List<IceCommand> commands)
    {
        if (State == IceState.Closed) return;
        gatherer.Release(null, now, commands);
        session.SetState(IceState.Closed, commands);
        session.Current.Active = null;
        session.Previous = null;
        NextDeadline = null;
    }

    /// <summary>A datagram for which <see cref="TryReceive"/> said <see cref="IceVerdict.Control"/>.</summary>
    public void HandleDatagram(int socketId, TransportAddress from, ReadOnlySpan<byte> datagram, TimeSpan now, List<IceCommand> commands)
    {
        if (State == IceState.Closed) return;
        // A server may be both: an answer to a probe of ours comes first, the rest is TURN.
        if (gatherer.TryHandleAnswer(socketId, from, datagram, now, commands)) { }
        else if (gatherer.FindRelay(socketId, from) is { } relay)
        {
            if (!TryHandleInner(relay, datagram, now, commands)) gatherer.TryHandleControl(socketId, from, datagram, now, commands);
            TakeRelayed(now, commands);
        }
        else if (FindHost(socketId) is { } host && !session.Configuration.RelayOnly) checks.HandleMessage(host, from, datagram, now, commands);
        Settle(now, commands);
    }

    /// <summary>
    /// The hot path inwards: unwraps what came through a relay and lets data pass only from proved addresses. Allocates nothing.
    /// </summary>
    /// <param name="socketId">The socket it came in on.</param>
    /// <param name="from">Its source address.</param>
    /// <param name="datagram">The datagram.</param>
    /// <param name="now">Monotonic time.</param>
    /// <param name="data">For <see cref="IceVerdict.Data"/>, the part of the datagram that is data.</param>
    public IceVerdict TryReceive(int socketId, TransportAddress from, ReadOnlySpan<byte> datagram, TimeSpan now, out ReadOnlySpan<byte> data)
    {
        data = datagram;
        if (datagram.IsEmpty || State == IceState.Closed) return IceVerdict.Dropped;
        if (gatherer.FindRelay(socketId, from) is { } relay)
        {
            if (!relay.TryUnwrap(datagram, out var peer, out data)) return IceVerdict.Control;
            return relay.BaseFor(peer.Family) is { } at ? Judge(at.Index, peer, data, now) : IceVerdict.Dropped;
        }
        if (datagram[0] < 4) return IceVerdict.Control;
        return FindHost(socketId) is { } host ? Judge(host.Index, from, datagram, now) : IceVerdict.Dropped;
    }

    /// <summary>
    /// The hot path outwards: where the data leaves, wrapped in place when it goes through a relay. False when no pair may carry data
    /// now. Allocates nothing.
    /// </summary>
    /// <param name="buffer">The caller's buffer; the data stands at <paramref name="offset"/>, at least <see cref="Headroom"/>, and at
    /// least <see cref="Tailroom"/> bytes are free behind it.</param>
    /// <param name="offset">First byte of the data.</param>
    /// <param name="length">Bytes of data.</param>
    /// <param name="now">Monotonic time.</param>
    /// <param name="route">Socket or stream, destination, and the bytes to send.</param>
    public bool TrySend(Span<byte> buffer, int offset, int length, TimeSpan now, out IceRoute route)
    {
        route = default;
        if (session.Active is not { } pair || !consent.IsFresh(pair, now)) return false;
        if (pair.Base.Relay is { } relay) return relay.TryWrap(buffer, offset, length, pair.Remote.Address, now, out route);
        route = new IceRoute(pair.Base.SocketId, -1, pair.Remote.Address, offset, length);
        return true;
    }

    /// <summary>A stream of an OpenStream command is connected (and its TLS handshake is done).</summary>
    public void HandleStreamOpened(int streamId, TimeSpan now, List<IceCommand> commands)
    {
        gatherer.FindStream(streamId)?.HandleStreamOpened(now, commands);
        Settle(now, commands);
    }

    /// <summary>A stream was refused, failed or closed by the server.</summary>
    public void HandleStreamClosed(int streamId, TimeSpan now, List<IceCommand> commands)
    {
        gatherer.FindStream(streamId)?.HandleStreamClosed(commands);
        TakeRelayed(now, commands);
        Settle(now, commands);
    }

    /// <summary>Bytes read from a stream; call <see cref="TryReadStream"/> until it returns false, always after this.</summary>
    public void HandleStreamBytes(int streamId, ReadOnlySpan<byte> bytes, TimeSpan now, List<IceCommand> commands)
    {
        if (gatherer.FindStream(streamId) is not { } relay) return;
        relay.HandleStreamBytes(bytes, commands);
        if (!relay.IsLost) return;
        TakeRelayed(now, commands);
        Settle(now, commands);
    }

    /// <summary>
    /// The next data that came through a stream. Messages of the TURN server and checks in between are handled on the way. The span is
    /// valid until the next call about this stream. Data alone allocates nothing.
    /// </summary>
    public bool TryReadStream(int streamId, TimeSpan now, List<IceCommand> commands, out ReadOnlySpan<byte> data)
    {
        while (gatherer.FindStream(streamId) is { } relay && relay.TryTakeFrame(commands, out var frame))
        {
            if (relay.TryUnwrap(frame, out var peer, out data) && relay.BaseFor(peer.Family) is { } at && Judge(at.Index, peer, data, now) == IceVerdict.Data)
                return true;
            if (!TryHandleInner(relay, frame, now, commands)) relay.HandleControl(frame, now, commands);
            TakeRelayed(now, commands);
            Settle(now, commands);
        }
        data = default;
        return false;
    }

    /// <summary>Does everything that is due.</summary>
    public void HandleDeadline(TimeSpan now, List<IceCommand> commands)
    {
        if (State == IceState.Closed) return;
        gatherer.HandleDeadline(now, commands);
        TakeRelayed(now, commands);
        checks.HandleDeadline(now, commands);
        consent.HandleDeadline(now, commands);
        FailWhenHopeless(now, commands);
        ReleaseWhenDone(now, commands);
        Settle(now, commands);
    }

    /// <summary>All pairs of the current generation, best first.</summary>
    public IReadOnlyList<CandidatePairSnapshot> Snapshot() => [.. session.Current.Checks.Pairs.Select(p => p.ToSnapshot())];

    // True when the message carried something of a peer: a check, or data that is not for this path.
    private bool TryHandleInner(RelayPath relay, ReadOnlySpan<byte> message, TimeSpan now, List<IceCommand> commands)
    {
        if (!relay.TryUnwrap(message, out var peer, out var inner)) return false;
        if (relay.BaseFor(peer.Family) is { } at && !inner.IsEmpty && inner[0] < 4) checks.HandleMessage(at, peer, inner, now, commands);
        return true;
    }

    private void TakeRelayed(TimeSpan now, List<IceCommand> commands)
    {
        gatherer.TakeRelayed(now, commands);
        foreach (var relay in gatherer.Relays)
            while (relay.TryTakeRefused(out var peer)) session.Current.Checks.Refuse(relay, peer);
        PairNewBases(now, commands);
        if (session.Active is { } pair && pair.Base.IsGone) LoseBase(pair, now, commands);
    }

    private IceVerdict Judge(int baseIndex, TransportAddress from, ReadOnlySpan<byte> data, TimeSpan now)
    {
        if (data.IsEmpty) return IceVerdict.Dropped;
        if (data[0] < 4) return IceVerdict.Control;
        var pair = session.Current.Checks.Find(baseIndex, from);
        if (pair is not { IsProven: true }) pair = session.Previous?.Checks.Find(baseIndex, from);
        if (pair is not { IsProven: true })
        {
            session.Counters.DataFromStrangers++;
            return IceVerdict.Dropped;
        }
        pair.LastReceived = now;
        return IceVerdict.Data;
    }

    private LocalBase? FindHost(int socketId)
    {
        foreach (var at in session.Bases)
            if (at.SocketId == socketId && !at.IsGone) return at;
        return null;
    }

    private static bool IsOtherGeneration(Candidate candidate, Generation generation) =>
        generation.Remote is { } remote && candidate.UsernameFragment is { } fragment && fragment != remote.UsernameFragment;

    private void AddRemote(Generation generation, Candidate candidate, TimeSpan now, List<IceCommand> commands)
    {
        if (generation.FindRemote(candidate.Address) is { } known)
        {
            // A check was faster than the signalling: the told candidate replaces the peer-reflexive one (RFC 8838 section 11.4).
            if (known.Candidate.Type != CandidateType.PeerReflexive) return;
            known.Candidate = candidate;
            generation.Checks.Recompute(session.Role);
            return;
        }
        if (generation.Remotes.Count >= session.Configuration.Limits.RemoteCandidates)
        {
            session.Counters.CandidatesIgnored++;
            return;
        }
        var remote = new RemoteCandidate(candidate);
        generation.Remotes.Add(remote);
        foreach (var at in session.Bases) Pair(generation, at, remote, now, commands);
        if (session.State == IceState.Failed && generation.Checks.HasPending()) session.SetState(IceState.Checking, commands);
    }

    private void Pair(Generation generation, LocalBase at, RemoteCandidate remote, TimeSpan now, List<IceCommand> commands)
    {
        if (session.IsLite || (session.Configuration.RelayOnly && !at.IsRelayed)) return;
        if (generation.Checks.Add(at, remote, session.Role) is not null) at.Relay?.Permit(remote.Address, now, commands);
    }

    private void PairNewBases(TimeSpan now, List<IceCommand> commands)
    {
        for (; pairedBases < session.Bases.Count; pairedBases++)
            foreach (var remote in session.Current.Remotes) Pair(session.Current, session.Bases[pairedBases], remote, now, commands);
    }

    private void Restart(TimeSpan now, List<IceCommand> commands)
    {
        if (session.Previous is { } old) checks.Drop(old);
        var isSilent = session.Current.Active is null;
        if (isSilent) checks.Drop(session.Current);
        // Without answers the mapping towards the relay may be gone too, and with it the allocation's five-tuple.
        var isDead = session.State is IceState.Disconnected or IceState.Failed;
        session.StartGeneration();
        isReleased = false;
        if (isDead) gatherer.Release(null, now, commands);
        if (session.Previous?.Active is { Base.IsGone: true }) session.Previous.Active = null;
        gatherer.Renew(now, commands);
        if (session.Active is null) session.SetState(IceState.Checking, commands);
    }

    private void LoseBase(CandidatePair pair, TimeSpan now, List<IceCommand> commands)
    {
        pair.IsValid = false;
        pair.State = PairState.Failed;
        if (pair.Generation.Nominated == pair) pair.Generation.Nominated = null;
        pair.IsNominated = false;
        session.UpdateActive(pair.Generation, now, commands, withoutPair: IceState.Failed);
    }

    // RFC 8863: not before the patience has passed, and not while a check or the gathering may still succeed.
    private void FailWhenHopeless(TimeSpan now, List<IceCommand> commands)
    {
        if (session.State != IceState.Checking || session.Active is not null || HopelessAt() is not { } at || now < at) return;
        session.SetState(IceState.Failed, commands);
    }

    private TimeSpan? HopelessAt()
    {
        var generation = session.Current;
        if (session.State != IceState.Checking || generation.StartedAt is not { } started || session.Active is not null) return null;
        return (!session.IsLite && generation.Checks.HasPending()) || gatherer.State == GatheringState.Gathering ? null : started + session.Timings.Patience;
    }

    private void ReleaseWhenDone(TimeSpan now, List<IceCommand> commands)
    {
        if (ReleaseAt() is not { } at || now < at) return;
        isReleased = true;
        if (session.Previous is { } old) checks.Drop(old);
        session.Previous = null;
        gatherer.Release(session.Current.Active?.Base.Relay, now, commands);
    }

    private TimeSpan? ReleaseAt() => isReleased || session.Current.Nominated is null ? null : session.ConcludedAt + session.Timings.ReleaseDelay;

    private void Settle(TimeSpan now, List<IceCommand> commands)
    {
        if (State == IceState.Closed) return;
        checks.SendOrdinary(now, commands);
        consent.ShowLiveness(now, commands);
        nomination.HandleDeadline(gatherer.State == GatheringState.Gathering, now, commands);
        NextDeadline = Earliest(gatherer.NextDeadline, checks.NextDeadline, nomination.NextDeadline, consent.NextDeadline, HopelessAt(), ReleaseAt());
    }

    private static TimeSpan? Earliest(params ReadOnlySpan<TimeSpan?> deadlines)
    {
        TimeSpan? first = null;
        foreach (var deadline in deadlines)
            if (deadline is { } at && (first is null || at < first)) first = at;
        return first;
    }
}
