using System.Text;
using MediaRelay.Stun;

namespace MediaRelay.Media.Ice;

/// <summary>
/// Sends checks, answers the peer's, and keeps the pairs' states (RFC 8445 section 7). Messages without right integrity are dropped in
/// silence and counted: an answer to them would only help an attacker.
/// </summary>
internal sealed class ConnectivityChecks(IceSession session)
{
    private const int MaxTransactions = 512;
    private const int FinalWait = 16;
    private static readonly TimeSpan MaxRetransmission = TimeSpan.FromSeconds(8);

    private readonly Dictionary<TransactionId, CheckTransaction> transactions = [];
    private readonly List<CheckTransaction> due = [];
    private TimeSpan nextCheck;

    /// <summary>When a retransmission, a time-out or a new check is due.</summary>
    public TimeSpan? NextDeadline
    {
        get
        {
            TimeSpan? next = HasOrdinary ? nextCheck : null;
            foreach (var transaction in transactions.Values)
                if (next is null || transaction.Due < next) next = transaction.Due;
            return next;
        }
    }

    private bool HasOrdinary
    {
        get
        {
            var generation = session.Current;
            if (session.IsLite || generation.StartedAt is null) return false;
            return HasIdlePair(generation, Floor(generation));
        }
    }

    public void HandleDeadline(TimeSpan now, List<IceCommand> commands)
    {
        foreach (var transaction in transactions.Values)
            if (transaction.Due <= now) due.Add(transaction);
        foreach (var transaction in due) HandleDue(transaction, now, commands);
        due.Clear();
        SendOrdinary(now, commands);
    }

    /// <summary>Sends the next ordinary check when the pace allows one now.</summary>
    public void SendOrdinary(TimeSpan now, List<IceCommand> commands)
    {
        var generation = session.Current;
        if (!HasOrdinary || now < nextCheck) return;
        nextCheck = now + session.Timings.Pace;
        if (generation.Checks.PickNext(generation.Active is not null, Floor(generation)) is not { } pair) return;
        SendCheck(pair, nominates: generation.Nominating == pair, now, commands);
    }

    /// <summary>Sends a new check now. A running one of the pair is cancelled, its answer still counts.</summary>
    public void SendCheck(CandidatePair pair, bool nominates, TimeSpan now, List<IceCommand> commands)
    {
        if (transactions.Count >= MaxTransactions) return;
        if (pair.Check is { } running) running.IsCancelled = true;
        var id = TransactionId.New(session.Random);
        var bytes = CheckCodec.Request(id, pair.Generation, session, pair.Base.PeerReflexivePriority, nominates);
        var active = Math.Max(1, pair.Generation.Checks.CountActive());
        var transaction = new CheckTransaction(id, pair, bytes, session.Role, nominates, isConsent: false)
        {
            Retransmission = Max(session.Timings.Retransmission, session.Timings.Pace * active / 2),
        };
        transactions.Add(id, transaction);
        pair.Check = transaction;
        if (pair.State != PairState.Succeeded) pair.State = PairState.InProgress;
        Transmit(transaction, now, commands);
    }

    /// <summary>Sends a consent request: one datagram, no retransmission (RFC 7675 section 5.1).</summary>
    public void SendConsent(CandidatePair pair, TimeSpan now, List<IceCommand> commands)
    {
        if (transactions.Count >= MaxTransactions) return;
        var id = TransactionId.New(session.Random);
        var bytes = CheckCodec.Request(id, pair.Generation, session, pair.Base.PeerReflexivePriority, nominates: false);
        var transaction = new CheckTransaction(id, pair, bytes, session.Role, nominates: false, isConsent: true)
        {
            Sends = 1,
            LastSent = now,
            Due = now + session.Timings.ConsentExpiry,
        };
        transactions.Add(id, transaction);
        session.Counters.ConsentSent++;
        IceSession.Send(pair.Base, pair.Remote.Address, bytes, now, commands);
    }

    /// <summary>Sends a keep-alive indication; nothing is awaited.</summary>
    public void SendIndication(CandidatePair pair, TimeSpan now, List<IceCommand> commands) =>
        IceSession.Send(pair.Base, pair.Remote.Address, CheckCodec.Indication(TransactionId.New(session.Random)), now, commands);

