using System.Buffers;
using MediaRelay.Stun;
using MediaRelay.Turn.IO.Sockets;
using MediaRelay.Turn.Ports;

namespace MediaRelay.Turn.IO.Shards;

/// <summary>Control messages: requests over datagrams and streams, hand-over between shards, ICMP errors.</summary>
internal sealed unsafe partial class RelayShard
{
    private const int MaxRedirects = 65_536;
    private readonly Dictionary<FiveTuple, int> _redirects = [];
    private readonly Dictionary<FiveTuple, int> _adopted = [];
    private static readonly TimeSpan WithheldWindow = TimeSpan.FromSeconds(10);
    private TransportAddress _lastWithheld;
    private long _withheldTold;
    private TimeSpan _withheldNext;

    /// <summary>All shards of the node, for hand-over; set before the first one starts.</summary>
    public IReadOnlyList<RelayShard> Siblings { get; set; } = [];

    private void HandleRequest(ReadOnlySpan<byte> request, in FiveTuple from, int descriptor)
    {
        if (Siblings.Count == 1 || !TryHandOver(request, in from))
            HandleRequestHere(request, in from, descriptor);
    }

    /// <summary>A frame of a stream or DTLS client, or a datagram that another shard handed over.</summary>
    private void HandleFrame(ClientConnection? client, FiveTuple from, byte[] rented, int length, int origin)
    {
        fixed (byte* start = rented)
        {
            var bytes = new ReadOnlySpan<byte>(start, length);
            if (client is not null)
                _clients.TryAdd(client.Number, client);
            if (_engine.TryForwardFromClient(bytes, in from, 0, _now, out var forward))
            {
                // The rented array moves once it is given back, so its bytes are sent at once from a copy in our own memory.
                var copy = NextLarge(forward.Length, out var memory);
                bytes.Slice(forward.Offset, forward.Length).CopyTo(copy);
                SendToPeer(forward, memory - forward.Offset);
            }
            else if (length > 0 && start[0] <= 3)
            {
                HandleFrameRequest(client, in from, bytes);
                if (origin >= 0)
                    Adopt(in from, origin);
            }
        }

        ArrayPool<byte>.Shared.Return(rented);
    }

    private void HandleFrameRequest(ClientConnection? client, in FiveTuple from, ReadOnlySpan<byte> request)
    {
        if (client is null)
        {
            HandleRequestHere(request, in from, _settings.Sockets[MediaSocketOf(from.Listener)].Descriptor);
            return;
        }

        // A connection with an allocation stays: its media and its end are known here.
        if (Siblings.Count > 1 && !client.HasAllocation && RelayEngine.TryGetOwningShard(request, out var owner) && owner != Index && owner < Siblings.Count)
        {
            _clients.Remove(client.Number);
            client.MoveTo(Siblings[owner]);
            _ = Siblings[owner].Inbox.TryPostFrame(client, request);
            return;
        }

        Span<byte> reply = stackalloc byte[RelayEngine.MaxReply];
        var written = _engine.HandleRequest(request, in from, _now, _time.GetUtcNow(), reply, _commands);
        written = ExecuteBeforeReply(request, in from, reply, written);
        if (written > 0)
            _ = client.TrySend(reply[..written], isMedia: false);
        FinishRequest(request, in from);
        client.CompleteBind(null);
    }

    private void HandleRequestHere(ReadOnlySpan<byte> request, in FiveTuple from, int descriptor)
    {
        var reply = NextReply(out var memory);
        var written = _engine.HandleRequest(request, in from, _now, _time.GetUtcNow(), reply, _commands);
        written = ExecuteBeforeReply(request, in from, reply, written);
        if (written > 0)
            SendReply(descriptor, from.Client, memory, written);
        FinishRequest(request, in from);
    }

