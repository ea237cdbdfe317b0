using System.Security.Cryptography;
using MediaRelay.Stun;

namespace MediaRelay.Turn.Client;

/// <summary>
/// A TURN client without a network (RFC 8656): bytes and the time go in, commands come out. It allocates a relayed address,
/// keeps it and its permissions and channels alive, answers challenges, follows redirects, and wraps and unwraps data.
/// <code>
/// Idle --Start--> Allocating --success--> Allocated --Close--> Closing --> Closed
///                   |  ^  401, 438, 300        |
///                   v  |                       v  437, no answer
///            WaitingForToken, Reconnecting   Failed
/// </code>
/// The calling rule: after every call carry out the commands, then wait for <see cref="NextDeadline"/> or bytes. A message from
/// the server goes first to <see cref="TryUnwrap"/> (data, no allocation); when that is false, to <see cref="HandleReceived"/>. Over a
/// stream, cut it into messages with <see cref="StunStreamReader"/> first. One owner, no locks.
/// </summary>
public sealed partial class TurnClient
{
    private static readonly TimeSpan RedirectMemory = TimeSpan.FromMinutes(5);

    private readonly TurnClientSettings _settings;
    private readonly TransactionIdSource _ids;
    private readonly Authentication _authentication;
    private readonly Dictionary<TransportAddress, TimeSpan> _visited = [];
    private List<TransportAddress> _relayed = [];
    private byte[] _ticket = [];
    private bool _mobility;
    private TimeSpan? _refreshAt;
    private TimeSpan? _keepAliveAt;
    private TimeSpan _lastSent;

    public TurnClient(TurnClientSettings settings, RandomNumberGenerator random)
    {
        _settings = settings;
        _ids = new TransactionIdSource(random);
        _authentication = new Authentication(settings.Credential);
        _mobility = settings.Mobility;
        Server = settings.Server;
    }

    public TurnClientState State { get; private set; }

    /// <summary>The server in use; changes with a redirect.</summary>
    public TransportAddress Server { get; private set; }

    /// <summary>One relayed address, or two of different families; empty before Allocated.</summary>
    public IReadOnlyList<TransportAddress> Relayed => _relayed;

    /// <summary>The client's address as the server sees it.</summary>
    public TransportAddress Mapped { get; private set; }

    public TurnClientCounters Counters { get; } = new();

    /// <summary>When <see cref="HandleDeadline"/> is due; null when nothing is pending.</summary>
    public TimeSpan? NextDeadline
    {
        get
        {
            if (State is TurnClientState.Closed or TurnClientState.Failed)
                return null;
            var next = Earlier(_refreshAt, _keepAliveAt);
            foreach (var transaction in _transactions)
                next = Earlier(next, transaction.Deadline);
            return Earlier(next, NextPeerDeadline);
        }
    }

    /// <summary>Sends the first Allocate; over a stream call it when the connection is up, and again after a redirect.</summary>
    public void Start(TimeSpan now, List<TurnClientCommand> commands)
    {
        if (State is not (TurnClientState.Idle or TurnClientState.Reconnecting))
            return;
        State = TurnClientState.Allocating;
        _visited[Server] = now;
        Begin(new Transaction(StunMethod.Allocate), now, commands);
    }

    /// <summary>Asks the server for the own address, without authentication. May be called before Start.</summary>
    public void SendBinding(TimeSpan now, List<TurnClientCommand> commands) => Begin(new Transaction(StunMethod.Binding), now, commands);

    /// <summary>Refreshes the allocation now; it happens by itself one minute before the lifetime ends.</summary>
    public void RequestRefresh(TimeSpan now, List<TurnClientCommand> commands)
    {
        if (State == TurnClientState.Allocated)
            Begin(new Transaction(StunMethod.Refresh) { LifetimeSeconds = Seconds(_settings.Lifetime) }, now, commands);
    }