    public void HandleMessage(LocalBase at, TransportAddress from, ReadOnlySpan<byte> datagram, TimeSpan now, List<IceCommand> commands)
    {
        if (!StunMessage.TryRead(datagram, out var message, out _) || message.Method != StunMethod.Binding
            || (message.HasFingerprint && !Fingerprint.Verify(message)))
        {
            session.Counters.StunDropped++;
            return;
        }
        switch (message.Class)
        {
            case StunClass.Request:
                HandleRequest(at, from, message, now, commands);
                break;
            case StunClass.Success or StunClass.Error:
                HandleAnswer(at, from, message, now, commands);
                break;
        }
    }

    /// <summary>Acts on a check that was answered before the peer's credentials were known.</summary>
    public void HandleEarly(EarlyCheck check, TimeSpan now, List<IceCommand> commands)
    {
        var generation = session.Current;
        if (!check.RemoteFragment.Equals(generation.Remote?.UsernameFragment, StringComparison.Ordinal)) return;
        HandleValidRequest(generation, check.Base, check.From, check.Priority, check.Nominates, now, commands);
    }

    /// <summary>Forgets what runs for the pairs of a generation.</summary>
    public void Drop(Generation generation)
    {
        foreach (var (id, transaction) in transactions)
            if (transaction.Pair.Generation == generation) transactions.Remove(id);
    }

    private void HandleRequest(LocalBase at, TransportAddress from, in StunMessage message, TimeSpan now, List<IceCommand> commands)
    {
        if (!message.TryGetUsername(out var username) || session.FindGeneration(username, out var remoteFragment) is not { } generation
            || !MessageIntegrity.Verify(message, generation.LocalKey)
            || !message.TryGetUInt32(StunAttributeType.Priority, out var priority) || priority is 0 or > int.MaxValue
            || (generation.HasRemote && !remoteFragment.SequenceEqual(generation.RemoteFragment)))
        {
            session.Counters.StunDropped++;
            return;
        }
        // An answer would make the peer choose a path that this agent will never use itself.
        if (!session.MayCheck(from) && generation.Checks.Find(at.Index, from) is null)
        {
            session.Counters.CandidatesIgnored++;
            return;
        }
        session.Counters.ChecksReceived++;
        if (!TryResolveRoles(message))
        {
            var refusal = CheckCodec.Error(message, StunErrorCode.RoleConflict, generation.LocalKey);
            IceSession.Send(at, from, refusal, now, commands);
            return;
        }
        var nominates = message.Has(StunAttributeType.UseCandidate);
        IceSession.Send(at, from, CheckCodec.Success(message, from, generation.LocalKey), now, commands);
        if (!generation.HasRemote)
        {
            if (generation.EarlyChecks.Count < session.Configuration.Limits.EarlyChecks)
                generation.EarlyChecks.Add(new EarlyCheck(at, from, priority, nominates, Encoding.ASCII.GetString(remoteFragment)));
            return;
        }
        HandleValidRequest(generation, at, from, priority, nominates, now, commands);
    }

    // RFC 8445 section 7.3.1.1. False: answer 487 and keep the role.
    private bool TryResolveRoles(in StunMessage message)
    {
        if (message.TryGetUInt64(StunAttributeType.IceControlling, out var theirs) && session.Role == IceRole.Controlling)
        {
            if (session.TieBreaker >= theirs)
            {
                session.Counters.RoleConflicts++;
                return false;
            }
            session.SwitchRole(IceRole.Controlled);
        }
        else if (message.TryGetUInt64(StunAttributeType.IceControlled, out theirs) && session.Role == IceRole.Controlled)
        {
            if (session.TieBreaker < theirs || session.IsLite)
            {
                session.Counters.RoleConflicts++;
                return false;
            }
            session.SwitchRole(IceRole.Controlling);
        }
        return true;
    }

    private void HandleValidRequest(
        Generation generation, LocalBase at, TransportAddress from, uint priority, bool nominates, TimeSpan now, List<IceCommand> commands)
    {
        if (FindOrLearnPair(generation, at, from, priority, now, commands) is not { } pair) return;
        pair.IsProven = true;
        pair.LastReceived = now;
        if (session.IsLite)
        {
            pair.ConsentAt = now;
            if (nominates) Accept(pair, now, commands);
            return;
        }
        if (session.Role == IceRole.Controlled && nominates) HandleNomination(pair, now, commands);
        if (pair.State == PairState.Succeeded || generation != session.Current || IsConcluded(generation, pair)) return;
        // The peer repeats its check while ours is on its way: one answer to each would only double the traffic.
        if (pair.Check is { IsCancelled: false } running && now - running.LastSent < session.Timings.Pace) return;
        SendCheck(pair, nominates: generation.Nominating == pair, now, commands);
    }

