using System.Buffers;
using System.IO.Pipelines;
using MediaRelay.Stun;
using MediaRelay.Turn.IO.Shards;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace MediaRelay.Turn.IO.Streams;

/// <summary>
/// A client over TCP or TLS: cuts the byte stream into messages for its shard, and writes what the shard sends. A message above the
/// limits closes the connection at once.
/// </summary>
/// <remarks>
/// Over TLS each message is written as a record of its own. A record is the unit that a receiver can decrypt, so a message need not
/// wait for the ones behind it; and coturn's clients take what one SSL_read gives for one message and drop the rest of the record.
/// </remarks>
internal sealed class StreamClient(ConnectionContext connection, RelayShard shard, IReadOnlyList<RelayShard> shards) : ClientConnection, IThreadPoolWorkItem
{
    /// <summary>Backlog above which media for this client is dropped, in bytes.</summary>
    private const int MediaBacklog = 256 * 1024;

    /// <summary>Backlog above which the connection is closed, in bytes.</summary>
    private const int MostBacklog = 1024 * 1024;

    /// <summary>What a client that reads may take to get the last words.</summary>
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(2);

    private const int MaxChannelData = ChannelData.HeaderLength + ushort.MaxValue;

    private readonly Lock _gate = new();
    private readonly bool _isTls = connection.Features.Get<ITlsHandshakeFeature>() is not null;
    private RelayShard _shard = shard;
    private byte[] _pending = [];
    private int _pendingLength;
    private int _writing;
    private bool _isWriting;
    private bool _closing;
    private TaskCompletionSource<PeerStream?>? _bind;

