using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;
using MediaRelay.Stun;
using MediaRelay.Turn.IO.Shards;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Turn.IO;

/// <summary>Turns what shards observe into log lines (limited to 10 per second and kind) and counts per reason and user.</summary>
internal sealed partial class TurnEvents(IReadOnlyList<RelayListener> listeners, TimeProvider time, ILogger logger) : ITurnObserver
{
    private const int LinesPerSecond = 10;
    private const int MostUsers = 10_000;
    private static readonly int Reasons = Enum.GetValues<RefusalReason>().Length;

    private readonly LogLimiter _limiter = new(Reasons, LinesPerSecond, time);
    private readonly LogLimiter _portLimiter = new(1, LinesPerSecond, time);
    private readonly LogLimiter _failureLimiter = new(1, LinesPerSecond, time);
    private readonly long[] _refusals = new long[Reasons];
    private readonly ConcurrentDictionary<string, UserTotals> _users = new(StringComparer.Ordinal);

    /// <summary>Requests refused since the start, by reason.</summary>
    public IEnumerable<(RefusalReason Reason, long Count)> Refusals =>
        Enum.GetValues<RefusalReason>().Where(reason => Volatile.Read(ref _refusals[(int)reason]) > 0).Select(reason => (reason, Volatile.Read(ref _refusals[(int)reason])));

    public IEnumerable<KeyValuePair<string, UserTotals>> Users => _users;

    public void AllocationCreated(int shard, in RelayCommand command)
    {
        var totals = TotalsOf(command.UserName.Span);
        _ = Interlocked.Increment(ref totals.Created);
        _ = Interlocked.Increment(ref totals.Active);
    }

    public void AllocationGone(int shard, in RelayCommand command)
    {
        var totals = TotalsOf(command.UserName.Span);
        _ = Interlocked.Decrement(ref totals.Active);
        _ = Interlocked.Add(ref totals.BytesToPeer, command.BytesToPeer);
        _ = Interlocked.Add(ref totals.BytesToClient, command.BytesToClient);
        if (logger.IsEnabled(LogLevel.Debug))
            LogGone(LogText.Escape(command.UserName.Span), command.Client.Client, command.Cause);
    }

    public void Refused(in FiveTuple from, RelayOutcome outcome, ReadOnlySpan<byte> userName)
    {
        _ = Interlocked.Increment(ref _refusals[(int)outcome.Reason]);
        if (outcome.Reason == RefusalReason.Redirected)
            return; // Counted only: a node that balances does nothing else.
        if (!_limiter.TryPass((int)outcome.Reason, out var held))
            return;
        var transport = listeners[from.Listener].Transport;
        LogRefused(outcome.Method, LogText.Escape(userName), from.Client, transport, outcome.Code == StunErrorCode.None ? "silence" : ((int)outcome.Code).ToString(CultureInfo.InvariantCulture), Explain(outcome));
        if (held > 0)
            LogHeld(held, outcome.Reason);
    }

    public void Withheld(int shard, long count, TransportAddress newest) => LogWithheld(count, shard, newest);

    public void PortFailed(int shard, TransportAddress address, SocketError error)
    {
        if (_portLimiter.TryPass(0, out _))
            LogPortFailed(address, error);
    }

    public void ShardFailed(int shard, Exception exception)
    {
        if (!_failureLimiter.TryPass(0, out var held))
            return;
        LogShardFailed(exception, shard);
        if (held > 0)
            LogFailuresHeld(held);
    }

    /// <summary>Why, in words, with the limit and the key that sets it.</summary>
    internal static string Explain(RelayOutcome outcome) => outcome.Reason switch
    {
        RefusalReason.UserQuota => $"quota of {outcome.Limit} allocations reached (Turn:UserQuota)",
        RefusalReason.SubscriberQuota => $"quota of {outcome.Limit} allocations of the subscriber reached (Turn:SubscriberQuota)",
        RefusalReason.NodeCapacity => "the node is at its capacity (Turn:TotalQuota)",
        RefusalReason.NoPort => "no relay port is free (Turn:Ports)",
        RefusalReason.Draining => "the node is draining and no sibling is known (Turn:AlternateServers)",
        RefusalReason.UnknownUser => "unknown user",
        RefusalReason.WrongPassword => "wrong password or secret",
        RefusalReason.CredentialExpired => "the credential has expired",
        RefusalReason.TooManyFailures => "too many failed attempts, answers are withheld",
        RefusalReason.PeerPolicy => $"the peer {outcome.Peer} is refused by policy (Turn:AllowedPeers, Turn:DeniedPeers)",
        RefusalReason.PeerScope => $"the peer {outcome.Peer} is not in the session scope of the credential (Turn:PeerScope)",
        RefusalReason.TooManyPermissions => $"{outcome.Limit} permissions are in use",
        RefusalReason.TooManyChannels => $"{outcome.Limit} channels are in use",
        RefusalReason.TooManyConnections => $"{outcome.Limit} connections to peers are in use",
        RefusalReason.IncompleteCredentials => "user name, realm or nonce is missing beside the integrity",
        RefusalReason.PasswordAlgorithm => "the password algorithm is not one of those offered (Turn:OfferSha256, Turn:RequireSha256)",
        RefusalReason.BadToken => "the access token is expired, malformed or made with another key (Turn:TokenKeysFile, Turn:ServerName)",
        RefusalReason.WrongUser => "the allocation belongs to another user",
        RefusalReason.NoAllocation => "there is no allocation on this path; it ended or the client's address changed",
        RefusalReason.AllocationExists => "there is an allocation on this path already",
        RefusalReason.UnknownAttribute => "an attribute is not known here",
        RefusalReason.BadAttribute => "an attribute is missing, malformed or excluded by another",
        RefusalReason.UnsupportedTransport => "the relayed transport is not served (Turn:TcpRelay)",
        RefusalReason.UnsupportedFamily => "the address family has no relay address (Turn:RelayAddresses)",
        RefusalReason.PeerFamily => outcome.Peer.IsNone ? "the address family is not that of the allocation" : $"the address family of the peer {outcome.Peer} is not that of the allocation",
        RefusalReason.BadReservation => "the reservation token is unknown, used or older than 30 seconds",
        RefusalReason.ChannelConflict => "channel or peer is bound otherwise already",
        RefusalReason.MobilityForbidden => "mobility is off (Turn:Mobility)",
        RefusalReason.BadTicket => "the mobility ticket is forged, used or of another allocation",
        RefusalReason.ConnectionExists => "there is a connection to this peer already",
        RefusalReason.ConnectionFailed => "the connection to the peer failed",
        RefusalReason.NoConnection => "the connection id is unknown, or its 30 seconds are over",
        RefusalReason.AnswerTooLarge => "the answer would be larger than a stranger may get",
        _ => outcome.Reason.ToString(),
    };

    private UserTotals TotalsOf(ReadOnlySpan<byte> userName)
    {
        // A timed name counts for its subject; names beyond the table share one line, so that labels stay bounded.
        var name = TimedName.TryRead(userName, out var timed) ? LogText.Escape(timed.Subject) : LogText.Escape(userName);
        if (_users.TryGetValue(name, out var totals))
            return totals;
        return _users.GetOrAdd(_users.Count < MostUsers ? name : "(others)", _ => new UserTotals());
    }

    /// <summary>Sums of one user; bytes count when an allocation ends.</summary>
    internal sealed class UserTotals
    {
        public long Active;
        public long Created;
        public long BytesToPeer;
        public long BytesToClient;
    }
}