    // After nomination only a peer that nominates again moves us (RFC 8445 section 8.1.1, peers of RFC 5245).
    private bool IsConcluded(Generation generation, CandidatePair pair) =>
        generation.Nominated is not null && pair.Priority <= Floor(generation) && !(session.Role == IceRole.Controlled && pair.NominateOnSuccess);

    /// <summary>
    /// Only pairs above this priority are still checked. A browser nominates the first pair that works, which may be the relay's, and again
    /// when a better one does; a path through our NAT opens only when we go on sending.
    /// </summary>
    private ulong Floor(Generation generation) =>
        generation.Nominated is not { } nominated ? 0 : session.Role == IceRole.Controlled ? nominated.Priority : ulong.MaxValue;

    private void HandleNomination(CandidatePair pair, TimeSpan now, List<IceCommand> commands)
    {
        if (pair.State == PairState.Succeeded && pair.IsValid) Accept(pair, now, commands);
        else pair.NominateOnSuccess = true;
    }

    // A second nomination wins by priority, or when the first pair has gone quiet.
    private void Accept(CandidatePair pair, TimeSpan now, List<IceCommand> commands)
    {
        var generation = pair.Generation;
        pair.NominateOnSuccess = false;
        if (!pair.IsValid)
        {
            pair.IsValid = true;
            pair.ValidSince = now;
            pair.State = PairState.Succeeded;
        }
        if (generation.Nominated is { IsValid: true } old && old != pair)
        {
            var isQuiet = now - old.LastReceived > session.Timings.DisconnectedAfter / 4;
            if (!isQuiet && old.ValidPriority(session.Role) > pair.ValidPriority(session.Role)) return;
            old.IsNominated = false;
        }
        if (pair.IsNominated && generation.Nominated == pair) return;
        pair.IsNominated = true;
        generation.Nominated = pair;
        generation.Checks.Conclude(Floor(generation));
        session.UpdateActive(generation, now, commands);
    }

    private CandidatePair? FindOrLearnPair(
        Generation generation, LocalBase at, TransportAddress from, uint priority, TimeSpan now, List<IceCommand> commands)
    {
        if (generation.Checks.Find(at.Index, from) is { } known) return known;
        var remote = generation.FindRemote(from);
        if (remote is null)
        {
            if (generation.Remotes.Count >= session.Configuration.Limits.RemoteCandidates || !session.MayCheck(from))
            {
                session.Counters.CandidatesIgnored++;
                return null;
            }
            remote = new RemoteCandidate(new Candidate
            {
                Foundation = $"p{generation.Remotes.Count}",
                Priority = priority,
                Address = from,
                Type = CandidateType.PeerReflexive,
                TypeToken = Candidate.TokenOf(CandidateType.PeerReflexive),
            });
            generation.Remotes.Add(remote);
        }
        at.Relay?.Permit(from, now, commands);
        return generation.Checks.Add(at, remote, session.Role);
    }

    private void HandleAnswer(LocalBase at, TransportAddress from, in StunMessage message, TimeSpan now, List<IceCommand> commands)
    {
        if (!transactions.TryGetValue(message.TransactionId, out var transaction)
            || !MessageIntegrity.Verify(message, transaction.Pair.Generation.RemoteKey))
        {
            session.Counters.StunDropped++;
            return;
        }
        transactions.Remove(message.TransactionId);
        session.Counters.AnswersReceived++;
        var pair = transaction.Pair;
        if (pair.Check == transaction) pair.Check = null;
        if (from != pair.Remote.Address || at != pair.Base) Fail(transaction, now, commands);
        else if (message.Class == StunClass.Error) HandleError(transaction, message, now, commands);
        else if (message.TryGetAddress(StunAttributeType.XorMappedAddress, out var mapped)) HandleSuccess(transaction, mapped, now, commands);
        else Fail(transaction, now, commands);
    }