    public async Task RunAsync(CancellationToken stop)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop, connection.ConnectionClosed);
        var input = connection.Transport.Input;
        try
        {
            while (true)
            {
                var read = await input.ReadAsync(ended.Token);
                var rest = read.Buffer;
                while (TryCut(ref rest, out var frame, out var malformed))
                {
                    if (malformed)
                        return;
                    var joined = await PostAsync(frame, ended.Token);
                    if (joined is not null)
                    {
                        input.AdvanceTo(rest.Start);
                        await joined.PumpAsync(connection, this, ended.Token);
                        return;
                    }
                }

                input.AdvanceTo(rest.Start, rest.End);
                if (read.IsCompleted || read.IsCanceled)
                    return;
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or ConnectionResetException)
        {
            // The other side went away, or we closed; both end here.
        }
        finally
        {
            await _shard.Inbox.PostClosedAsync(this);
            lock (_gate)
                _closing = true;

            // The transport waits for its last bytes to be taken; a client that reads nothing must not hold it for ever.
            _ = AbortLaterAsync();
        }
    }

    public override bool TrySend(ReadOnlySpan<byte> bytes, bool isMedia)
    {
        lock (_gate)
        {
            var backlog = _pendingLength + _writing;
            if (_closing || (isMedia && backlog + bytes.Length > MediaBacklog))
                return false;
            if (backlog + bytes.Length > MostBacklog)
            {
                _closing = true;
                connection.Abort();
                return false;
            }

            if (_pendingLength + bytes.Length > _pending.Length)
                Grow(_pendingLength + bytes.Length);
            bytes.CopyTo(_pending.AsSpan(_pendingLength));
            _pendingLength += bytes.Length;
            if (_isWriting)
                return true;
            _isWriting = true;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        return true;
    }

    public override void Close()
    {
        lock (_gate)
        {
            _closing = true;
            if (_isWriting)
            {
                _ = AbortLaterAsync();
                return;
            }
        }

        connection.Abort();
    }

    public override void Abort()
    {
        lock (_gate)
            _closing = true;
        connection.Abort();
    }

    public override void MoveTo(RelayShard shard) => Volatile.Write(ref _shard, shard);

    public override void CompleteBind(PeerStream? peer) => _bind?.TrySetResult(peer);

    void IThreadPoolWorkItem.Execute() => _ = WriteAsync();

    /// <summary>Waits until everything queued so far has left, before raw bytes of a peer follow.</summary>
    internal async Task DrainAsync(CancellationToken stop)
    {
        while (true)
        {
            lock (_gate)
            {
                if (!_isWriting)
                    return;
            }

            await Task.Delay(1, stop);
        }
    }

    private async Task AbortLaterAsync()
    {
        await Task.Delay(CloseLimit, Strangers.Clock);
        connection.Abort();
    }

    private async Task WriteAsync()
    {
        var output = connection.Transport.Output;
        try
        {
            while (true)
            {
                byte[] bytes;
                int length;
                bool closing;
                lock (_gate)
                {
                    _writing = 0;
                    (bytes, length, closing) = (_pending, _pendingLength, _closing);
                    (_pending, _pendingLength) = ([], 0);
                    _writing = length;
                    if (length == 0)
                    {
                        _isWriting = false;
                        if (bytes.Length > 0)
                            ArrayPool<byte>.Shared.Return(bytes);
                        if (closing)
                            connection.Abort();
                        return;
                    }
                }

                for (var at = 0; at < length;)
                {
                    var next = _isTls ? LengthOfMessage(bytes.AsSpan(at, length - at)) : length;
                    _ = await output.WriteAsync(bytes.AsMemory(at, next));
                    at += next;
                }

                ArrayPool<byte>.Shared.Return(bytes);
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or InvalidOperationException)
        {
            lock (_gate)
            {
                _closing = true;
                _isWriting = false;
            }
        }
    }

    /// <summary>What waits was written by us: whole, padded messages one behind the other.</summary>
    private static int LengthOfMessage(ReadOnlySpan<byte> queued) =>
        StunFraming.Peek(queued, int.MaxValue, out _, out var consumed, oldChannels: true) == StunFrameKind.Malformed || consumed == 0
            ? queued.Length
            : Math.Min(consumed, queued.Length);

    private void Grow(int needed)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, 4096));
        _pending.AsSpan(0, _pendingLength).CopyTo(larger);
        if (_pending.Length > 0)
            ArrayPool<byte>.Shared.Return(_pending);
        _pending = larger;
    }

    /// <summary>Posts a frame; for a ConnectionBind waits for its outcome, because what follows may be bytes for the peer.</summary>
    private async ValueTask<PeerStream?> PostAsync(ReadOnlySequence<byte> frame, CancellationToken stop)
    {
        HasSpoken = true;
        var rented = frame.IsSingleSegment ? null : ArrayPool<byte>.Shared.Rent((int)frame.Length);
        if (rented is not null)
            frame.CopyTo(rented);
        var bytes = rented is null ? frame.First : rented.AsMemory(0, (int)frame.Length);
        var isBind = bytes.Span[0] == 0 && bytes.Span[1] == (byte)StunMethod.ConnectionBind;
        if (isBind)
        {
            _bind = new TaskCompletionSource<PeerStream?>(TaskCreationOptions.RunContinuationsAsynchronously);
            _ = RelayEngine.TryGetOwningShard(bytes.Span, out var owner) && owner < shards.Count ? _shard = shards[owner] : _shard;
        }

        await _shard.Inbox.PostFrameAsync(this, bytes, stop);
        if (rented is not null)
            ArrayPool<byte>.Shared.Return(rented);
        return isBind ? await _bind!.Task.WaitAsync(stop) : null;
    }

    private static bool TryCut(ref ReadOnlySequence<byte> rest, out ReadOnlySequence<byte> frame, out bool malformed)
    {
        frame = default;
        malformed = false;
        if (rest.IsEmpty)
            return false;
        Span<byte> head = stackalloc byte[8];
        var known = (int)Math.Min(8, rest.Length);
        rest.Slice(0, known).CopyTo(head);

        // The padded length shows in the first four bytes, so the whole frame need not lie in one piece.
        var limit = head[0] >> 6 == 1 ? MaxChannelData : StunLimits.MaxStreamMessage;
        var kind = StunFraming.Peek(head[..known], limit, out var length, out var consumed, oldChannels: true);
        if (kind == StunFrameKind.Malformed)
        {
            malformed = true;
            return true;
        }

        if (kind == StunFrameKind.Incomplete)
        {
            if (known < 4)
                return false;
            length = ((head[2] << 8) | head[3]) + (head[0] >> 6 == 1 ? ChannelData.HeaderLength : StunLimits.HeaderLength);
            consumed = (length + 3) & ~3;
            if (rest.Length < consumed)
                return false;
        }

        frame = rest.Slice(0, length);
        rest = rest.Slice(consumed);
        return true;
    }
}