    /// <summary>Gives the token that <see cref="TurnClientCommand.TokenNeeded"/> asked for, or a fresh one before it expires.</summary>
    public void SetToken(TurnCredential token, TimeSpan now, List<TurnClientCommand> commands)
    {
        _authentication.Replace(token);
        if (State != TurnClientState.WaitingForToken)
            return;
        State = TurnClientState.Allocating;
        Begin(new Transaction(StunMethod.Allocate), now, commands);
    }

    /// <summary>
    /// The client's own address changed. With a mobility ticket the allocation is moved (RFC 8016 section 3.2); without one it is
    /// lost and the client fails, so that its owner allocates anew.
    /// </summary>
    public void HandleAddressChanged(TimeSpan now, List<TurnClientCommand> commands)
    {
        if (State != TurnClientState.Allocated)
            return;
        if (_ticket.Length == 0)
            Fail(new Transaction(StunMethod.Refresh), TurnFailure.ConnectionLost, StunErrorCode.None, commands);
        else
            Begin(new Transaction(StunMethod.Refresh) { LifetimeSeconds = Seconds(_settings.Lifetime) }, now, commands);
    }

    /// <summary>The stream to the server ended or could not be opened.</summary>
    public void HandleConnectionLost(List<TurnClientCommand> commands)
    {
        if (State == TurnClientState.Closing)
            EndClosing(commands);
        else if (State is not (TurnClientState.Closed or TurnClientState.Failed))
            Fail(new Transaction(StunMethod.Allocate), TurnFailure.ConnectionLost, StunErrorCode.None, commands);
    }

    /// <summary>Gives the allocation back at once (Refresh with lifetime 0). Closed follows with the answer, or at once when there is none.</summary>
    public void Close(TimeSpan now, List<TurnClientCommand> commands)
    {
        if (State is TurnClientState.Closing or TurnClientState.Closed or TurnClientState.Failed)
            return;
        _transactions.Clear();
        ForgetPeers();
        _refreshAt = _keepAliveAt = null;
        if (State != TurnClientState.Allocated)
        {
            EndClosing(commands);
            return;
        }

        State = TurnClientState.Closing;
        Begin(new Transaction(StunMethod.Refresh) { LifetimeSeconds = 0 }, now, commands);
    }

    /// <summary>Retransmits, refreshes and renews what is due. Extra calls are harmless.</summary>
    public void HandleDeadline(TimeSpan now, List<TurnClientCommand> commands)
    {
        HandleTransactionDeadlines(now, commands);
        if (State != TurnClientState.Allocated)
            return;
        if (_refreshAt <= now)
        {
            _refreshAt = null;
            Begin(new Transaction(StunMethod.Refresh) { LifetimeSeconds = Seconds(_settings.Lifetime) }, now, commands);
        }

        RenewPeers(now, commands);
        if (_keepAliveAt <= now)
            KeepAlive(now, commands);
    }

    private void HandleAllocated(in StunMessage answer, Transaction transaction, TimeSpan now, List<TurnClientCommand> commands)
    {
        var relayed = new List<TransportAddress>(2);
        foreach (var attribute in answer)
        {
            if (attribute.Type == StunAttributeType.XorRelayedAddress && relayed.Count < 2
                && TryReadRelayed(answer, attribute, out var address))
                relayed.Add(address);
        }

        if (relayed.Count == 0 || !answer.TryGetLifetime(out var lifetime) || lifetime == 0
            || !answer.TryGetAddress(StunAttributeType.XorMappedAddress, out var mapped))
        {
            Fail(transaction, TurnFailure.BadAnswer, StunErrorCode.None, commands);
            return;
        }

        _relayed = relayed;
        Mapped = mapped;
        State = TurnClientState.Allocated;
        TakeTicket(answer);
        ScheduleRefresh(lifetime, now);
        if (!_settings.IsStream && _settings.KeepAlive > TimeSpan.Zero)
            _keepAliveAt = now + _settings.KeepAlive;
        ulong? reservation = answer.TryGetReservationToken(out var token) ? token : null;
        commands.Add(new TurnClientCommand.Allocated(relayed, mapped, TimeSpan.FromSeconds(lifetime), reservation));
        if (answer.TryGetAddressError(out var family, out var code))
            commands.Add(new TurnClientCommand.FamilyRefused(family, code));
    }