    private void HandleError(CheckTransaction transaction, in StunMessage message, TimeSpan now, List<IceCommand> commands)
    {
        if (!message.TryGetErrorCode(out var code, out _) || code != StunErrorCode.RoleConflict || session.IsLite)
        {
            if (!transaction.IsConsent) Fail(transaction, now, commands);
            return;
        }
        if (transaction.Role == session.Role)
        {
            session.SwitchRole(session.Role == IceRole.Controlling ? IceRole.Controlled : IceRole.Controlling);
            session.DrawTieBreaker();
            transaction.Pair.Generation.Nominating = null;
        }
        if (!transaction.IsConsent) SendCheck(transaction.Pair, nominates: false, now, commands);
    }

    private void HandleSuccess(CheckTransaction transaction, TransportAddress mapped, TimeSpan now, List<IceCommand> commands)
    {
        var pair = transaction.Pair;
        var generation = pair.Generation;
        pair.RoundTrip = now - transaction.LastSent;
        pair.ConsentAt = now;
        pair.LastReceived = now;
        pair.IsProven = true;
        if (transaction.IsConsent) return;
        pair.State = PairState.Succeeded;
        pair.LocalCandidate = LocalCandidateAt(pair, mapped);
        generation.Checks.Unfreeze(pair.Foundation);
        if (!pair.IsValid)
        {
            pair.IsValid = true;
            pair.ValidSince = now;
        }
        if (transaction.Nominates && session.Role == IceRole.Controlling)
        {
            generation.Nominating = null;
            Accept(pair, now, commands);
        }
        else if (pair.NominateOnSuccess && session.Role == IceRole.Controlled) Accept(pair, now, commands);
        else session.UpdateActive(generation, now, commands);
    }

    private Candidate LocalCandidateAt(CandidatePair pair, TransportAddress mapped)
    {
        foreach (var (candidate, owner) in session.LocalCandidates)
            if (candidate.Address == mapped && (owner is null || owner == pair.Base)) return candidate;
        if (mapped == pair.Base.Address) return pair.Base.Candidate;
        return new Candidate
        {
            Foundation = session.FoundationOf(CandidateType.PeerReflexive, pair.Base.Address, pair.Remote.Address, default),
            Priority = pair.Base.PeerReflexivePriority,
            Address = mapped,
            Type = CandidateType.PeerReflexive,
            TypeToken = Candidate.TokenOf(CandidateType.PeerReflexive),
            RelatedAddress = pair.Base.Address.AddressText(),
            RelatedPort = pair.Base.Address.Port,
        };
    }

    private void HandleDue(CheckTransaction transaction, TimeSpan now, List<IceCommand> commands)
    {
        if (transaction.IsConsent || transaction.IsCancelled || transaction.Sends >= session.Configuration.Limits.SendsPerPair)
        {
            transactions.Remove(transaction.Id);
            if (transaction.Pair.Check == transaction) transaction.Pair.Check = null;
            if (!transaction.IsConsent && !transaction.IsCancelled) Fail(transaction, now, commands);
            return;
        }
        Transmit(transaction, now, commands);
    }

    private void Transmit(CheckTransaction transaction, TimeSpan now, List<IceCommand> commands)
    {
        var isLast = ++transaction.Sends >= session.Configuration.Limits.SendsPerPair;
        var growth = transaction.Retransmission * (1 << (transaction.Sends - 1));
        transaction.LastSent = now;
        transaction.Due = now + (isLast ? transaction.Retransmission * FinalWait : Min(growth, MaxRetransmission));
        session.Counters.ChecksSent++;
        IceSession.Send(transaction.Pair.Base, transaction.Pair.Remote.Address, transaction.Bytes, now, commands);
    }

    private void Fail(CheckTransaction transaction, TimeSpan now, List<IceCommand> commands)
    {
        var pair = transaction.Pair;
        var generation = pair.Generation;
        pair.State = PairState.Failed;
        pair.IsValid = false;
        pair.NominateOnSuccess = false;
        if (generation.Nominating == pair) generation.Nominating = null;
        if (generation.Nominated == pair) generation.Nominated = null;
        pair.IsNominated = false;
        session.UpdateActive(generation, now, commands);
    }

    private static bool HasIdlePair(Generation generation, ulong floor)
    {
        foreach (var pair in generation.Checks.Pairs)
        {
            if (pair.Priority <= floor) return false;
            if (pair.State is PairState.Waiting or PairState.Frozen) return true;
        }
        return false;
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