    /// <summary>
    /// A request that names a reservation, ticket or connection of another shard is answered there. Once it succeeded, that shard
    /// has everything else of this client sent to it; a stranger's forged token leaves no trace here.
    /// </summary>
    private bool TryHandOver(ReadOnlySpan<byte> datagram, in FiveTuple from)
    {
        if (datagram.Length < StunLimits.HeaderLength || !RelayEngine.TryGetOwningShard(datagram, out var owner) || owner == Index || owner >= Siblings.Count)
            return false;

        _ = Siblings[owner].Inbox.TryPostHandOver(in from, datagram, Index);
        return true;
    }

    private void Adopt(in FiveTuple from, int origin)
    {
        // A path whose allocation ended with this very request is not kept: nothing would ever release it.
        if (!_engine.LastOutcome.IsSuccess || _engine.LastOutcome.Method is not (StunMethod.Allocate or StunMethod.Refresh)
            || !_engine.IsPathOfAllocation(in from) || !_adopted.TryAdd(from, origin))
        {
            return;
        }

        var (client, owner) = (from, Index);
        _ = Siblings[origin].Inbox.TryPost(shard =>
        {
            if (shard._redirects.Count < MaxRedirects)
                shard._redirects[client] = owner;
        });
    }

    private void Release(in FiveTuple from)
    {
        if (_adopted.Count == 0 || !_adopted.Remove(from, out var origin))
            return;
        var client = from;
        _ = Siblings[origin].Inbox.TryPost(shard => shard._redirects.Remove(client));
    }

    /// <summary>Commands that come after the reply, and the line for the log.</summary>
    private void FinishRequest(ReadOnlySpan<byte> request, in FiveTuple from)
    {
        if (_afterReply.Count > 0)
        {
            for (var i = 0; i < _afterReply.Count; i++)
                Execute(_afterReply[i]);
            _afterReply.Clear();
        }

        var outcome = _engine.LastOutcome;
        if (outcome.Reason == RefusalReason.RateLimit)
            _lastWithheld = from.Client;
        if (outcome.IsSuccess || outcome.Reason is RefusalReason.NoCredentials or RefusalReason.NotARequest or RefusalReason.StaleNonce or RefusalReason.UnknownMethod or RefusalReason.RateLimit)
            return;
        var named = StunMessage.TryRead(request, out var message, out _) && message.TryGetUsername(out var name) ? name : default;
        _observer.Refused(in from, outcome, named);
    }

    /// <summary>A flood is told once per window, not per datagram.</summary>
    private void TellWithheld()
    {
        var withheld = _engine.Counters.WithheldByRate;
        if (withheld == _withheldTold || _now < _withheldNext)
            return;
        _observer.Withheld(Index, withheld - _withheldTold, _lastWithheld);
        (_withheldTold, _withheldNext) = (withheld, _now + WithheldWindow);
    }

    private void HandleIcmp(RelayPort port, in IcmpReport report)
    {
        var message = NextReply(out var memory);
        var error = new IcmpError(report.Type, report.Code, report.Value);
        var written = _engine.HandlePeerError(port, report.Destination, error, _now, message, out var client);
        if (written == 0)
            return;
        if (client.Connection == 0)
            SendReply(_settings.Sockets[MediaSocketOf(client.Listener)].Descriptor, client.Client, memory, written);
        else if (_clients.TryGetValue(client.Connection, out var connection))
            _ = connection.TrySend(message[..written], isMedia: true);
    }

    private void HandleClosed(ClientConnection client)
    {
        _ = _clients.Remove(client.Number);
        _engine.HandleClientClosed(client.Client, _now, _commands);
        ExecuteAll();
    }

    private Span<byte> NextLarge(int length, out byte* memory)
    {
        if (_replyAt + length > ReplyArena)
        {
            _loop.Flush();
            _replyAt = 0;
        }

        memory = _replies + _replyAt;
        _replyAt += (length + 63) & ~63;
        return new Span<byte>(memory, length);
    }
}