    private void HandleRefreshed(in StunMessage answer, TimeSpan now, List<TurnClientCommand> commands)
    {
        if (State == TurnClientState.Closing)
        {
            EndClosing(commands);
            return;
        }

        var lifetime = answer.TryGetLifetime(out var seconds) ? seconds : Seconds(_settings.Lifetime);
        TakeTicket(answer);
        ScheduleRefresh(lifetime, now);
        commands.Add(new TurnClientCommand.Refreshed(TimeSpan.FromSeconds(lifetime)));
    }

    private void HandleRedirect(in StunMessage answer, Transaction transaction, TimeSpan now, List<TurnClientCommand> commands)
    {
        var found = FindAlternate(answer, out var alternate);
        if (transaction.Method != StunMethod.Allocate || !found || (_visited.TryGetValue(alternate, out var when) && now - when < RedirectMemory))
        {
            Fail(transaction, found ? TurnFailure.RedirectLoop : TurnFailure.Refused, StunErrorCode.TryAlternate, commands);
            return;
        }

        var domain = answer.TryGetText(StunAttributeType.AlternateDomain, StunLimits.MaxForeignText, out var text) && _settings.Transport is StunTransport.Tls or StunTransport.Dtls
            ? System.Text.Encoding.UTF8.GetString(text)
            : null;
        Server = alternate;
        _authentication.Reset();
        _transactions.Clear();
        commands.Add(new TurnClientCommand.Redirected(alternate, domain));
        // Over UDP the same socket reaches the new server; everything else needs a new connection or handshake.
        State = TurnClientState.Reconnecting;
        if (_settings.Transport == StunTransport.Udp)
            Start(now, commands);
    }

    private bool FindAlternate(in StunMessage answer, out TransportAddress alternate)
    {
        foreach (var attribute in answer)
        {
            if (attribute.Type == StunAttributeType.AlternateServer && attribute.TryReadAddress(answer.TransactionId, out alternate)
                && alternate.Family == Server.Family && alternate.Port != 0 && !alternate.IsUnspecified)
                return true;
        }

        alternate = default;
        return false;
    }

    private static bool TryReadRelayed(in StunMessage answer, StunAttribute attribute, out TransportAddress address) =>
        attribute.TryReadAddress(answer.TransactionId, out address) && address.Port != 0;

    private void TakeTicket(in StunMessage answer)
    {
        if (_mobility && answer.TryGet(StunAttributeType.MobilityTicket, out var ticket) && ticket.Length > 0)
            _ticket = ticket.ToArray();
    }

    // One minute before the end leaves room for a whole retransmission schedule.
    private void ScheduleRefresh(uint lifetimeSeconds, TimeSpan now) =>
        _refreshAt = now + TimeSpan.FromSeconds(lifetimeSeconds > 120 ? lifetimeSeconds - 60 : lifetimeSeconds / 2.0);

    private void KeepAlive(TimeSpan now, List<TurnClientCommand> commands)
    {
        var quiet = now - _lastSent;
        if (quiet < _settings.KeepAlive)
        {
            _keepAliveAt = _lastSent + _settings.KeepAlive;
            return;
        }

        var writer = new StunWriter(stackalloc byte[StunLimits.HeaderLength + 8], StunMethod.Binding, StunClass.Indication, _ids.Next());
        writer.AddFingerprint();
        _lastSent = now;
        _keepAliveAt = now + _settings.KeepAlive;
        commands.Add(new TurnClientCommand.Send(Server, writer.Written.ToArray()));
    }

    private void EndClosing(List<TurnClientCommand> commands)
    {
        State = TurnClientState.Closed;
        _transactions.Clear();
        commands.Add(new TurnClientCommand.Closed());
    }

    private static uint Seconds(TimeSpan time) => (uint)Math.Clamp(time.TotalSeconds, 0, uint.MaxValue);

    private static TimeSpan? Earlier(TimeSpan? left, TimeSpan? right) => left is null || right < left ? right ?? left : left;
}
