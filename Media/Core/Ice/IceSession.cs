using System.Buffers.Binary;
using System.Security.Cryptography;
using MediaRelay.Stun;

namespace MediaRelay.Media.Ice;

/// <summary>The state that the parts of an <see cref="IceAgent"/> share: role, bases, local candidates, generations, state.</summary>
internal sealed class IceSession
{
    private readonly Dictionary<string, string> foundations = [];

    public IceSession(IceConfiguration configuration, RandomNumberGenerator random)
    {
        Configuration = configuration;
        Random = random;
        Role = configuration.Mode == IceMode.Lite ? IceRole.Controlled : configuration.Role;
        TieBreaker = DrawUInt64();
        Current = new Generation(IceCredentials.Create(random), configuration.Limits);
    }

    public IceConfiguration Configuration { get; }

    public IceTimings Timings => Configuration.Timings;

    public RandomNumberGenerator Random { get; }

    public IceRole Role { get; private set; }

    public ulong TieBreaker { get; private set; }

    public bool IsLite => Configuration.Mode == IceMode.Lite;

    public IceState State { get; private set; } = IceState.New;

    /// <summary>The next stream to dial; never used twice.</summary>
    public int NextStreamId { get; set; }

    public IceCounters Counters { get; } = new();

    /// <summary>All bases ever made, by index.</summary>
    public List<LocalBase> Bases { get; } = [];

    /// <summary>Local candidates that were told to the peer, with the base they belong to.</summary>
    public List<(Candidate Candidate, LocalBase? Base)> LocalCandidates { get; } = [];

    public Generation Current { get; private set; }

    /// <summary>The generation before a restart; it carries data until the current one can.</summary>
    public Generation? Previous { get; set; }

    /// <summary>When the current generation's pair was nominated; null before.</summary>
    public TimeSpan? ConcludedAt { get; private set; }

    /// <summary>The pair that carries data now.</summary>
    public CandidatePair? Active => Current.Active ?? Previous?.Active;

    public void SetState(IceState state, List<IceCommand> commands)
    {
        if (State == state || State == IceState.Closed) return;
        State = state;
        commands.Add(new IceCommand.StateChanged(state));
    }

    public void SwitchRole(IceRole role)
    {
        Counters.RoleConflicts++;
        Role = role;
        Current.Checks.Recompute(role);
    }

    /// <summary>After a 487 (RFC 8445 section 7.2.5.1).</summary>
    public void DrawTieBreaker() => TieBreaker = DrawUInt64();

    public void StartGeneration()
    {
        Previous = Current.Active is null ? Previous : Current;
        ConcludedAt = null;
        Current = new Generation(IceCredentials.Create(Random), Configuration.Limits);
    }

    /// <summary>The generation that a USERNAME is for, null for a stranger's.</summary>
    public Generation? FindGeneration(ReadOnlySpan<byte> username, out ReadOnlySpan<byte> remoteFragment)
    {
        var colon = username.IndexOf((byte)':');
        remoteFragment = colon < 0 ? default : username[(colon + 1)..];
        if (colon < 0) return null;
        if (username[..colon].SequenceEqual(Current.LocalFragment)) return Current;
        return Previous is not null && username[..colon].SequenceEqual(Previous.LocalFragment) ? Previous : null;
    }

    /// <summary>
    /// The foundation of a local candidate (RFC 8445 section 5.1.1.3): equal when type, base address, server address and the transport
    /// towards the server are equal.
    /// </summary>
    public string FoundationOf(CandidateType type, TransportAddress baseAddress, TransportAddress server, RelayTransport transport)
    {
        var key = $"{type} {baseAddress.AddressText()} {server.AddressText()} {(type == CandidateType.Relayed ? transport : 0)}";
        if (foundations.TryGetValue(key, out var known)) return known;
        var made = (foundations.Count + 1).ToString(System.Globalization.CultureInfo.InvariantCulture);
        foundations.Add(key, made);
        return made;
    }

    /// <summary>
    /// True when a check may be sent to the address: the configured targets allow it, or it is a port of a relay of this session, which
    /// is no third party wherever it stands. A peer without UDP has nothing but that. The ports where relays listen are not meant.
    /// </summary>
    public bool MayCheck(TransportAddress address)
    {
        if (Configuration.Targets.Allows(address)) return true;
        if (address.Port == 0) return false;
        var isRelay = false;
        foreach (var server in Configuration.Servers)
        {
            if (server.Address == address) return false;
            isRelay |= server.IsRelay && server.Address.HasSameAddress(address);
        }
        foreach (var at in Bases) isRelay |= at.IsRelayed && at.Address.HasSameAddress(address);
        return isRelay;
    }

    /// <summary>Sends bytes from a base: straight from its socket, or through its relay.</summary>
    public static void Send(LocalBase from, TransportAddress to, byte[] bytes, TimeSpan now, List<IceCommand> commands)
    {
        if (from.Relay is { } relay) relay.Send(to, bytes, now, commands);
        else commands.Add(new IceCommand.SendDatagram(from.SocketId, to, bytes));
    }

    /// <summary>
    /// Chooses the pair that carries data and tells it when it changed. Without any pair left the state becomes
    /// <paramref name="withoutPair"/>.
    /// </summary>
    public void UpdateActive(
        Generation generation, TimeSpan now, List<IceCommand> commands, IceState withoutPair = IceState.Checking)
    {
        var before = generation.Active;
        var best = generation.Nominated is { IsValid: true } nominated ? nominated : generation.Checks.BestValid(Role);
        generation.Active = best;
        if (generation != Current) return;
        if (best is null)
        {
            if (before is not null && Previous?.Active is null) SetState(withoutPair, commands);
            return;
        }
        var state = best.IsNominated ? IceState.Completed : IceState.Connected;
        if (best == before && State == state) return;
        best.Base.Relay?.Bind(best.Remote.Address, now, commands);
        if (best.NextConsent == default) ScheduleConsent(best, now);
        if (best.IsNominated) ConcludedAt = now;
        commands.Add(new IceCommand.PairSelected(best.ToSnapshot()));
        SetState(state, commands);
    }

    public void ScheduleConsent(CandidatePair pair, TimeSpan now) =>
        pair.NextConsent = now + (IsLite ? Timings.KeepAlive : Timings.ConsentInterval * (0.8 + (0.4 * DrawUInt64() / ulong.MaxValue)));

    public ulong DrawUInt64()
    {
        Span<byte> bytes = stackalloc byte[8];
        Random.GetBytes(bytes);
        return BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }
}
